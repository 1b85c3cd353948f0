"""What others publish about components, joined with them, and refused where it cannot be used."""

from pathlib import Path

import pytest
from bill_lab import CSV, CYCLONEDX, DAY, OPENVEX, faults, joined, modelled, notices, written

from edgeward_harness.errors import InputError
from edgeward_harness.inventory.bill import bill_bytes
from edgeward_harness.inventory.joined import is_about
from edgeward_harness.inventory.lists import load_anomalies, load_exploited
from edgeward_harness.inventory.model import Component, Kind
from edgeward_harness.inventory.notices import Notices
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.inventory.vex import load_vex
from edgeward_harness.inventory.words import Word


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A device's environment with a model, in order."""
    return modelled(tmp_path / "device")


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
