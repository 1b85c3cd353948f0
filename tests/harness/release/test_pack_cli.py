"""`edgeward report --pack`, and `edgeward inspect` of a pack: whole or not at all, made again."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgeward.canonical import canonical_json, sha256_hex
from edgeward.device.cli import main
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.keys import load_signing_key
from edgeward_harness.pack import keeping

pytestmark = pytest.mark.slow  # a pack is a hundred files


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a key of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))
    return tmp_path


def make(sealed: Any, out: str, *rest: str) -> int:
    key = ["--key", str(sealed.public_key)]
    bundles = [str(sealed.path)]
    return main(["report", "--pack", *bundles, "--out", out, "--as-of", "2026-03-20", *key, *rest])


def inspect(folder: Path, sealed: Any) -> int:
    return main(["inspect", str(folder), "--key", str(sealed.public_key)])


def left(place: Path) -> list[str]:
    """What lies in the folder beside bundles and keys."""
    return sorted(path.name for path in place.iterdir() if "pack" in path.name)


def sign_again(folder: Path, key: Path) -> None:
    """What somebody who holds the key can do: list every file anew and sign the list."""
    listed = json.loads((folder / keeping.LIST).read_bytes())
    for name in listed["files"]:
        listed["files"][name] = sha256_hex((folder / name).read_bytes())
    data = canonical_json(listed)
    (folder / keeping.LIST).write_bytes(data)
    envelope = Envelope.from_bytes((folder / keeping.SEAL).read_bytes())
    statement = json.loads(envelope.payload)
    statement["subject"][0]["digest"]["sha256"] = sha256_hex(data)
    signing = load_signing_key(key)
    sealed = Envelope.sign(canonical_json(statement), signing)
    (folder / keeping.SEAL).write_bytes(sealed.to_bytes())
    (folder / keeping.KEY).write_bytes(signing.public.pem)


def test_a_pack_is_the_same_twice_and_is_made_again_to_be_checked(
    lab: Any, place: Path, capsys: Any
) -> None:
    sealed = lab.seal()
    sign = ["--sign", str(lab.signing_key)]
    assert make(sealed, "pack", *sign) == 0
    told = capsys.readouterr().out
    assert "state   not released" in told
    assert "plan: was the plan approved before it was run?" in told
    assert make(sealed, "again", *sign) == 0
    names = {path.relative_to("pack") for path in Path("pack").rglob("*") if path.is_file()}
    one, two = Path("pack"), Path("again")
    other = [str(n) for n in names if (one / n).read_bytes() != (two / n).read_bytes()]
    assert other == [keeping.SEAL]
    assert {Path("index.html"), Path("submission.zip"), Path("requirements.reqif")} <= names
    assert {f"{n:02}" for n in range(23)} == {n.name[:2] for n in names if n.match("documents/*")}
    capsys.readouterr()
    assert inspect(Path("pack"), sealed) == 0
    told = capsys.readouterr().out
    assert "WHAT IT SAYS" in told
    assert "asked again by the policy in the pack (Default release policy, " in told
    assert "that policy is the shipped one\n" in told
    for name, change in ATTACKS.items():
        shutil.copytree("pack", "attacked")
        change(Path("attacked"), lab.signing_key)
        assert inspect(Path("attacked"), sealed) == 1, name
        assert f"- {name}" in capsys.readouterr().out
        shutil.rmtree("attacked")


def _edit(name: str, old: bytes, new: bytes) -> Callable[[Path, Path], None]:
    """A page that was made from other data, listed and signed by somebody who may sign."""

    def change(folder: Path, key: Path) -> None:
        data = (folder / name).read_bytes()
        assert old in data, name
        (folder / name).write_bytes(data.replace(old, new))
        sign_again(folder, key)

    return change


def _release(folder: Path, key: Path) -> None:
    """An answer of a gate that was never given: every rule is met."""
    path = folder / "inputs/decision.json"
    told = json.loads(path.read_bytes())
    for ruling in told["rulings"]:
        ruling.update(outcome="met", findings=[])
    path.write_bytes(canonical_json(told))
    sign_again(folder, key)


def _drop(folder: Path, _key: Path) -> None:
    (folder / "documents" / "07-records.pdf").unlink()


def _add(folder: Path, _key: Path) -> None:
    (folder / "documents" / "99-more.pdf").write_bytes(b"%PDF-")


def _flip(folder: Path, _key: Path) -> None:
    path = folder / "submission.zip"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


ATTACKS: dict[str, Callable[[Path, Path], None]] = {
    "index.html: is not what": _edit("index.html", b"not released", b"released"),
    "documents/18-release-certificate.json: is not what": _edit(
        "documents/18-release-certificate.json", b"PROVISIONAL", b"RELEASED"
    ),
    "the gate's answer is released; asked again by the policy in the pack it is refused": _release,
    "documents/18-release-certificate.pdf: is not what": _edit(
        "inputs/policy.toml", b"age_days_max = 90", b"age_days_max = 91"
    ),
    "documents/07-records.pdf: is missing": _drop,
    "documents/99-more.pdf: does not belong": _add,
    "submission.zip: was changed": _flip,
    "documents/03-requirements-and-trace.json: is not what": _edit(
        "inputs/suites/requirements.toml", b"Median of window to result", b"Any window to result"
    ),
}


def test_an_export_of_a_tracker_is_kept_and_read_again(lab: Any, place: Path, capsys: Any) -> None:
    sealed = lab.seal()
    issue = {
        "number": 12,
        "title": "The trend page shows UTC only",
        "body": "### Safety rationale\n\nNo alarm depends on it.",
        "labels": [{"name": "safety::none"}],
        "state": "OPEN",
        "createdAt": "2026-03-05T23:30:00Z",
        "closedAt": None,
        "url": "https://github.com/made-up/monitor/issues/12",
    }
    (place / "issues.json").write_text(json.dumps([issue, issue]), encoding="utf-8")
    assert make(sealed, "pack", "--anomalies", "issues.json") == 2
    assert "issue 2: monitor-12 stands in issue 1 already" in capsys.readouterr().err
    assert left(place) == []
    (place / "issues.json").write_text(json.dumps([issue]), encoding="utf-8")
    assert make(sealed, "pack", "--anomalies", "issues.json", "--sign", str(lab.signing_key)) == 0
    twin = json.loads(Path("pack/documents/15-anomalies.json").read_bytes())
    assert "No alarm depends on it." in json.dumps(twin)
    assert inspect(Path("pack"), sealed) == 0
    kept = Path("pack/inputs/anomalies/issues.json")
    kept.write_bytes(kept.read_bytes().replace(b"safety::none", b"safety::acceptable"))
    sign_again(Path("pack"), lab.signing_key)
    capsys.readouterr()
    assert inspect(Path("pack"), sealed) == 1
    assert "documents/15-anomalies.json: is not what" in capsys.readouterr().out


def test_what_contradicts_itself_becomes_no_pack(lab: Any, place: Path, capsys: Any) -> None:
    sealed = lab.seal()
    assert main(["report", "--pack", str(sealed.path), str(sealed.path), "--out", "pack"]) == 2
    assert "is the same run as" in capsys.readouterr().err
    (sealed.path / "records.jsonl").write_bytes(b"{}\n")
    assert make(sealed, "pack") == 2
    assert "records.jsonl" in capsys.readouterr().err
    assert left(place) == []


def test_a_template_that_raises_leaves_nothing(lab: Any, place: Path, capsys: Any) -> None:
    sealed = lab.seal()
    (place / "own" / "pack").mkdir(parents=True)
    (place / "own" / "pack" / "page.html.j2").write_text("{{ 1 / 0 }}", encoding="utf-8")
    assert make(sealed, "pack", "--templates", "own") == 2
    assert "line 1: ZeroDivisionError" in capsys.readouterr().err
    assert left(place) == []


def test_a_disk_that_is_full_leaves_nothing(
    lab: Any, place: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = lab.seal()
    written = 0

    def full(path: Path, data: bytes, mode: int = 0o666) -> None:
        nonlocal written
        written += len(data)
        if written > 400_000:
            raise OSError(28, "No space left on device")
        path.write_bytes(data)

    monkeypatch.setattr(keeping, "write_new", full)
    assert make(sealed, "pack") == 2
    assert "No space left" in capsys.readouterr().err
    assert left(place) == []


def test_a_day_that_is_yet_to_come_is_refused(lab: Any, place: Path, capsys: Any) -> None:
    sealed = lab.seal()
    ahead = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    assert make(sealed, "pack", "--as-of", ahead) == 2
    assert f"--as-of: 1 fault\n  - found {ahead}, which is yet to come" in capsys.readouterr().err
    assert make(sealed, "pack", "--as-of", "soon") == 2
    assert left(place) == []


def test_a_place_that_is_taken_is_refused(lab: Any, place: Path, capsys: Any) -> None:
    sealed = lab.seal()
    (place / "pack").mkdir()
    assert make(sealed, "pack") == 2
    assert "expected a new folder" in capsys.readouterr().err
    assert make(sealed, str(sealed.path / "pack")) == 2
