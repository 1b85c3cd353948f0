"""Whether a device is run as its profile says, and says of it what is true."""

from collections.abc import Mapping
from typing import Any

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import judge_check
from edgeward_harness.rig.scheduling import ThreadSeen, threads_seen
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession


@pytest.mark.case("TC-LAT-014")
def test_scheduling(device: DeviceSession, profile: Profile, measure: Measure) -> None:
    """A device runs under the scheduling its profile promises, and claims no other.

    Method: with the profile in force the kernel is asked how it runs each thread of the device, and
    the device is asked what it says about its clinical path. A real-time class counts only with
    memory that is locked. What the device says must be how one of its threads is run; a device that
    says nothing claims nothing.
    """
    told: Mapping[str, Any] | None = device.call("describe").get("scheduling")
    seen = threads_seen(device)
    shown = "; ".join(sorted({str(one) for one in seen}))
    measure.attach_json("threads.json", [str(one) for one in seen])
    compute = profile.compute
    promised = f"{compute.scheduling_policy.value} {compute.scheduling_priority}"
    measure.record(
        "promised_class_is_in_force",
        judge_check(
            holds=any(_keeps(one, profile) for one in seen),
            expected=f"a thread run as the profile says: {promised}",
            observed=shown,
            n=len(seen),
        ),
    )
    measure.record(
        "class_told_is_the_class_seen",
        judge_check(
            holds=told is None or any(_is_told(one, told) for one in seen),
            expected="a thread run as the device says, or nothing said",
            observed=f"says {dict(told)!r:.200}" if told else "says nothing",
            n=len(seen),
        ),
    )


def _keeps(thread: ThreadSeen, profile: Profile) -> bool:
    compute = profile.compute
    policy = compute.scheduling_policy.value
    same = (thread.policy, thread.priority) == (policy, compute.scheduling_priority)
    return same and (policy == "other" or thread.memory_locked is True)


def _is_told(thread: ThreadSeen, told: Mapping[str, Any]) -> bool:
    return (
        (thread.policy, thread.priority) == (told["policy"], told["priority"])
        and list(thread.cores) == sorted(told["cores"])
        and told["memory_locked"] in (None, thread.memory_locked)
    )
