"""What no pack can rest on is refused before a word is written, with every reason at once."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import evidence_lab
import pytest
import source_lab as lab
import tomli_w

from edgeward_harness import resources
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.sign import seal
from edgeward_harness.pack import load
from edgeward_harness.pack.load import Wanted, load_source

RUN, OTHER = "01" * 16, "02" * 16
RISK = {
    "id": "RISK", "number": "04", "title": "Risk file", "file": "risk.pdf", "version": "1",
    "author": "risk management", "covers": ["ISO 14971 4.4"],
}  # fmt: skip
Make = Callable[..., Path]


@pytest.fixture
def key() -> SigningKey:
    return evidence_lab.signing_key()


@pytest.fixture
def make(tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a sealed bundle; `software` is what its device says of itself."""
    monkeypatch.setattr(load, "load_trace", lambda _: lab.trace())

    def made(
        name: str, run: str = RUN, software: Mapping[str, Any] | None = None, **changes: Any
    ) -> Path:
        device = dict(evidence_lab.DEVICE)
        device |= {"software": software} if software else {}
        context = replace(evidence_lab.CONTEXT, device=device)
        monkeypatch.setattr(evidence_lab, "CONTEXT", context)
        folder = tmp_path / name
        plan = lab.plan(lab.trace(), run=run)
        evidence_lab.write(folder, plan, *lab.records(), **changes)
        store_artifact(folder, lab.distributions())
        if changes.get("ended", True):
            seal(folder, key)
        return folder

    return made


def wanted(*bundles: Path, **changes: Any) -> Wanted:
    return Wanted(
        bundles=bundles,
        suites=Path("suites"),
        clauses=resources.clauses(),
        as_of=lab.AS_OF,
        **changes,
    )


def refused(*bundles: Path, **changes: Any) -> str:
    with pytest.raises(InputError) as fault:
        load_source(wanted(*bundles, **changes))
    return str(fault.value)


def said(folder: Path, **content: Any) -> Path:
    """A submission with the risk file beside it."""
    folder.mkdir(exist_ok=True)
    (folder / "risk.pdf").write_bytes(b"%PDF")
    path = folder / "submission.toml"
    path.write_text(tomli_w.dumps(content))
    return path


def test_everything_is_read_and_verified(make: Make, key: SigningKey, tmp_path: Path) -> None:
    bill = tmp_path / "bill.json"
    bill.write_bytes(lab.sbom())
    submission = said(tmp_path / "said", supplied=[RISK])
    more = {"sbom": bill, "submission": submission, "trusted": (key.public,)}
    source = load_source(wanted(make("b", OTHER), make("a"), baseline=None, **more))
    assert [one.bundle.manifest.run for one in source.evidence] == [RUN, OTHER]
    assert all(one.verification.trusted for one in source.evidence)
    assert all(len(one.statement_sha256) == 64 for one in source.evidence)
    assert source.sbom == lab.sbom()
    assert source.registry is not None
    assert source.approvals is None


def test_a_bundle_that_was_changed_is_refused_with_the_file(make: Make) -> None:
    good, bad = make("good"), make("bad", OTHER)
    with (bad / "records.jsonl").open("ab") as records:
        records.write(b"{}\n")
    told = refused(good, bad)
    assert "records.jsonl" in told
    assert str(good) not in told


def test_a_run_that_was_never_sealed_is_refused(make: Make) -> None:
    assert "was never sealed" in refused(make("open", ended=False))


def test_a_folder_that_is_no_bundle_is_refused(make: Make, tmp_path: Path) -> None:
    make("good")
    with pytest.raises(HarnessError):
        load_source(wanted(tmp_path / "nowhere"))


def test_the_same_run_twice_and_two_builds_are_told_together(make: Make) -> None:
    first, again = make("first"), make("again")
    software = {"name": "edgeward", "version": "0.1.0", "build_sha256": "99" * 32}
    told = refused(first, again, make("other", OTHER, software))
    assert "again: is the same run as first" in told or "first: is the same run as again" in told
    assert f"found 2 builds of the device: {lab.BUILD}" in told
    assert "expected evidence of one" in told


def test_a_baseline_that_is_the_run_itself_compares_nothing(make: Make) -> None:
    told = refused(make("a"), baseline=make("copy"))
    assert "the baseline is one of the bundles themselves" in told
    assert load_source(wanted(make("b"), baseline=make("c", OTHER))).baseline is not None


def test_a_build_that_the_submission_does_not_name_is_refused(make: Make, tmp_path: Path) -> None:
    submission = said(tmp_path / "said", submission={"build_sha256": "77" * 32})
    told = refused(make("a"), submission=submission)
    assert f"is of the build {lab.BUILD}; submission.toml says {'77' * 32}" in told


def test_a_bill_of_other_software_is_refused(make: Make, tmp_path: Path) -> None:
    bill = tmp_path / "bill.json"
    bill.write_bytes(lab.sbom(components=[]))
    told = refused(make("a"), sbom=bill)
    assert "the bill of materials is not of what was tested" in told
    assert "arrays 1.0, which is not in the bill" in told
    with pytest.raises(HarnessError, match=r"gone\.json"):
        load_source(wanted(make("b"), sbom=tmp_path / "gone.json"))


@pytest.mark.parametrize("name", ["gone.pdf", "../outside.pdf", "link.pdf", ".", "/etc/hosts"])
def test_a_supplied_file_is_there_and_within_the_folder(
    make: Make, tmp_path: Path, name: str
) -> None:
    (tmp_path / "outside.pdf").write_bytes(b"%PDF")
    submission = said(tmp_path / "said", supplied=[{**RISK, "file": name}])
    (tmp_path / "said/link.pdf").symlink_to(tmp_path / "outside.pdf")
    assert f"RISK: found no file {name!r} within" in refused(make("a"), submission=submission)


def test_what_lies_among_templates_and_is_none_is_told(make: Make, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "pack").mkdir(parents=True)
    os.mkfifo(own / "pack/page.html.j2")
    (own / "look.typ").symlink_to("/dev/zero")
    told = refused(make("a"), templates=own)
    assert "page.html.j2: is a link or no file" in told
    assert "look.typ: is a link or no file" in told
    assert "expected a folder of templates" in refused(make("b"), templates=tmp_path / "gone")


def test_a_bundle_with_holes_is_refused_and_not_read_for_hours(make: Make) -> None:
    bundle = make("a")
    with (bundle / "records.jsonl").open("r+b") as records:
        records.truncate(1 << 40)
    with pytest.raises(HarnessError, match="holds more than 68719476736 bytes"):
        load_source(wanted(bundle))


def test_a_clause_that_no_standard_has_is_told(make: Make, tmp_path: Path) -> None:
    covers = ["ISO 14971 4.4", "ISO 14971 4.44"]
    submission = said(tmp_path / "said", supplied=[{**RISK, "covers": covers}])
    told = refused(make("a"), submission=submission)
    assert "RISK: covers 'ISO 14971 4.44', expected a clause of the registry" in told
    assert "'ISO 14971 4.4'," not in told
