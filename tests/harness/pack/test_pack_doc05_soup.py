"""Document 05 tells what the device stands on, what is missing, and where bill and runs differ."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import evidence_lab as lab
import pytest
from environment_lab import device_environment, install, site_of

from edgeward.canonical import sha256_hex
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import Bundle, open_bundle
from edgeward_harness.evidence.verification import Verification
from edgeward_harness.gate.case import Readable
from edgeward_harness.inventory.bill import bill_bytes
from edgeward_harness.inventory.joined import join
from edgeward_harness.inventory.notices import Notices, Source, State, Statement
from edgeward_harness.inventory.sites import Environment
from edgeward_harness.inventory.soup import load_soup
from edgeward_harness.inventory.take import take
from edgeward_harness.pack.documents.doc05_soup import build
from edgeward_harness.pack.model import Cell, Document, Table, Tone
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.pack.tested import against
from edgeward_harness.trace.model import Trace

SOUP = """
[[soup]]
name = "arrays"
versions = ">=1"
purpose = "Arithmetic."
needs = ["The right sum.", "In time."]
runs_on = "Anything."
requirements = ["REQ-ACC-001"]
support = "maintained"
end_of_support = 2027-06-30
"""
SAID = Statement(
    "CVE-1", "arrays", State.EXPLOITABLE, "", "open", Source("a.json", "2026-05-01", "")
)


def bill_of(folder: Path, notices: Notices | None = None, *, stray: bool = False) -> bytes:
    """The bill of a small environment whose device stands on two distributions."""
    prefix = device_environment(folder / "device")
    files = {"edgeward/__init__.py": "", "edgeward/core.py": ""}
    install(prefix, "edgeward", files, requires=["arrays", "helper"])
    if stray:
        (site_of(prefix) / "sitecustomize.py").write_text("")
    (folder / "soup.toml").write_text(SOUP)
    joined = join(
        take(Environment(prefix), "edgeward"),
        load_soup(folder / "soup.toml"),
        notices or Notices(),
    )
    return bill_bytes(joined)


def used_in(sbom: bytes) -> dict[str, dict[str, str]]:
    """What a run that was taken on exactly this would have recorded."""
    return {
        one["name"]: {
            "version": one["version"],
            "sha256": next(p["value"] for p in one["properties"] if "files_sha256" in p["name"]),
        }
        for one in json.loads(sbom)["components"]
        if one["type"] == "library"
    }


def bundle_of(folder: Path, sbom: bytes, used: Mapping[str, Any] | None) -> Bundle:
    """A bundle of a device with the build of the bill; without an artifact where None is used."""
    (runs,) = (one for one in json.loads(sbom)["components"] if one["type"] == "platform")
    interpreters = {"python3": {"version": "", "sha256": runs["hashes"][0]["content"]}}
    content = json.dumps({"used": used, "beside": {}, "interpreters": interpreters}).encode()
    named = {} if used is None else {"distributions.json": sha256_hex(content)}
    lab.write(folder, lab.manifest(), lab.record(context="c1", artifacts=named))
    store_artifact(folder, content)
    found = open_bundle(folder)
    (digest,) = json.loads(sbom)["metadata"]["component"]["hashes"]
    software = {**lab.DEVICE["software"], "build_sha256": digest["content"]}
    device = {**lab.DEVICE, "software": software, "models": []}
    return replace(found, contexts={"c1": replace(lab.CONTEXT, device=device)})


def source_of(bundle: Bundle, sbom: bytes | None) -> PackSource:
    readable = Readable("bundle", bundle, assess(bundle))
    evidence = Evidence(readable, Verification((), complete=True, bundle=bundle))
    return PackSource((evidence,), Trace(), date(2026, 6, 1), sbom=sbom)


def table(document: Document, name: str) -> list[list[str]]:
    (found,) = (one for one in document.blocks if isinstance(one, Table) and one.id == name)
    return [[cell.text for cell in row.cells] for row in found.rows]


def cells(document: Document, name: str) -> list[Cell]:
    (found,) = (one for one in document.blocks if isinstance(one, Table) and one.id == name)
    return [cell for row in found.rows for cell in row.cells]


def test_without_a_bill_the_document_says_that_it_is_missing(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "b", bill_of(tmp_path), None)
    document = build(source_of(bundle, None))
    assert document.missing == ("the bill",)


def test_what_ships_is_what_was_tested(tmp_path: Path) -> None:
    sbom = bill_of(tmp_path)
    bundle = bundle_of(tmp_path / "b", sbom, used_in(sbom))
    document = build(source_of(bundle, sbom))
    assert table(document, "held") == []
    assert table(document, "findings") == []


def test_a_file_that_nobody_installed_is_told_in_both_places(tmp_path: Path) -> None:
    sbom = bill_of(tmp_path, stray=True)
    document = build(source_of(bundle_of(tmp_path / "b", sbom, used_in(sbom)), sbom))
    told = "environment: foreign: sitecustomize.py"
    assert table(document, "findings") == [[told]]
    assert table(document, "held") == [["finding", "the bill", told]]


def test_what_nobody_decided_is_a_row_that_is_missing(tmp_path: Path) -> None:
    sbom = bill_of(tmp_path)
    document = build(source_of(bundle_of(tmp_path / "b", sbom, used_in(sbom)), sbom))
    arrays, python, helper = table(document, "needs")
    assert python[0] == "cpython 3.11.2"
    assert arrays == ["arrays 1.0", "Arithmetic.", "The right sum. In time.", "Anything."]
    assert helper[1] == "not in the SOUP list in this version"
    assert table(document, "support")[0][3:5] == ["maintained", "2027-06-30"]
    assert "REQ-ACC-001: there is no such requirement" in document.missing
    owed = {"statements of exploitability", "a catalogue of exploited flaws"}
    assert {*owed, "lists of published anomalies"} <= set(document.missing)


def test_support_that_is_over_is_bad(tmp_path: Path) -> None:
    sbom = bill_of(tmp_path)
    source = source_of(bundle_of(tmp_path / "b", sbom, used_in(sbom)), sbom)
    bad = [one for one in cells(build(source), "support") if one.tone is Tone.BAD]
    assert bad == []
    late = build(replace(source, as_of=date(2027, 7, 1)))
    assert [one.text for one in cells(late, "support") if one.tone is Tone.BAD] == ["2027-06-30"]


def test_an_open_flaw_is_bad_and_is_told_of_its_component(tmp_path: Path) -> None:
    sbom = bill_of(tmp_path, Notices(statements=(SAID,)))
    document = build(source_of(bundle_of(tmp_path / "b", sbom, used_in(sbom)), sbom))
    (row,) = table(document, "flaws")
    assert row == [
        "CVE-1",
        "arrays 1.0",
        "exploitable",
        "open",
        "not looked up",
        "a.json, 2026-05-01",
    ]
    assert cells(document, "flaws")[2].tone is Tone.BAD


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "0.9"}, "tested with arrays 0.9, the bill has 1.0"),
        ({"sha256": "f" * 64}, "tested files ffffffffffff"),
        ({"sha256": "nothing"}, "have no digest"),
    ],
)
def test_a_swapped_bill_is_told_with_its_reason(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    sbom = bill_of(tmp_path)
    used = used_in(sbom)
    used["arrays"] |= change
    bundle = bundle_of(tmp_path / "b", sbom, used)
    (row,) = table(build(source_of(bundle, sbom)), "held")
    assert said in row[2]
    assert any(one.refuses for one in against(sbom, [("b", bundle)]))


@pytest.mark.parametrize("used", [None, {}, ["arrays"], "arrays"])
def test_a_run_that_names_no_distributions_shows_nothing(tmp_path: Path, used: Any) -> None:
    sbom = bill_of(tmp_path)
    bundle = bundle_of(tmp_path / "b", sbom, used)
    assert "no record names the distributions" in "".join(map(str, against(sbom, [("b", bundle)])))


def test_an_artifact_that_was_changed_shows_nothing(tmp_path: Path) -> None:
    sbom = bill_of(tmp_path)
    bundle = bundle_of(tmp_path / "b", sbom, used_in(sbom))
    (sha256,) = bundle.artifacts
    (tmp_path / "b/artifacts" / sha256).write_bytes(b"{}")
    assert any("no record names" in one.text for one in against(sbom, [("b", bundle)]))
