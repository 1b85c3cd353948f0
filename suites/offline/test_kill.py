"""A device that is killed at any moment has lost nothing that it acknowledged."""

import base64
import time

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, receiving
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import Records, count, device_name, drained, faults_of, kept, whole

AT_ONCE = 20
UNDER_WAY = 12
LONGEST_S = 0.06


@pytest.mark.case("TC-OFF-001")
def test_kill(measure: Measure, rig: Rig) -> None:
    """What was durable when the device was killed arrives after its restart: once, whole, in order.

    Method: while twelve requests of twenty records each are under way, `kill -9` comes after a
    drawn time of up to 60 ms. What was answered as durable until then is written down; the device
    is started again, and the same is done with the next life. Now and then the receiver listens
    meanwhile, so that kills fall into deliveries too. In the end everything that was durable must
    have arrived at the receiver with its bytes, once, in the order of its class; nothing may have
    arrived that was not put. What was under way and not answered may be there or not.
    """
    records = Records(rig.seed("TC-OFF-001"))
    durable: list[Put] = []
    with receiving(rig.seed("TC-OFF-001/receiver")) as here, rig.open_device() as device:
        name = device_name(device)
        here.enrol(device)
        repeats = rig.samples("TC-OFF-001")
        for done in range(repeats):
            if records.draw.random() < 0.5:
                here.stop()
            else:
                here.start()
            durable += _until_killed(device, records)
            device.restart()
            rig.progress(done + 1, repeats)
        here.start()
        drained(here, name, durable)
        whole(here, name)
        faults = faults_of(here, name, durable)
    count(
        measure, "acknowledged_records_lost_over_a_kill", faults, max(len(durable), 1),
        "each arrives with its bytes, once, in the order of its class",
    )  # fmt: skip


def _until_killed(device: DeviceSession, records: Records) -> list[Put]:
    """What the device had acknowledged when it died."""
    under_way = []
    for _ in range(UNDER_WAY):
        asked = records.some(AT_ONCE)
        told = [
            {"class": kind, "payload": base64.b64encode(payload).decode(), "patient": None}
            for kind, payload in asked
        ]
        under_way.append((asked, device.send("outbox.put", {"records": told})))
    wait_ns = int(records.draw.uniform(0, LONGEST_S) * 1e9)
    device.pump_until(time.monotonic_ns() + wait_ns)
    device.kill()
    return kept(
        Put(kind, payload, one["standing"], one["epoch"], one["sequence"])
        for asked, pending in under_way
        if pending.done
        for (kind, payload), one in zip(asked, pending.result()["receipts"], strict=True)
    )
