"""What becomes of a device after an overload, and whether it tells all of it."""

from collections.abc import Sequence

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import Sample, judge_maximum
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.stall import Span, Stalls, allowances_ms, stall_probe
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .driving import CLOCK_MARGIN_NS, WARM_UP_WINDOWS
from .overload import Episode, Overload
from .recording import count, count_marks
from .results import misplaced
from .ward import Ward

STOP_FACTOR = 1.5
"""A stop lasts this many times the maximum: what waited longest is late, what came last is not."""


@pytest.mark.case("TC-LAT-011")
def test_recovery(device: DeviceSession, profile: Profile, measure: Measure, rig: Rig) -> None:
    """After a stop the device is back in its budget within the time that a HIGH alarm has.

    Method: the whole device is stopped for one and a half times the maximum while the sensor goes
    on, so that sixteen windows wait when it may go on. From then on windows come at the usual pace,
    until twenty in a row were within the budget of the 99th percentile, or well beyond the limit.
    The recovery lasts from the end of the stop until everything that waited was told and new
    windows get results within that budget, ten in a row and without relapse. Every window that
    waited gets exactly one result, in order; those that were late whatever the device did are
    marked so, those seen within the maximum are not.
    """
    limits = profile.budget.latency["window_to_result"]
    stops = rig.samples("TC-LAT-011")
    ward = Ward(device, rig.seed("overload"), streams=1, windows=stops * 64)
    for _ in range(WARM_UP_WINDOWS):
        ward.round()
    overload = Overload(device, ward, limits.p99_ms, profile.alarm.high_delay_ms)
    episodes: list[Episode] = []
    with stall_probe() as stalls:
        for number in range(stops):
            episodes.append(overload.episode(limits.max_ms * STOP_FACTOR))
            rig.progress(number + 1, stops)
    sample = _recoveries(episodes, stalls, limits.p99_ms)
    measure.record("recovery_after_a_stop", judge_maximum(sample, profile.alarm.high_delay_ms))
    _record_told(measure, episodes, ward, limits.max_ms)
    measure.attach_json("stall-probe.json", stalls.to_json())


def _recoveries(episodes: Sequence[Episode], stalls: Stalls, limit_ms: float) -> Sample:
    """The recovery of each episode, and what of it is explained by delays that noise added."""
    values, spares = [], []
    for episode in episodes:
        noise = allowances_ms(stalls, [one.scheduled for one in episode.after])
        until_told = allowances_ms(stalls, [Span(episode.thawed_ns, episode.told_ns)])
        values.append(episode.back_after_ms(limit_ms))
        without_ms = episode.back_after_ms(limit_ms, noise, until_told[0])
        spares.append(values[-1] - without_ms if without_ms < float("inf") else 0.0)
    return Sample(values=values, allowances=spares)


def _record_told(
    measure: Measure, episodes: Sequence[Episode], ward: Ward, limit_ms: float
) -> None:
    """Record whether the overload was told: every window of it, and what of it was late."""
    windows = [one for episode in episodes for one in episode.crossings]
    lost = [fault for one in windows if (fault := misplaced(one))]
    told = [int(event["cursor"]) for one in windows for event in one.events]
    disorder = [] if told == sorted(told) else ["results out of the order of their windows"]
    doubt_ms = (CLOCK_MARGIN_NS + ward.sensors[0].clock_uncertainty_ns) / 1e6
    late = [
        one
        for episode in episodes
        for one in episode.backlog
        if (episode.still_ns - one.sent_ns) / 1e6 > limit_ms + doubt_ms
    ]
    in_time = [one for one in windows if one.since_stamp_ms <= limit_ms - doubt_ms]
    faults = [*lost, *disorder, *ward.strays, *ward.close()]
    count(
        measure, "results_of_the_overload_lost", faults, len(windows),
        "each window has one result, in order, and is counted",
    )  # fmt: skip
    count_marks(measure, late=late, in_time=in_time, why_late="that waited beyond the maximum")
