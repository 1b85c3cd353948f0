"""A flood of one class costs the others nothing of what they were promised."""

from dataclasses import replace
from typing import Final

import pytest

from edgeward.profile import Profile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, receiving
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import Records, count, device_name, drained, faults_of, kept, put_all

MB: Final = 1 << 20
QUEUE_MB: Final = 4
RECORD_BYTES: Final = 3000
PART: Final = 4
"""Twice a quarter of its share a class gets: what lies around records takes part of a queue too."""
AT_ONCE: Final = 20


@pytest.mark.case("TC-OFF-026")
def test_quotas(profile: Profile, measure: Measure, rig: Rig) -> None:
    """No record of a class within its quota is lost or refused because another class floods.

    Method: a device with a queue of 4 MB and the quotas of its profile gets, with no link, as much
    of each class but one as is a quarter of its share; then more of that one than fits; then again
    as much of the others; then of that one half as much more than before. Each class that may be
    given up floods so once, at a device of its own. Every record of the other classes must be
    durable. Then it delivers: all of them must arrive. Of the class that floods some must be
    missing, the oldest ones, and the gaps that were told must count as many.
    """
    small = replace(profile, offline=replace(profile.offline, queue_mb=QUEUE_MB))
    repeats = rig.samples("TC-OFF-026")
    classes = [kind.value for kind in profile.offline.eviction_order]
    faults: list[str] = []
    trials = 0
    for number in range(repeats):
        for flooding in classes:
            seed = rig.seed(f"TC-OFF-026/{number}/{flooding}")
            with receiving(seed) as here, rig.open_device() as device:
                device.configure(small.to_dict(), small.sha256)
                puts = _flooded(device, Records(seed), small, flooding)
                faults += _judged(here, device, puts, flooding)
                trials += len(puts)
        rig.progress(number + 1, repeats)
    count(
        measure, "records_lost_to_a_flood_of_others", faults, trials,
        "who floods gives up its own oldest and tells it; the others lose nothing in their quota",
    )  # fmt: skip


def _flooded(device: DeviceSession, records: Records, profile: Profile, flooding: str) -> list[Put]:
    """Everything that was put, in order."""
    queue = profile.offline.queue_mb * MB // RECORD_BYTES
    shares = profile.to_dict()["offline"]["quota_percent"]
    others = [(kind, queue * shares[kind] // 100 // PART) for kind in shares if kind != flooding]
    puts: list[Put] = []
    for flood in (queue, queue * 3 // 2):
        puts += [one for kind, many in others for one in _put(device, records, kind, many)]
        puts += _put(device, records, flooding, flood)
    return puts


def _put(device: DeviceSession, records: Records, kind: str, many: int) -> list[Put]:
    return put_all(device, [records.one(kind, RECORD_BYTES) for _ in range(many)], AT_ONCE)


def _judged(here: Receiving, device: DeviceSession, puts: list[Put], flooding: str) -> list[str]:
    """What was lost that was not to be lost, once all that is left has come."""
    here.enrol(device)
    name, others = device_name(device), [one for one in puts if one.kind != flooding]
    drained(here, name, [*kept(others), *kept(puts)[-1:]])
    faults = faults_of(here, name, kept(puts), given_up=frozenset({flooding}))
    faults += [
        f"a {one.kind} was {one.standing} while {flooding}s flood"
        for one in others
        if one.standing != "durable"
    ]
    mine = [one for one in kept(puts) if one.kind == flooding]
    return faults + _given_up(here, name, mine, flooding)


def _given_up(here: Receiving, name: str, mine: list[Put], flooding: str) -> list[str]:
    held = here.received(name)
    gone = [one.sequence or 0 for one in mine if one.identity not in held]
    there = [one.sequence or 0 for one in mine if one.identity in held]
    if not gone:
        return [f"no {flooding} was given up, though more was put than fits"]
    gaps = [gap for epoch in here.account(name).epochs for gap in epoch.gaps]
    told = sum(gap["count"] for gap in gaps if gap["reason"] != "void")
    faults = [] if told == len(gone) else [f"{len(gone)} {flooding}s are missing, gaps tell {told}"]
    if there and max(gone) > min(there):
        faults.append(f"{flooding} {max(gone)} went, and {min(there)}, which is older, did not")
    return faults
