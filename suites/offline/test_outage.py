"""Months without a link, and a clock on the wall that says anything."""

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, payload_of, receiving
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import NS, Records, count, device_name, driven, faults_of, kept, passes, put_all

MINUTE_NS = 60 * NS
MINUTES_OF_A_DAY = 1440
AT_ONCE = 720
YEARS_NS = 10 * 365 * 86_400 * NS


@pytest.mark.case("TC-OFF-003")
def test_long_outage(measure: Measure, rig: Rig) -> None:
    """After an outage of months everything is delivered, in order.

    Method: a simulated build, which was never told of a receiver, keeps a number a second in
    records of a minute each for so many days, with an alarm a day, and is started anew in between.
    Then it is enrolled. Every minute must arrive, once, in order. How long the delivery takes is no
    promise here.
    """
    days = rig.samples("TC-OFF-003")
    durable: list[Put] = []
    with receiving(rig.seed("TC-OFF-003")) as here, rig.open_device(simulated_clock=True) as device:
        name = device_name(device)
        for day in range(days):
            durable += _a_day(device, day)
            if day % 30 == 29:
                device.restart()
            rig.progress(day + 1, days)
        here.enrol(device)
        driven(device, here, durable)
        faults = faults_of(here, name, durable)
    promised = days * (MINUTES_OF_A_DAY + 1)
    if len(durable) != promised:
        faults.append(f"{promised - len(durable)} records were not durable when they were put")
    count(
        measure, "records_of_an_outage_lost", faults, promised,
        f"all of {days} days arrive, once and in order",
    )  # fmt: skip


@pytest.mark.case("TC-OFF-008")
def test_hostile_clock(measure: Measure, rig: Rig) -> None:
    """A wall clock that jumps by years loses nothing and stops no delivery for good.

    Method: a simulated build keeps and delivers while its wall clock is set ten years ahead, ten
    and fifty years back, and right again, between records and over restarts, so many times. Then
    the receiver is away, the device waits to try again, and its clock falls back by ten years
    before the receiver returns. Everything must arrive, once and in order, and the last of it while
    the clock stands ten years back.
    """
    records = Records(rig.seed("TC-OFF-008"))
    durable: list[Put] = []
    seed = rig.seed("TC-OFF-008/receiver")
    with receiving(seed) as here, rig.open_device(simulated_clock=True) as device:
        name = device_name(device)
        here.enrol(device)
        jumps = rig.samples("TC-OFF-008")
        off_ns = 0
        for jump in range(jumps):
            to_ns = records.draw.choice((YEARS_NS, -YEARS_NS, -5 * YEARS_NS, 0))
            passes(device, NS, wall_jump_ns=to_ns - off_ns)
            off_ns = to_ns
            durable += kept(put_all(device, records.some(20)))
            passes(device, 40 * NS)
            if jump % 5 == 4:
                device.restart()
            rig.progress(jump + 1, jumps)
        passes(device, NS, wall_jump_ns=-off_ns)
        here.stop()
        durable += kept(put_all(device, records.some(5)))
        passes(device, 40 * NS)
        passes(device, NS, wall_jump_ns=-YEARS_NS)
        here.start()
        durable += kept(put_all(device, records.some(5)))
        driven(device, here, durable)
        faults = faults_of(here, name, durable)
    count(
        measure, "records_lost_by_a_hostile_clock", faults, max(len(durable), 1),
        "each arrives, once and in order, whatever the wall clock says",
    )  # fmt: skip


def _a_day(device: DeviceSession, day: int) -> list[Put]:
    """Its minutes, and an alarm at its end."""
    minutes = [
        ("trend", payload_of({"number": day * 2000 + minute, "rate": [60 + minute % 40] * 4}))
        for minute in range(MINUTES_OF_A_DAY)
    ]
    minutes.append(("alarm", payload_of({"number": day * 2000 + 1999})))
    puts = put_all(device, minutes, AT_ONCE)
    passes(device, MINUTES_OF_A_DAY * MINUTE_NS)
    return kept(puts)
