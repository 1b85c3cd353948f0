"""What a patient's channels bring goes the way out, by the agent and by the daemon alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeward.alarm.vocabulary import Category
from edgeward.comms.packing.payload import unpack
from edgeward.comms.record import RecordClass
from edgeward.device.assembly import simulated_parts
from edgeward.device.daemon.daemon import DaemonDevice
from edgeward.device.device import Device
from edgeward.profile import load_profile
from edgeward.signal.channel import Channel, Signal

pytestmark = pytest.mark.slow

SHIPPED = Path(__file__).parents[2] / "device_profiles"
S = 1_000_000_000
SPO2 = Channel("spo2", Signal.SPO2, "%", 1)


def watched(kind: type[Device], folder: Path, *, waveforms: bool) -> Any:
    """A device that has watched a patient for half a minute; what waits in its outbox."""
    device = kind(replace(simulated_parts(), records=folder))
    profile = load_profile("wearable", [SHIPPED]).profile.to_dict()
    profile["offline"]["waveforms"] = waveforms
    device.configure(profile)
    outbox = device.way_out.open().outbox
    bedside = device.open_bedside()
    bedside.admit("p1", Category.ADULT)
    bedside.attach("p1", SPO2)
    for second in range(25):
        device.clock.sleep_ns(S)
        now_ns = device.clock.monotonic_ns()
        bedside.push("p1", "spo2", second, np.array([97.0], np.float32), None, now_ns)
        bedside.advance()
        device.way_out.turn()
    device.clock.sleep_ns(20 * S)
    device.way_out.turn()
    counts = outbox.counts()
    told = [
        unpack(device.way_out.open().sealer.open(one.identity, one.kind, key, one.sealed.blob))
        for one in outbox.queued([RecordClass.TREND], records_max=500, bytes_max=1 << 20)
        for key in outbox.keys([one])
    ]
    device.close()
    numbers = [event for one in told for event in one.about["events"] if event["kind"] == "vital"]
    return counts, numbers


@pytest.mark.parametrize("kind", [Device, DaemonDevice])
def test_samples_and_numbers_leave_where_the_profile_says_so(
    tmp_path: Path, kind: type[Device]
) -> None:
    counts, numbers = watched(kind, tmp_path, waveforms=True)
    assert counts[RecordClass.WAVEFORM].accepted == 3
    known = [one["value"] for one in numbers if one["value"] is not None]
    assert known
    assert len(known) < 5, "a number that does not move is told once in a while"


def test_no_waveform_leaves_where_the_profile_says_so(tmp_path: Path) -> None:
    counts, numbers = watched(Device, tmp_path, waveforms=False)
    assert counts[RecordClass.WAVEFORM].accepted == 0
    assert numbers
