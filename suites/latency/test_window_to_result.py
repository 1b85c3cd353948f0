"""Latency of the path from the last sample of a window in to its result out."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import judge_failures, judge_maximum, judge_percentile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.load import cpu_load
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .driving import Drive, Sensor, drive, misfit

PATH = "window_to_result"
FREEZE_FACTOR = 1.5
"""A freeze lasts this many times the maximum: well beyond what may pass as in time."""


@pytest.fixture(scope="module")
def observed(rig: Rig) -> Drive:
    """One drive of a fresh device; several cases each ask another question of it."""
    with rig.open_device() as device:
        return drive(
            device,
            windows=rig.samples("TC-LAT-002"),
            seed=rig.seed(PATH),
            progress=rig.progress,
        )


@pytest.mark.case("TC-LAT-001")
def test_median(observed: Drive, profile: Profile, measure: Measure) -> None:
    """The median delay is within its budget.

    Method: paced windows of a simulated patient; the delay is taken outside the device; the upper
    95 % confidence bound of the median, by order statistics, is held against the profile's budget.
    """
    limit_ms = profile.budget.latency[PATH].p50_ms
    measure.record("window_to_result_p50", judge_percentile(observed.observed(), 0.50, limit_ms))


@pytest.mark.case("TC-LAT-002")
def test_99th_percentile(observed: Drive, profile: Profile, measure: Measure) -> None:
    """The 99th percentile of the delay is within its budget.

    Method: as for the median; a result that never came counts as infinitely late.
    """
    limit_ms = profile.budget.latency[PATH].p99_ms
    measure.record("window_to_result_p99", judge_percentile(observed.observed(), 0.99, limit_ms))
    measure.attach_json("stall-probe.json", observed.stalls.to_json())


@pytest.mark.case("TC-LAT-003")
def test_maximum(observed: Drive, profile: Profile, measure: Measure) -> None:
    """No result comes later than the maximum.

    Method: every delay of the sample is held against the maximum; the exact binomial bound says how
    rare an exceedance is after a sample without one.
    """
    limit_ms = profile.budget.latency[PATH].max_ms
    measure.record("window_to_result_max", judge_maximum(observed.observed(), limit_ms))


@pytest.mark.case("TC-LAT-004")
def test_device_times_agree(observed: Drive, profile: Profile, measure: Measure) -> None:
    """The times a device reports are those seen from outside.

    Method: what the device hides is the delay seen from outside less the one it claims. Its median
    may not exceed a tenth, its 99th percentile a half of the maximum budget; no claim may exceed
    what was seen by more than the clocks can be compared; and the time of the last sample is the
    one the sensor stamped.
    """
    limit_ms = profile.budget.latency[PATH].max_ms
    hidden = observed.unclaimed()
    measure.record("hidden_delay_p50", judge_percentile(hidden, 0.50, limit_ms / 10))
    measure.record("hidden_delay_p99", judge_percentile(hidden, 0.99, limit_ms / 2))
    events = [(crossing, crossing.event) for crossing in observed.crossings if crossing.event]
    altered = sum(event["last_sample_ns"] != c.acquired_ns for c, event in events)
    measure.record(
        "sensor_stamp_altered",
        judge_failures(altered, len(events), "last_sample_ns is the stamp of the block"),
    )
    backwards = sum(event["decision_ns"] < event["last_sample_ns"] for _, event in events)
    measure.record(
        "decision_before_its_sample",
        judge_failures(backwards, len(events), "no decision precedes the sample it rests on"),
    )


@pytest.mark.case("TC-LAT-005")
def test_every_window_once(observed: Drive, measure: Measure) -> None:
    """Every complete window yields exactly one result, in order.

    Method: window k must be the samples k*hop to k*hop+window-1; each result is compared with the
    window the sensor completed; none may be missing, doubled, foreign or without an answer.
    """
    faults = [fault for fault in map(misfit, observed.crossings) if fault]
    measure.record(
        "windows_without_exactly_one_result",
        judge_failures(
            len(faults),
            len(observed.crossings),
            "exactly one result a window, with its own indices",
            detail="; ".join(faults[:3]),
        ),
    )


@pytest.mark.case("TC-LAT-006")
def test_lateness_is_declared(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """A result that comes too late says so, and one in time does not.

    Method: the device is stopped while a window is under way, for half as long again as the
    maximum, and then set going: that result must come and be marked late. Windows between the
    stops, decided within the maximum as seen from outside, must not be marked.
    """
    limit_ms = profile.budget.latency[PATH].max_ms
    freezes = rig.samples("TC-LAT-006")
    sensor = Sensor(device, rig.seed("freeze"))

    def stop_and_go() -> None:
        time.sleep(limit_ms * FREEZE_FACTOR / 1e3)
        device.thaw()

    undeclared: list[str] = []
    false_alarms: list[str] = []
    in_time = 0
    for number in range(freezes):
        device.freeze()
        frozen = sensor.cross(stop_and_go)
        if frozen.event is None or frozen.event["late"] is not True:
            undeclared.append(f"window {frozen.expected['index']}: {_late(frozen.event)}")
        calm = sensor.cross()
        if calm.event is not None and calm.observed_ms <= limit_ms:
            in_time += 1
            if calm.event["late"] is not False:
                false_alarms.append(f"window {calm.expected['index']}: {_late(calm.event)}")
        rig.progress(number + 1, freezes)
    measure.record(
        "late_results_not_declared",
        judge_failures(
            len(undeclared),
            freezes,
            "each result of a stopped device is marked late",
            detail="; ".join(undeclared[:3]),
        ),
    )
    measure.record(
        "results_in_time_marked_late",
        judge_failures(
            len(false_alarms),
            in_time,
            "no result seen in time is marked late",
            detail="; ".join(false_alarms[:3]),
        ),
    )


@pytest.mark.case("TC-LAT-007")
def test_99th_percentile_under_load(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """The 99th percentile budget is kept while other work keeps every core busy.

    Method: one busy process a core beside the device, otherwise as the unloaded case. The load is
    ours, so only stalls longer than it can cause may be an excuse.
    """
    limit_ms = profile.budget.latency[PATH].p99_ms
    loaded = drive(
        device,
        windows=rig.samples("TC-LAT-007"),
        seed=rig.seed("load"),
        progress=rig.progress,
        load=cpu_load(),
    )
    measure.record(
        "window_to_result_p99_loaded",
        judge_percentile(loaded.observed_under_own_load(), 0.99, limit_ms),
    )


def _late(event: Mapping[str, Any] | None) -> str:
    return "no result" if event is None else f"late is {event['late']!r}"
