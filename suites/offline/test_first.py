"""An alarm comes first, whatever waits, and what waits still moves."""

import time

import pytest

from edgeward_harness.measure.judge import Sample, judge_maximum
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, put, receiving, until
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import Records, count, device_name, drained, faults_of, kept, put_all

FIRST_S = 2.0
SHARE = 0.19
"""A fifth, less what is lost to it because records are whole."""
ALARMS = 12
LIVE = 40
LIVE_FIRST = 2000
SLOW_MS = 200


@pytest.mark.case("TC-OFF-007")
def test_alarm_first(measure: Measure, rig: Rig) -> None:
    """A new alarm overtakes a long backlog, and the backlog keeps its share.

    Method: so many records wait when the link comes up, to a receiver that takes 0.2 s for each
    answer, so that they keep it busy for longer than an alarm may take. From then on live records,
    2000 at first and forty each time after that, and, twelve times, an alarm are put. The time from
    the device's receipt for an alarm to the receiver's commit is measured. In which order records
    came is read from the ledger: as long as the first live ones wait, a fifth of the records at
    least must be of the backlog.
    """
    records = Records(rig.seed("TC-OFF-007"))
    backlog = rig.samples("TC-OFF-007")
    with receiving(rig.seed("TC-OFF-007/receiver")) as here, rig.open_device() as device:
        name = device_name(device)
        waiting = [records.one("trend", 160) for _ in range(backlog)]
        durable = kept(put_all(device, waiting, 1000))
        here.receiver.faults.order(Fault.SLOW, 10_000, SLOW_MS)
        here.enrol(device)
        until(lambda: bool(here.received(name)), 20)
        delays_s, live = _with_alarms(device, here, name, records)
        here.receiver.faults.clear()
        drained(here, name, durable + live, 300)
        faults = faults_of(here, name, durable + live)
        shares = _share(here, name)
    sample = Sample(delays_s, [0.0] * len(delays_s), unit="s")
    measure.record("alarm_behind_a_backlog", judge_maximum(sample, FIRST_S))
    measure.check(
        "share_of_the_backlog", shares >= SHARE, expected=f"at least {SHARE}", observed=shares
    )
    count(
        measure, "records_lost_in_a_backlog", faults, len(durable) + len(live),
        "each arrives, once and in order",
    )  # fmt: skip


def _with_alarms(
    device: DeviceSession, here: Receiving, name: str, records: Records
) -> tuple[list[float], list[Put]]:
    """How long alarms took, and all that was put meanwhile."""
    delays_s: list[float] = []
    live: list[Put] = []
    for turn in range(ALARMS):
        count_of = LIVE if turn else LIVE_FIRST
        live += kept(put_all(device, [records.one("event", 160) for _ in range(count_of)], 1000))
        alarm = kept(put(device, [records.one("alarm")]))
        began_s = time.monotonic()
        came = drained(here, name, alarm, 4 * FIRST_S)
        delays_s.append(time.monotonic() - began_s if came else float("inf"))
        live += alarm
    return delays_s, live


def _share(here: Receiving, name: str) -> float:
    """The backlog's part of what came while the first live records waited.

    Those live ones count behind which there is more of the backlog: the others had nothing to share
    with. Where none has, and some was there, the backlog got nothing.
    """
    flags = [
        bool(flag)
        for (flag,) in here.receiver.ledger.rows(
            "SELECT flags & 1 FROM records WHERE device = ? ORDER BY arrived", name
        )
    ]
    live = [at for at, historical in enumerate(flags) if not historical][:LIVE_FIRST]
    if not live or True not in flags[live[0] :]:
        return 1.0
    part = flags[live[0] : live[-1] + 1]
    while part and not part[-1]:
        part.pop()
    return sum(part) / len(part) if part else 0.0
