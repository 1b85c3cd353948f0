"""`edgeward sbom`: what it writes, what it refuses, and with which exit status."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import evidence_lab as lab
import pytest
from environment_lab import device_environment, site_of

from edgeward.canonical import sha256_hex
from edgeward.device.cli import main
from edgeward_harness import resources
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.ledger import Ledger
from edgeward_harness.evidence.sign import seal
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.inventory.words import Word
from edgeward_harness.pack.load import Wanted, load_source

BUILD, ARRAYS = "ab" * 32, "a" * 64
BILL: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "metadata": {
        "component": {
            "type": "application", "name": "edgeward", "version": "0.1.0",
            "hashes": [{"alg": "SHA-256", "content": BUILD}],
        }
    },
    "components": [
        {"type": "library", "name": "arrays", "version": "1.0",
         "properties": [{"name": Word.FILES.value, "value": ARRAYS}]},
        {"type": "machine-learning-model", "name": "rhythm", "version": "1",
         "hashes": [{"alg": "SHA-256", "content": "cd" * 32}]},
        {"type": "platform", "name": "cpython", "version": "3.11.2",
         "hashes": [{"alg": "SHA-256", "content": "ef" * 32}]},
    ],
}  # fmt: skip


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    """The key of the bench, its public half beside the bundles."""
    key = lab.signing_key()
    (tmp_path / "bench.pub").write_bytes(key.public.pem)
    return key


@pytest.fixture
def bundle(tmp_path: Path, key: SigningKey) -> Path:
    """A sealed bundle of a device that used one distribution."""
    told = {
        "used": {"arrays": {"version": "1.0", "sha256": ARRAYS}},
        "interpreters": {"python3": {"version": "", "sha256": "ef" * 32}},
    }
    used = json.dumps(told).encode()
    folder = tmp_path / "run"
    named = {"distributions.json": sha256_hex(used)}
    with Ledger(folder, lab.manifest().to_bytes()) as ledger:
        ledger.context(lab.CONTEXT)
        ledger.append(lab.record(context="c1", artifacts=named))
        ledger.end(lab.UTC, interrupted=False)
    store_artifact(folder, used)
    seal(folder, key)
    return folder


Hold = Callable[..., int]


@pytest.fixture
def hold(tmp_path: Path, bundle: Path) -> Hold:
    """Hold a bill against the bundle."""

    def held(bill: object, *more: str) -> int:
        path = tmp_path / "given.json"
        path.write_text(json.dumps(bill))
        options = ["--against", str(bundle), "--key", str(tmp_path / "bench.pub"), *more]
        return main(["sbom", "--given", str(path), *options])

    return held


def test_the_bill_of_what_was_tested_is_accepted(
    hold: Hold, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hold(BILL) == 0
    assert "what ships is what was tested: run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("metadata", "component", "hashes", 0, "content"), "0" * 64, "tested build abab"),
        (("components", 0, "version"), "1.1", "tested with arrays 1.0, the bill has 1.1"),
        (("components", 0, "properties", 0, "value"), "0" * 64, "tested files aaaa"),
        (("components", 1, "hashes", 0, "content"), "0" * 64, "tested model rhythm 1"),
        (("components", 2, "hashes", 0, "content"), "0" * 64, "was run by python3 efef"),
        (("components", 0, "name"), "numbers", "tested with arrays 1.0, which is not in the bill"),
    ],
)
def test_a_swapped_bill_is_refused(
    hold: Hold, capsys: pytest.CaptureFixture[str], place: Any, value: str, said: str
) -> None:
    bill = json.loads(json.dumps(BILL))
    inner = bill
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    assert hold(bill) == 1
    assert said in capsys.readouterr().err


def test_a_bundle_that_was_changed_or_is_of_a_stranger_shows_nothing(
    hold: Hold, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bench.pub").write_bytes(lab.signing_key().public.pem)
    assert hold(BILL) == 1
    records = bundle / "records.jsonl"
    records.write_bytes(records.read_bytes().replace(b'"passed"', b'"failed"'))
    assert hold(BILL) == 1
    assert "was held against no bundle" in capsys.readouterr().err


def test_a_pack_with_a_swapped_bill_is_refused(tmp_path: Path, bundle: Path) -> None:
    path = tmp_path / "bill.json"
    path.write_text(json.dumps(BILL))
    wanted = Wanted(
        bundles=(bundle,),
        suites=resources.suites(),
        clauses=resources.clauses(),
        as_of=date(2026, 6, 1),
        sbom=path,
    )
    assert load_source(wanted).sbom == path.read_bytes()
    path.write_text(json.dumps(BILL).replace('"1.0"', '"1.1"'))
    with pytest.raises(InputError, match=r"tested with arrays 1\.0, the bill has 1\.1"):
        load_source(wanted)


def test_what_was_asked_for_must_make_sense(
    hold: Hold, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hold(BILL, "--check") == 2
    assert hold([]) == 2
    assert main(["sbom", "--as-of", "soon"]) == 2
    assert main(["sbom", "--environment", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    for said in (
        "without --against, or with --check",
        "no CycloneDX",
        "a day as 2027",
        "site-pack",
    ):
        assert said in told


@pytest.mark.slow  # the schema's library takes its time to come
def test_a_bill_is_written_and_what_is_wrong_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix, out = device_environment(tmp_path / "device"), tmp_path / "bill.json"
    options = ["sbom", "--environment", str(prefix), "--out", str(out)]
    assert main(options) == 0
    assert read_bill(out.read_bytes(), "bill").root.title == "edgeward 1.0"
    assert main([*options, "--check"]) == 1
    assert "arrays@1.0: missing from the SOUP list" in capsys.readouterr().err
    (site_of(prefix) / "arrays/__init__.py").unlink()
    assert main(options[:-2]) == 1
    told = capsys.readouterr()
    assert "arrays: missing: arrays/__init__.py" in told.err
    assert "arrays: missing: arrays/__init__.py" in told.out
