"""A broker between device and receiver that forgets what it has acknowledged."""

import time

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.brokered import brokered
from edgeward_harness.rig.receiving import Put
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.run.measure import Measure

from .keeping import Records, count, device_name, drained, faults_of, kept, put_all

AT_ONCE = 40
ACKNOWLEDGED_S = 0.3
"""By then a broker has acknowledged what it was sent."""


@pytest.mark.case("TC-OFF-013")
def test_broker_killed(measure: Measure, rig: Rig) -> None:
    """A broker that is killed with acknowledged messages in it costs nothing.

    Method: the device publishes through a real Mosquitto, over mutual TLS, which keeps nothing on a
    disk. While records flow it is killed and started anew, so many times; every other time after it
    has acknowledged what the receiver behind it never took. In the end everything that was durable
    must have arrived at that receiver, once and in order.
    """
    records = Records(rig.seed("TC-OFF-013"))
    durable: list[Put] = []
    repeats = rig.samples("TC-OFF-013")
    with brokered(rig.seed("TC-OFF-013/receiver")) as between, rig.open_device() as device:
        name = device_name(device)
        between.here.enrol(device)
        for done in range(repeats):
            durable += kept(put_all(device, records.some(AT_ONCE)))
            alarm = kept(put_all(device, [records.one("alarm")]))
            drained(between.here, name, alarm, 20)
            durable += alarm
            if done % 2 == 0:
                between.here.receiver.faults.order(Fault.LOST_REQUEST)
                durable += kept(put_all(device, [records.one("alarm")]))
                time.sleep(ACKNOWLEDGED_S)
            between.kill()
            rig.progress(done + 1, repeats)
        drained(between.here, name, durable)
        faults = faults_of(between.here, name, durable)
    count(
        measure, "records_lost_with_a_broker", faults, max(len(durable), 1),
        "each arrives behind the broker, once and in order",
    )  # fmt: skip
