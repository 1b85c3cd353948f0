"""A fingerprint changes when anything changes that an item says, and only then."""

import hashlib
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.profile.applicability import Need
from edgeward_harness.trace.fingerprint import fingerprint, fingerprints
from edgeward_harness.trace.model import Control, Hazard, PlannedCase, Requirement, Trace
from edgeward_harness.trace.vocabulary import ControlType, Kind, Method, Severity, Stage

REQUIREMENT = Requirement(
    id="REQ-LAT-001",
    title="Median in time",
    text="The median shall be within its budget.\nOf every path.",
    rationale="Somebody waits for it.",
    kind=Kind.PERFORMANCE,
    safety_class=SafetyClass.C,
    criterion="The bound is within the budget.",
    risks=("HAZ-001", "RC-LAT-001"),
    stage=Stage.RELEASE,
    profiles=("gateway", "wearable"),
    custom={"effort": "three days", "team": "signal"},
)
CASE = PlannedCase(
    id="TC-LAT-001",
    suite="latency",
    title="Paced drive",
    requirements=("REQ-LAT-001", "REQ-LAT-002"),
    method=Method.MEASUREMENT,
    rationale="As the sensor paces.",
    implements=("RC-LAT-001",),
    needs=Need(capabilities=("stream",)),
    samples={"quick": 5, "standard": 20, "campaign": 100},
)
HAZARD = Hazard("HAZ-001", "Too late", "Somebody waits.", "Delay.", Severity.CRITICAL)
CONTROL = Control(
    "RC-LAT-001", "Bounded path", "No queue.", ("HAZ-001",), ("REQ-LAT-001",), ControlType.DESIGN
)

WORDS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)
CHANGES: dict[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "kind": lambda now: st.sampled_from([one for one in Kind if one is not now]),
    "safety_class": lambda now: st.sampled_from([one for one in SafetyClass if one is not now]),
    "stage": lambda now: st.sampled_from([one for one in Stage if one is not now]),
    "risks": lambda now: st.sampled_from([now[:1], (*now, "HAZ-002"), ()]),
    "profiles": lambda now: st.sampled_from([now[:1], (*now, "workstation"), ()]),
    "custom": lambda now: st.sampled_from(
        [
            {},
            now | {"more": "x"},
            now | {"team": "alarm"},
            {"effort": "three days", "teams": "signal"},
        ]
    ),
}
"""For each field that is no text: other values it may get."""


@st.composite
def changed(draw: st.DrawFn) -> Requirement:
    """The requirement with one field, any one, saying something else."""
    name = draw(st.sampled_from([field.name for field in fields(Requirement)]))
    now = getattr(REQUIREMENT, name)
    if name in CHANGES:
        value = draw(CHANGES[name](now))
    else:
        at = draw(st.integers(0, len(now)))
        value = now[:at] + draw(WORDS) + now[at:]
    return replace(REQUIREMENT, **{name: value})


@settings(deadline=None, max_examples=300)
@given(changed())
def test_any_change_of_any_field_is_seen(other: Requirement) -> None:
    assert fingerprint(other) != fingerprint(REQUIREMENT)


@settings(deadline=None)
@given(st.data())
def test_white_space_is_not_a_change(data: st.DataObject) -> None:
    blanks = st.text(st.sampled_from(" \t\n"), min_size=1, max_size=4)
    spaced: dict[str, Any] = {
        name: data.draw(blanks) + data.draw(blanks).join(text.split()) + data.draw(blanks)
        for name in ("title", "text", "rationale", "criterion")
        for text in (getattr(REQUIREMENT, name),)
    }
    assert fingerprint(replace(REQUIREMENT, **spaced)) == fingerprint(REQUIREMENT)


def test_a_blank_within_a_word_is_a_change() -> None:
    assert fingerprint(replace(REQUIREMENT, title="Med ian in time")) != fingerprint(REQUIREMENT)


def test_the_order_of_links_is_not_a_change() -> None:
    turned = replace(REQUIREMENT, risks=REQUIREMENT.risks[::-1], profiles=("wearable", "gateway"))
    assert fingerprint(turned) == fingerprint(REQUIREMENT)
    other_way = dict(reversed(list(REQUIREMENT.custom.items())))
    assert fingerprint(replace(REQUIREMENT, custom=other_way)) == fingerprint(REQUIREMENT)


OTHER: list[tuple[Any, dict[str, Any]]] = [
    (CASE, {"suite": "alarms"}),
    (CASE, {"requirements": ("REQ-LAT-001",)}),
    (CASE, {"method": Method.ANALYSIS}),
    (CASE, {"rationale": "Faster."}),
    (CASE, {"stage": Stage.PROTOTYPE}),
    (CASE, {"implements": ()}),
    (CASE, {"implements": (), "proves_effective": ("RC-LAT-001",)}),
    (CASE, {"needs": Need(capabilities=("infer",))}),
    (CASE, {"needs": Need(capabilities=("stream",), profiles=("wearable",))}),
    (CASE, {"samples": {"quick": 5, "standard": 20, "campaign": 101}}),
    (CASE, {"samples": {}}),
    (HAZARD, {"situation": "Nobody waits."}),
    (HAZARD, {"harm": "None."}),
    (HAZARD, {"severity": Severity.MINOR}),
    (CONTROL, {"hazards": ()}),
    (CONTROL, {"requirements": ("REQ-LAT-002",)}),
    (CONTROL, {"type": ControlType.INFORMATION}),
    (CONTROL, {"text": "A queue."}),
]


@pytest.mark.parametrize(("item", "changes"), OTHER)
def test_changes_of_other_items_are_seen(item: Any, changes: dict[str, Any]) -> None:
    assert fingerprint(replace(item, **changes)) != fingerprint(item)


def test_what_a_field_holds_cannot_move_to_another_field() -> None:
    moved = replace(CONTROL, title=CONTROL.text, text=CONTROL.title)
    assert fingerprint(moved) != fingerprint(CONTROL)


def test_the_form_is_fixed() -> None:
    """Any program can compute it; another form would break every bundle and every baseline."""
    written = (
        '{"Requirement":{"criterion":"The bound is within the budget.",'
        '"custom":{"effort":"three days","team":"signal"},"id":"REQ-LAT-001","kind":"performance",'
        '"profiles":["gateway","wearable"],"rationale":"Somebody waits for it.",'
        '"risks":["HAZ-001","RC-LAT-001"],"safety_class":"C","stage":"release",'
        '"text":"The median shall be within its budget. Of every path.","title":"Median in time"}}'
    )
    assert fingerprint(REQUIREMENT) == hashlib.sha256(written.encode()).hexdigest()


def test_every_item_has_one(trace: Trace) -> None:
    found = fingerprints(trace)
    assert list(found) == [item.id for item in trace.items()]
    assert all(len(digest) == 64 for digest in found.values())
    assert len(set(found.values())) == len(found)
