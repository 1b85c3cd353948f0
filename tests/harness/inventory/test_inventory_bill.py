"""The bill: valid, the same each time, and joined with what people and others say."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from environment_lab import device_environment, install, site_of

from edgeward.canonical import sha256_hex
from edgeward_harness import resources
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.inventory.bill import bill, bill_bytes
from edgeward_harness.inventory.joined import Joined, is_about, join
from edgeward_harness.inventory.lists import load_anomalies, load_exploited
from edgeward_harness.inventory.model import Component, Kind, Trouble
from edgeward_harness.inventory.notices import Notices
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.inventory.shipped import shipped
from edgeward_harness.inventory.sites import Environment
from edgeward_harness.inventory.soup import SoupList, load_soup
from edgeward_harness.inventory.spdx import spdx_bytes
from edgeward_harness.inventory.take import take
from edgeward_harness.inventory.validity import check_schema
from edgeward_harness.inventory.vex import load_vex
from edgeward_harness.inventory.words import Word
from edgeward_harness.trace.load import load_trace

ENTRY = """
[[soup]]
name = "Arrays"
versions = ">=1,<2"
purpose = "Arithmetic."
needs = ["The right sum."]
runs_on = "Anything."
requirements = ["REQ-ACC-001"]
support = "maintained"
end_of_support = 2027-06-30
licence = "BSD-3-Clause"
bundled = "Released together."
"""
NESTED = {"bomFormat": "CycloneDX", "components": [{"name": "blas", "version": "3"}]}
PYTHON = """
[[soup]]
name = "cpython"
versions = "==3.11.*"
purpose = "Runs everything."
needs = ["That it runs."]
runs_on = "Linux."
requirements = []
support = "maintained"
end_of_support = 2027-10-31
"""
DAY = "2026-05-01"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A device's environment with a model, in order."""
    prefix = device_environment(tmp_path / "device")
    model = b"weights"
    card = {
        "name": "rhythm",
        "version": "3",
        "sha256": sha256_hex(model),
        "labels": ["sinus"],
        "input": {
            "signal": "ecg", "unit": "mV", "rate_hz": 250, "window_samples": 9, "hop_samples": 3,
        },
        "intended_use": "Tests.",
        "limits": ["Not for people."],
        "data": [
            {"name": "set", "sha256": "d" * 64, "role": "train", "licence": "MIT", "patients": 3},
            {"name": "set", "sha256": "d" * 64, "role": "choose", "licence": "MIT", "patients": 3},
        ],
        "metrics": [
            {"name": "accuracy", "label": None, "subgroup": "all",
             "value": 0.9, "low": 0.8, "high": 1.0},
        ],
    }  # fmt: skip
    text = json.dumps(card)
    files = {"edgeward/rhythm.json": text, "edgeward/rhythm.onnx": model.decode()}
    install(prefix, "edgeward", {**files, "edgeward/__init__.py": ""}, requires=["arrays>=1"])
    (site_of(prefix) / "edgeward/core.py").unlink()
    return prefix


def joined(prefix: Path, soup: str = ENTRY, notices: Notices | None = None) -> Joined:
    listed = prefix.parent / "soup.toml"
    listed.write_text(soup + PYTHON, encoding="utf-8")
    inventory = take(Environment(prefix), "edgeward")
    return join(inventory, load_soup(listed), notices or Notices(), date(2026, 6, 1))


def written(tmp_path: Path, name: str, value: object) -> Path:
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.slow  # the schema's library takes its time to come
def test_a_bill_with_everything_in_it_is_valid(prefix: Path, tmp_path: Path) -> None:
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, sbom=json.dumps(NESTED))
    told = notices(written(tmp_path, "a.json", OPENVEX), written(tmp_path, "b.json", CYCLONEDX))
    listed = load_anomalies(written(tmp_path, "list.csv", CSV))
    check_schema(bill_bytes(joined(prefix, notices=replace(told, anomalies=listed))))
    with pytest.raises(HarnessError, match="not valid CycloneDX"):
        check_schema(b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "unknown": 1}')


def test_a_bill_reads_back(prefix: Path) -> None:
    data = bill_bytes(joined(prefix))
    found = read_bill(data, "bill")
    assert found.root.title == "edgeward 1.0"
    assert [(one.kind, one.name) for one in found.parts] == [
        (Kind.SOFTWARE, "arrays"),
        (Kind.PLATFORM, "cpython"),
        (Kind.DATA, "set"),
        (Kind.MODEL, "rhythm"),
    ]  # fmt: skip
    assert found.parts[0].says(Word.END_OF_SUPPORT) == "2027-06-30"
    assert found.parts[2].description == "train, 3 patients; choose, 3 patients"
    assert found.depends["edgeward@1.0"] == ("arrays@1.0", "cpython@3.11.2", "model:rhythm@3")
    assert found.day == "2026-06-01"


def test_the_same_is_told_as_spdx(prefix: Path) -> None:
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, sbom=json.dumps(NESTED))
    told = json.loads(spdx_bytes(joined(prefix)))
    assert told["spdxVersion"] == "SPDX-2.3"
    assert told["documentNamespace"] == bill(joined(prefix))["serialNumber"]
    packages = {one["name"]: one for one in told["packages"]}
    assert packages["arrays"]["licenseConcluded"] == "BSD-3-Clause"
    assert packages["arrays"]["licenseDeclared"] == "NOASSERTION"
    assert packages["rhythm"]["checksums"][0]["checksumValue"] == sha256_hex(b"weights")
    ids = {one["SPDXID"]: one["name"] for one in told["packages"]} | {told["SPDXID"]: "document"}
    related = {
        (ids[one["spdxElementId"]], one["relationshipType"], ids[one["relatedSpdxElement"]])
        for one in told["relationships"]
    }
    assert related == {
        ("document", "DESCRIBES", "edgeward"),
        ("edgeward", "DEPENDS_ON", "arrays"),
        ("edgeward", "DEPENDS_ON", "cpython"),
        ("edgeward", "DEPENDS_ON", "rhythm"),
        ("rhythm", "DEPENDS_ON", "set"),
        ("arrays", "CONTAINS", "blas"),
    }
    with pytest.raises(InputError, match="SPDX wants a moment"):
        spdx_bytes(replace(joined(prefix), as_of=None))


def test_a_card_is_told_in_the_words_of_the_format(prefix: Path) -> None:
    (model,) = (one for one in bill(joined(prefix))["components"] if "modelCard" in one)
    card = model["modelCard"]
    assert card["modelParameters"]["datasets"] == [{"ref": f"data:{'d' * 64}"}]
    assert card["considerations"]["technicalLimitations"] == ["Not for people."]
    (figure,) = card["quantitativeAnalysis"]["performanceMetrics"]
    assert figure["confidenceInterval"] == {"lowerBound": "0.8", "upperBound": "1.0"}


def test_the_same_environment_gives_the_same_bytes(prefix: Path, tmp_path: Path) -> None:
    first = bill_bytes(joined(prefix))
    assert bill_bytes(joined(prefix)) == first
    moved = prefix.rename(tmp_path / "elsewhere")
    assert bill_bytes(joined(moved)) == first
    (site_of(moved) / "arrays/__init__.py").write_text("other")
    assert bill_bytes(joined(moved)) != first


def test_without_a_day_there_is_no_time_stamp(prefix: Path) -> None:
    inventory = take(Environment(prefix), "edgeward")
    document = bill(join(inventory, SoupList(), Notices()))
    assert "timestamp" not in document["metadata"]
    assert document["serialNumber"][9:][14] == "5"


def test_a_model_that_is_not_the_one_of_its_card_is_found(prefix: Path) -> None:
    (site_of(prefix) / "edgeward/rhythm.onnx").write_text("other weights")
    found = take(Environment(prefix), "edgeward")
    assert ("rhythm 3", Trouble.CHANGED) in [(one.component, one.trouble) for one in found.findings]
    (model,) = (one for one in found.components if one.kind is Kind.MODEL)
    assert model.sha256 == sha256_hex(b"other weights")


def faults(prefix: Path, soup: str = ENTRY, notices: Notices | None = None) -> str:
    return "\n".join(joined(prefix, soup, notices).faults(date(2026, 6, 1)))


def test_what_is_not_in_the_list_is_a_row_and_a_fault(prefix: Path) -> None:
    assert faults(prefix) == ""
    other = ENTRY.replace(">=1,<2", ">=2")
    assert "arrays@1.0: missing from the SOUP list" in faults(prefix, other)
    data = bill_bytes(joined(prefix, other))
    assert not read_bill(data, "bill").parts[0].in_soup_list


def test_an_entry_answers_for_what_is_bundled_only_where_it_says_so(prefix: Path) -> None:
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, sbom=json.dumps(NESTED))
    assert faults(prefix) == ""
    assert "blas" in faults(prefix, ENTRY.replace("bundled", "supplier"))


def test_support_that_ended_is_a_fault(prefix: Path) -> None:
    late = ENTRY.replace("2027-06-30", "2026-05-31")
    assert "its support ended on 2026-05-31" in faults(prefix, late)
    assert "nobody supports it" in faults(prefix, ENTRY.replace('"maintained"', '"ended"'))


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('"maintained"', '"sometimes"', 'support = "sometimes": expected one of maintained'),
        (">=1,<2", "one", "versions such as"),
        ("BSD-3-Clause", "BSD", 'licence = "BSD": expected an SPDX expression'),
        ("2027-06-30", '"soon"', "a day such as 2027-06-30, without quotes"),
        ("end_of_support = 2027-06-30", "", "end_of_support is missing"),
        ("needs", "neds", "neds is unknown; needs may be meant"),
        ('["The right sum."]', "[]", "a list of at least one text"),
        ("[[soup]]", "[soup]", "double brackets"),
        ("[[soup]]", "[extra]\n[[soup]]", "no known table"),
        ("[[soup]]", "[[soup", "is not TOML"),
    ],
)
def test_a_fault_in_the_list_is_named(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_soup(written(tmp_path, "soup.toml", ENTRY.replace(was, becomes, 1)))
    assert said in str(caught.value)


def test_the_shipped_list_names_requirements_that_there_are() -> None:
    known = load_trace(resources.suites()).requirements
    entries = load_soup(resources.soup()).entries
    assert {one for entry in entries for one in entry.requirements} <= known.keys()
    assert all(entry.requirements for entry in entries)


OPENVEX: dict[str, Any] = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "author": "The makers",
    "timestamp": f"{DAY}T10:00:00Z",
    "statements": [
        {
            "vulnerability": {"name": "CVE-1"},
            "products": [{"@id": "pkg:oci/us", "subcomponents": [{"@id": "pkg:pypi/arrays@1.0"}]}],
            "status": "not_affected",
            "justification": "vulnerable_code_cannot_be_controlled_by_adversary",
            "impact_statement": "nobody can",
        },
        {"vulnerability": {"name": "CVE-2"}, "products": [{"@id": "pkg:pypi/arrays"}],
         "status": "affected"},
    ],
}  # fmt: skip
CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "metadata": {"timestamp": "2026-05-09T00:00:00Z"},
    "components": [{"bom-ref": "c1", "name": "arrays", "version": "1.0"}],
    "vulnerabilities": [
        {"id": "CVE-2", "affects": [{"ref": "c1"}],
         "analysis": {"state": "not_affected", "justification": "code_not_reachable"}},
        {"id": "CVE-3", "affects": [{"ref": "urn:cdx:0/1#nothing%40here"}],
         "analysis": {"state": "exploitable"}},
    ],
}  # fmt: skip


def notices(*paths: Path) -> Notices:
    read = [load_vex(path) for path in paths]
    statements = tuple(one for _, found in read for one in found)
    return Notices(statements=statements, sources=tuple(source for source, _ in read))


def test_statements_are_joined_and_the_younger_holds(prefix: Path, tmp_path: Path) -> None:
    old = written(tmp_path, "old.json", OPENVEX)
    assert "CVE-2 is exploitable" in faults(prefix, notices=notices(old))
    both = joined(prefix, notices=notices(old, written(tmp_path, "new.json", CYCLONEDX)))
    found = read_bill(bill_bytes(both), "bill")
    assert [(one.id, one.state, one.says(Word.SOURCE)) for one in found.flaws] == [
        ("CVE-1", "not_affected", "old.json, 2026-05-01"),
        ("CVE-2", "not_affected", "new.json, 2026-05-09"),
    ]
    assert found.flaws[0].justification == ""
    assert "cannot_be_controlled" in found.flaws[0].detail
    assert found.says(Word.STRANGER) == ("CVE-3 names nothing@here",)
    assert len(found.says(Word.IMPORTED)) == 2


def test_two_answers_of_one_day_are_refused(prefix: Path, tmp_path: Path) -> None:
    same = {**CYCLONEDX, "metadata": {"timestamp": f"{DAY}T00:00:00Z"}}
    told = notices(written(tmp_path, "a.json", OPENVEX), written(tmp_path, "b.json", same))
    with pytest.raises(InputError, match="both on 2026-05-01"):
        joined(prefix, notices=told)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no json", "is not JSON"),
        ({}, "neither kind"),
        ({**OPENVEX, "timestamp": "soon"}, "timestamp: found no instant"),
        ({**OPENVEX, "statements": [{"vulnerability": {"name": "X"}, "status": "maybe"}]}, "maybe"),
        ({**CYCLONEDX, "metadata": {}}, "metadata.timestamp: found no instant"),
        ({**CYCLONEDX, "vulnerabilities": [{"id": "X"}]}, "vulnerabilities[0]: found id 'X'"),
    ],
)
def test_statements_that_cannot_be_used_are_refused(
    tmp_path: Path, value: object, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_vex(written(tmp_path, "vex.json", value))
    assert said in str(caught.value)


CSV = """component,versions,id,title,url,source,date
arrays,<2,77,wrong sum,https://example.org,tracker,2026-05-02
arrays,>=2,78,later,,tracker,2026-05-02
other,,,,,tracker,2026-05-02
"""


def test_anomalies_are_joined_by_version(prefix: Path, tmp_path: Path) -> None:
    listed = load_anomalies(written(tmp_path, "list.csv", CSV))
    (part, *_) = read_bill(bill_bytes(joined(prefix, notices=Notices(anomalies=listed))), "").parts
    assert part.told[Word.ANOMALY] == ("77: wrong sum (tracker, 2026-05-02)",)
    assert part.says(Word.ANOMALIES_READ) == "2026-05-02"
    head = {"source": "tracker", "date": "2026-05-03"}
    none = {**head, "anomalies": [], "read": ["Arrays", "cpython"]}
    read = load_anomalies(written(tmp_path, "list.json", none))
    assert faults(prefix, notices=Notices(anomalies=read)) == ""
    other = load_anomalies(written(tmp_path, "l.json", {**none, "read": ["other"]}))
    assert "no list of published anomalies" in faults(prefix, notices=Notices(anomalies=other))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "component,id\n", "found no column versions, title"),
        ("a.csv", CSV.replace("2026-05-02", "soon"), "line 2: found the date"),
        ("a.csv", CSV.replace("<2", "two"), "line 2: found the versions"),
        ("a.csv", CSV.replace("tracker", ""), "source"),
        ("a.json", "[]", "a list `anomalies`"),
        ("a.json", '{"source": "t", "date": "2026-05-02", "anomalies": [{"title": "x"}]}', "].id"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_anomalies(written(tmp_path, name, text))
    assert said in str(caught.value)


def test_a_flaw_that_is_known_to_be_used_is_told(prefix: Path, tmp_path: Path) -> None:
    known = load_exploited(
        written(tmp_path, "kev.json",
                {"dateReleased": "2026-05-20T00:00:00Z", "vulnerabilities": [{"cveID": "CVE-2"}]})
    )  # fmt: skip
    told = notices(written(tmp_path, "old.json", OPENVEX))
    used = Notices(statements=told.statements, exploited=known, sources=told.sources)
    assert "CVE-2 is exploitable, and it is known to be used" in faults(prefix, notices=used)
    flaws = read_bill(bill_bytes(joined(prefix, notices=used)), "bill").flaws
    assert [one.says(Word.EXPLOITED) for one in flaws] == ["", "2026-05-20"]
    with pytest.raises(InputError, match="dateReleased"):
        load_exploited(written(tmp_path, "kev.json", {"vulnerabilities": [{"cveID": "CVE-2"}]}))


@pytest.mark.parametrize(
    ("subject", "is_it"),
    [
        ("paho-mqtt@2.2.0", True),
        ("paho-mqtt", True),
        ("pkg:pypi/Paho_MQTT@2.2.0?repository_url=x", True),
        ("pkg:pypi/paho-mqtt", True),
        ("pkg:pypi/paho-mqtt@2.2.1", False),
        ("pkg:npm/paho-mqtt@2.2.0", False),
        ("paho", False),
    ],
)
def test_a_name_is_that_of_a_component_in_every_spelling(subject: str, is_it: bool) -> None:
    purl = "pkg:pypi/paho-mqtt@2.2.0"
    part = Component(Kind.SOFTWARE, "paho-mqtt@2.2.0", "paho-mqtt", "2.2.0", purl)
    assert is_about(subject, part) is is_it


def test_what_a_bill_hides_in_a_component_is_seen() -> None:
    inner = {"type": "library", "name": "Arrays", "version": "2"}
    outer = {"type": "library", "name": "arrays", "version": "1", "components": [inner]}
    value = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "edgeward"}},
        "components": [outer],
    }
    assert shipped(read_bill(json.dumps(value).encode(), "bill")).twice == ("arrays",)


@pytest.mark.parametrize("text", ["no", "[]", '{"bomFormat": "CycloneDX"}'])
def test_what_is_no_bill_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"bill\.json"):
        read_bill(text.encode(), "bill.json")
