"""Whatever floods a queue, an alarm finds room in it."""

from dataclasses import replace
from typing import Final

import pytest

from edgeward.profile import Profile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, receiving
from edgeward_harness.run.measure import Measure

from .keeping import Records, count, device_name, drained, faults_of, kept, put_all

QUEUE_MB: Final = 2
MB: Final = 1 << 20
FLOOD_BYTES: Final = 3800
FLOODS: Final = ("waveform", "trend", "event", "audit")
TIMES: Final = 2
"""So many times what the queue holds, of each class."""
ALARMS: Final = 20


@pytest.mark.case("TC-OFF-021")
def test_flood(profile: Profile, measure: Measure, rig: Rig) -> None:
    """Alarms are durable after a flood of any other class, and arrive.

    Method: a device with a queue of 2 MB gets, with no link, twice as much as fits of one class
    after the other, waveforms first and audit records, which nothing gives up, last. After each
    flood twenty alarms are put; each must be durable. Then it delivers: every alarm, and every
    audit record that was durable, must arrive, and what is missing of the others must be told.
    """
    small = replace(profile, offline=replace(profile.offline, queue_mb=QUEUE_MB))
    repeats = rig.samples("TC-OFF-021")
    refused: list[str] = []
    faults: list[str] = []
    alarms = trials = 0
    for number in range(repeats):
        records = Records(rig.seed(f"TC-OFF-021/{number}"))
        puts: list[Put] = []
        with receiving(rig.seed(f"TC-OFF-021/{number}")) as here, rig.open_device() as device:
            device.configure(small.to_dict(), small.sha256)
            for kind in FLOODS:
                many = TIMES * QUEUE_MB * MB // FLOOD_BYTES
                puts += put_all(device, [records.one(kind, FLOOD_BYTES) for _ in range(many)])
                mine = put_all(device, [records.one("alarm") for _ in range(ALARMS)])
                bad = [one for one in mine if one.standing != "durable"]
                refused += [f"an alarm was {one.standing} after a flood of {kind}s" for one in bad]
                alarms, puts = alarms + ALARMS, puts + mine
            here.enrol(device)
            name, order = device_name(device), profile.offline.eviction_order
            gone = frozenset(kind.value for kind in order)
            drained(here, name, [one for one in kept(puts) if one.kind not in gone])
            drained(here, name, kept(put_all(device, [records.one("alarm")])))
            faults += faults_of(here, name, kept(puts), given_up=gone)
        trials += len(puts)
        rig.progress(number + 1, repeats)
    count(measure, "alarms_without_room", refused, alarms, "each is durable, whatever floods")
    count(
        measure, "records_lost_in_a_flood", faults, trials,
        "alarms and audit arrive, and of the others what is missing is told",
    )  # fmt: skip
