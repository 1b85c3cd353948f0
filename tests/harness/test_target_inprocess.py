"""The inprocess driver: the same conversation with the reference device in a thread."""

from collections.abc import Callable

import pytest

from edgeward.profile import load_profile
from edgeward_harness.errors import HarnessError
from edgeward_harness.profile.unit import BUILT_IN, Realization
from edgeward_harness.resources import device_profiles
from edgeward_harness.target import DeviceSession, open_device
from edgeward_harness.target.trial import signal_of

UNIT = BUILT_IN["reference-inprocess"]


def test_it_answers_like_a_device_and_is_called_simulated() -> None:
    profile = load_profile("wearable", [device_profiles()]).profile
    with open_device(UNIT, profile) as device:
        assert device.realization is Realization.SIMULATED
        assert device.pid is None
        assert device.description["device"]["model"] == "reference"
        device.configure(profile.to_dict(), profile.sha256)
        assert device.cpu_seconds() > 0
        assert device.run_delay_ns() >= 0
        assert {row.enforced for row in device.enforcement} == {False}
        assert {row.how for row in device.enforcement} == {
            "the device shares the process of the harness"
        }
        device.shutdown()


def test_the_times_are_the_harness_own() -> None:
    with open_device(UNIT) as device:
        pending = device.send("resources")
        pending.result()
        assert 0 < pending.sent_ns < pending.received_ns


@pytest.mark.parametrize("act", [DeviceSession.freeze, DeviceSession.thaw, DeviceSession.kill])
def test_what_a_thread_cannot_be_done_to_is_refused(act: Callable[[DeviceSession], None]) -> None:
    with open_device(UNIT) as device, pytest.raises(HarnessError, match="use the process driver"):
        act(device)


def test_a_simulated_clock_stands_still_until_it_is_moved() -> None:
    with open_device(UNIT, clock_hint="simulated") as device:
        first = device.call("describe")["clock"]
        assert first["simulated"]
        assert device.call("describe")["clock"]["now_ns"] == first["now_ns"]
        moved = device.call("clock", {"advance_ns": 5_000_000_000})["now_ns"]
        assert moved == first["now_ns"] + 5_000_000_000


def test_restart_keeps_its_store() -> None:
    with open_device(UNIT) as device:
        before = device.description["device"]
        device.restart()
        after = device.description["device"]
        assert (after["id"], after["epoch"]) == (before["id"], before["epoch"] + 1)


def test_after_its_end_it_cannot_be_observed() -> None:
    with open_device(UNIT) as device:
        device.end_input()
        with pytest.raises(HarnessError, match="thread has ended"):
            device.cpu_seconds()


def test_the_trial_signal_fits_any_rate() -> None:
    assert len(signal_of(10, 0.5)) == 10
    assert max(signal_of(500, 250.0)) > 0.9
