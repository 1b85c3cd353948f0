"""Whose signals the figures rest on is in the head of the page, in its claims and in its twin."""

import json
from dataclasses import replace
from typing import Any

from edgeward_harness.measure.origin import SIMULATED, recorded
from edgeward_harness.report.html import write_html
from edgeward_harness.report.json_writer import write_json
from edgeward_harness.report.model import Report
from edgeward_harness.report.patients import patients_of

FILES = {"mitdb": {"100.dat": "aa"}, "vfdb": {"418.dat": "bb"}}


def records(lab: Any, *origins: Any) -> Any:
    """The records of a run whose first measurements have these origins."""
    bundle = lab.write()
    changed = []
    for record, origin in zip(bundle.records, origins, strict=False):
        first, *rest = record.measurements
        changed.append(record._replace(measurements=(replace(first, origin=origin), *rest)))
    return replace(bundle, records=(*changed, *bundle.records[len(changed) :]))


def reported(lab: Any, *origins: Any) -> Report:
    from edgeward_harness.evidence.assess import assess
    from edgeward_harness.report.build import build_report

    bundle = records(lab, *origins)
    return build_report(bundle, assess(bundle))


def topics(report: Report) -> set[str]:
    return {caveat.topic for caveat in report.not_proven}


def test_a_run_that_is_not_about_patients_says_nothing_of_them(lab: Any) -> None:
    report = reported(lab)
    assert report.headline.patients == ()
    assert not topics(report) & {"Real patients", "Other patients"}


def test_simulated_and_recorded_patients_are_counted_apart(lab: Any) -> None:
    report = reported(lab, SIMULATED, None, SIMULATED, recorded(FILES))
    simulated, real = report.headline.patients
    assert simulated.sentence == (
        "2 of 10 measurements are of simulated patients; they say nothing about people."
    )
    assert real.sentence == "1 of 10 measurements is of recorded patients (mitdb, vfdb)."
    assert topics(report) >= {"Real patients", "Other patients"}


def test_a_collection_read_in_two_ways_is_named_once_with_both_digests(lab: Any) -> None:
    other = {"mitdb": {"101.dat": "cc"}}
    (view,) = patients_of(records(lab, recorded(FILES), recorded(other)).records)
    assert [one.name for one in view.collections] == ["mitdb", "mitdb", "vfdb"]
    assert view.sentence.endswith("recorded patients (mitdb, vfdb).")


def test_the_head_of_the_page_has_it_with_the_digests(lab: Any) -> None:
    report = reported(lab, SIMULATED, recorded(FILES))
    page = write_html(report).decode()
    head = page[page.index('<section id="verdict"') : page.index('<section id="claims"')]
    assert "1 of 10 measurements is of simulated patients" in head
    digests = recorded(FILES).collections
    assert all(sha256[:12] in head for sha256 in digests.values())
    assert all(page.count(sha256) == 1 for sha256 in digests.values())
    assert "Recorded patients (mitdb, vfdb)." in page
    told = json.loads(write_json(report))
    assert [one["patients"] for one in told["headline"]["patients"]] == ["simulated", "recorded"]
