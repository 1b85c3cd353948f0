"""Latency of one patient beside many others."""

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import judge_percentile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .beside import Beside, drive_flooded, drive_rounds
from .recording import count

PATH = "window_to_result"


@pytest.mark.case("TC-LAT-009")
def test_all_streams_at_once(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """The 99th percentile budget is kept with as many patients as the profile promises.

    Method: a stream for each device that the profile promises to serve, each of a patient of its
    own. The blocks that complete a window of each are sent at the same instant, and the latest
    result of the round is the value that counts; the upper 95 % confidence bound of its 99th
    percentile, by order statistics, is held against the budget of a single patient. Every window of
    every stream must have exactly one result, and some are asked about again by `infer`.
    """
    limit_ms = profile.budget.latency[PATH].p99_ms
    seen = drive_rounds(device, profile, rig, "TC-LAT-009")
    worst = seen.watched.observed()
    measure.record("latest_of_all_streams_p99", judge_percentile(worst, 0.99, limit_ms))
    _record_results(measure, seen)
    measure.attach_json("stall-probe.json", seen.watched.noise())


@pytest.mark.case("TC-LAT-010")
def test_flood_of_others(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """The 99th percentile budget is kept for one patient while the others flood the device.

    Method: one stream keeps its pace. All others that the profile promises push as hard as the
    device takes it: each sends the block that completes its next window as soon as its last one was
    answered, so that the device is never idle and a block of each may wait in front of the measured
    one. The delay of the measured stream is judged as without them. Of the flood itself no window
    may be lost, doubled or out of order, and what is asked about again by `infer` must get the same
    answer: who drops samples to get through a flood is in time, with results about nothing.
    """
    limit_ms = profile.budget.latency[PATH].p99_ms
    seen = drive_flooded(device, profile, rig, "TC-LAT-010")
    measured = seen.watched.observed()
    measure.record("window_to_result_p99_flooded", judge_percentile(measured, 0.99, limit_ms))
    _record_results(measure, seen)
    measure.attach_json("stall-probe.json", seen.watched.noise())


def _record_results(measure: Measure, seen: Beside) -> None:
    """Record whether each stream got its results, and whether they rest on its samples."""
    count(
        measure, "results_lost_or_misplaced", seen.faults, seen.windows,
        f"each window of {seen.streams} streams has one result, in order, and is counted",
    )  # fmt: skip
    if seen.asked_again:
        count(
            measure, "other_answer_when_asked_again", seen.other_answers, seen.asked_again,
            "infer gives the label and the probabilities of the result for the same samples",
        )  # fmt: skip
