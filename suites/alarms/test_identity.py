"""One condition is one alarm with one id, and a value about its limit is one alarm at most."""

from collections import Counter

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward
from edgeward_harness.run.measure import Measure

from .patients import saturated
from .recording import count

STEP_MS = 1000
LASTING_S = 300.0
ENTRIES_MAX = 8
"""Of the journal about one alarm: declared, signalled, up and down, and some to spare."""
AT_ONCE = 8
SWINGS = 60


@pytest.mark.case("TC-ALM-005")
def test_one_condition_one_alarm(measure: Measure, rig: Rig) -> None:
    """A lasting condition keeps one id, those of one second have ids of their own, none storms.

    Method: simulated patients at once whose saturation falls to 84 % in the same second and stays
    there for minutes; each is told about by a reading a second. Each must have exactly one alarm,
    under one id that no other alarm has, and the journal must not go on about it. At the same time
    the saturation of others swings by one percent about their limit of 90 %, thirty times a minute:
    no more than one alarm each.
    """
    repeats = rig.samples("TC-ALM-005")
    wrong: list[str] = []
    chatter: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            lasting = [
                saturated(
                    f"lasting-{bed}-{number}", rig.seed(f"lasting {bed} {number}"),
                    (10.0, 97.0), (LASTING_S, 84.0),
                )
                for bed in range(AT_ONCE)
            ]  # fmt: skip
            swings = ((1.0, 89.0), (1.0, 91.0)) * SWINGS
            swinging = [
                saturated(f"swings-{bed}-{number}", 1 + bed, (10.0, 97.0), *swings)
                for bed in range(AT_ONCE)
            ]
            ward.admit(*lasting, *swinging)
            ward.play([*lasting, *swinging], 10.0 + 2 * SWINGS)
            chatter += [fault for bed in swinging for fault in _chatter(ward, bed)]
            ward.discharge(*swinging)
            ward.play(lasting, LASTING_S - 2 * SWINGS)
            wrong += _wrong(ward, lasting)
            ward.discharge(*lasting)
            rig.progress(number + 1, repeats)
    count(
        measure, "conditions_with_another_number_of_alarms", wrong, repeats * AT_ONCE,
        "each condition has one alarm under one id of its own, and few entries",
    )  # fmt: skip
    count(
        measure, "values_about_a_limit_that_chatter", chatter, repeats * AT_ONCE,
        "at most one alarm about a value that swings by one about its limit",
    )  # fmt: skip


def _wrong(ward: Ward, beds: list[Bed]) -> list[str]:
    """What is wrong with the alarms of these patients, a line for each patient."""
    owners = Counter(
        alarm_id
        for bed in beds
        for alarm_id in {told.event["alarm"]["id"] for told in ward.alarms(bed.patient)}
    )
    found = []
    for bed in beds:
        entries = ward.alarms(bed.patient)
        by_condition: dict[str, set[str]] = {}
        for told in entries:
            alarm = told.event["alarm"]
            by_condition.setdefault(alarm["condition"], set()).add(alarm["id"])
        shown = [one["condition"] for one in ward.state(bed.patient)["alarms"]]
        faults = [
            f"{len(ids)} ids of {condition}"
            for condition, ids in by_condition.items()
            if len(ids) > 1
        ]
        faults += [f"id {one} of several" for ids in by_condition.values() for one in ids
                   if owners[one] > 1]  # fmt: skip
        faults += [] if len(entries) <= ENTRIES_MAX * max(1, len(by_condition)) else [
            f"{len(entries)} entries"
        ]  # fmt: skip
        faults += [] if shown and len(shown) == len(set(shown)) else [f"shown: {shown}"]
        found += [f"{bed.patient}: {', '.join(faults[:3])}"] if faults else []
    return found


def _chatter(ward: Ward, bed: Bed) -> list[str]:
    declared = ward.alarms(bed.patient, "declared")
    signalled = ward.alarms(bed.patient, "signalled")
    many = max(len(declared), len(signalled))
    return [f"{bed.patient}: {many} alarms in {2 * SWINGS} s"] if many > 1 else []
