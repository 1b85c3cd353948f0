"""How long a device takes from its start until it is of use."""

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import Sample, judge_maximum
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.stall import (
    Span,
    Stalls,
    allowances_ms,
    our_wait_ns,
    span_of_start,
    stall_probe,
)
from edgeward_harness.run.measure import Measure

from .feed import Feed


@pytest.mark.case("TC-RES-004")
def test_startup(rig: Rig, profile: Profile, measure: Measure) -> None:
    """The device answers, and tells its first result, within its start-up budget.

    Method: the device is started anew for each value. The clock starts with its program and stops
    with the answer to `describe`, and again with the result of its first window, profile and stream
    included. Each value is held against the budget; what the host's own stalls may have added is
    known, and a value that only they explain cannot be judged.
    """
    starts = rig.samples("TC-RES-004")
    seed = rig.seed("start-up")
    described: list[Span] = []
    of_use: list[Span] = []
    with stall_probe() as stalls:
        for number in range(starts):
            before_ns = our_wait_ns()
            with rig.open_device() as device:
                answered_ns = device.started_ns + device.startup_ns
                described.append(span_of_start(device, answered_ns, before_ns))
                feed = Feed(device, seed, streams=1)
                feed.cross()
                of_use.append(span_of_start(device, feed.told_ns, before_ns))
            rig.progress(number + 1, starts)
    limit_ms = profile.budget.startup_ms
    measure.record("start_to_describe", judge_maximum(_delays(described, stalls), limit_ms))
    measure.record("start_to_first_result", judge_maximum(_delays(of_use, stalls), limit_ms))
    measure.attach_json("stall-probe.json", stalls.to_json())


def _delays(spans: list[Span], stalls: Stalls) -> Sample:
    values = [(span.end_ns - span.start_ns) / 1e6 for span in spans]
    return Sample(values, allowances_ms(stalls, spans))
