"""JUnit XML, so that every build server can show a run: four outcomes where a report has eleven.

Rules:
- Only a case that passed is a test case without a child element.
- What broke a promise is a `failure`, what broke on our side an `error`; everything else is
  `skipped`, because JUnit has no other word, with its own state as the message. Nothing folds into
  a pass.
- What a case is for, how it is done and why that is enough stand with its first execution only.
- Characters that XML 1.0 cannot hold are dropped.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from edgeward_harness.report.model import CaseView, ItemView, JudgedView, Report
from edgeward_harness.report.numbers import observation, quantity
from edgeward_harness.report.words import word_for

FAILURES = frozenset({"failed", "flaky", "unexpected_pass", "known_anomaly"})
ERRORS = frozenset({"error"})
_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: Report) -> bytes:
    """One suite for each suite, one test case for each planned execution."""
    root = ET.Element("testsuites", name=_clean(f"edgeward {report.run.profile}"))
    totals = [0, 0, 0, 0]
    for suite in dict.fromkeys(case.suite for case in report.cases):
        counts = _suite(root, report, suite)
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
    _count(root, totals)
    ET.indent(root, space=" ")
    written: str = ET.tostring(root, encoding="unicode")
    return f"{_DECLARATION}\n{written}\n".encode("utf-8", "xmlcharrefreplace")


def _suite(root: ET.Element, report: Report, suite: str) -> list[int]:
    element = ET.SubElement(root, "testsuite", name=_clean(suite))
    element.set("timestamp", report.run.started_utc.removesuffix("Z"))
    properties = ET.SubElement(element, "properties")
    for name, value in _about(report):
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    states: list[str] = []
    for case in (case for case in report.cases if case.suite == suite):
        for item in case.items:
            _testcase(element, case, item.item, item.state, item)
            states.append(item.state)
        if not case.items:
            _testcase(element, case, case.id, case.state, None)
            states.append(case.state)
    counts = [
        len(states),
        sum(state in FAILURES for state in states),
        sum(state in ERRORS for state in states),
        sum(state not in FAILURES | ERRORS | {"passed"} for state in states),
    ]
    _count(element, counts)
    return counts


def _about(report: Report) -> list[tuple[str, str]]:
    run = report.run
    return [
        ("edgeward.run", run.id),
        ("edgeward.verdict", report.headline.verdict),
        ("edgeward.profile", run.profile),
        ("edgeward.profile_sha256", report.profile.sha256),
        ("edgeward.unit", run.unit),
        ("edgeward.realization", run.realization),
        ("edgeward.depth", run.depth),
        ("edgeward.tool", run.tool),
    ]


def _testcase(
    suite: ET.Element, case: CaseView, name: str, state: str, item: ItemView | None
) -> None:
    element = ET.SubElement(suite, "testcase", classname=_clean(case.id), name=_clean(name))
    attempts = item.attempts if item else ()
    span_ns = sum(part.record.end_ns - part.record.start_ns for part in attempts)
    element.set("time", f"{span_ns / 1e9:.3f}")
    properties = ET.SubElement(element, "properties")
    for requirement in case.requirements:
        ET.SubElement(properties, "property", name="requirement", value=_clean(requirement))
    if item is None or item is case.items[0]:
        for name, value in _protocol(case):
            ET.SubElement(properties, "property", name=name, value=_clean(value))
    ET.SubElement(properties, "property", name="state", value=state)
    if state == "passed":
        return
    kind = "failure" if state in FAILURES else "error" if state in ERRORS else "skipped"
    reasons = item.reasons if item else ("planned, but no execution of it was collected",)
    first = reasons[0].splitlines()[0] if reasons and reasons[0] else word_for(state).meaning
    outcome = ET.SubElement(element, kind, message=_clean(f"{word_for(state).word}: {first}"))
    if kind != "skipped":
        outcome.set("type", state)
    outcome.text = _clean("\n".join([*reasons, *_missed(item)]))


def _protocol(case: CaseView) -> Iterable[tuple[str, str]]:
    """What was going to be done, as far as it is written."""
    samples = "" if case.samples is None else str(case.samples)
    for name in ("goal", "procedure", "rationale", "method", "stage"):
        if value := getattr(case, name):
            yield name, " ".join(value.split())
    if samples:
        yield "samples", samples


def _missed(item: ItemView | None) -> Iterable[str]:
    """Expected beside observed for everything that did not hold."""
    for attempt in item.attempts if item else ():
        for part in attempt.measurements:
            if part.verdict != "passed":
                yield _told(part)


def _told(part: JudgedView) -> str:
    one = part.measurement
    told = f"{one.name}: expected {quantity(one.expected)}, observed {observation(one)}"
    if one.bound is not None:
        told += f", bound {quantity(one.bound, one.unit)}"
    return f"{told}, n {one.n}"


def _count(element: ET.Element, counts: list[int]) -> None:
    for name, count in zip(("tests", "failures", "errors", "skipped"), counts, strict=True):
        element.set(name, str(count))


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
