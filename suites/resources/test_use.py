"""Memory and processor time that a device uses, seen from outside."""

from collections.abc import Sequence

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import Judgement
from edgeward_harness.measure.level import Level, judge_levels
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.footprint import Resident, Work, resident
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .feed import WAIT_MS, Feed
from .watching import Watched, in_mb, watch

SHARED = "what its processes share is resident once, and cannot be told apart from outside"
HELD_BACK = "it had work without a rest, and the host did not let it run"
BLOCK_WINDOWS = 20
"""Windows in one block of the flood."""
UNREADABLE = b"this is no message"
BAD_PARAMETERS, PARSE_ERROR = -32602, -32700


@pytest.fixture(scope="module")
def watched(rig: Rig, profile: Profile) -> Watched:
    """One fresh device in its three states; two cases each ask another question of it."""
    with rig.open_device() as device:
        return watch(
            device,
            profile,
            readings=max(1, rig.samples("TC-RES-001") // 3),
            seconds=rig.samples("TC-RES-003"),
            seed=rig.seed("watch"),
            progress=rig.progress,
        )


@pytest.mark.case("TC-RES-001")
def test_memory_ceiling(watched: Watched, profile: Profile, measure: Measure, rig: Rig) -> None:
    """Resident memory stays within its budget, whatever the device is doing.

    Method: the resident memory of all processes that the device is, swapped pages included, is read
    from outside while it idles, follows as many sensors as it promises, and is driven as fast as it
    goes; with the most that the kernel says each process ever held. Every reading is held against
    the budget. What several processes share is counted for each of them; a reading that keeps the
    budget only when it is divided among them cannot be judged.
    """
    peaks = {
        "idle": watched.idle,
        "at the sensors' pace": watched.following,
        "flat out": watched.flat_out,
        "ever": [watched.peak],
    }
    shown = ", ".join(f"{name} {_most_mb(seen):.1f} MB" for name, seen in peaks.items())
    note = f"{shown}; {watched.streams} streams; {_held(rig)}"
    limit_mb = profile.budget.memory_mb
    judged = judge_levels(watched.memory(), limit_mb, "MB", doubt=SHARED, note=note)
    measure.record("resident_memory", judged)
    measure.attach_json("memory.json", watched.to_json())


def _most_mb(seen: Sequence[Resident]) -> float:
    return max(level.most for level in in_mb(seen))


def _held(rig: Rig) -> str:
    """Whether the bench itself would have kept the device from using more, and at what."""
    rows = (rig.device_context or {}).get("enforcement", [])
    row = next((one for one in rows if one["what"] == "memory"), None)
    if row is None:
        return "the bench holds it to nothing"
    return f"the bench holds it to {row['asked']}" if row["enforced"] else "not held by the bench"


@pytest.mark.case("TC-RES-003")
def test_processor_use(watched: Watched, profile: Profile, measure: Measure) -> None:
    """Processor use stays within its budget, idle and at the pace of all sensors promised.

    Method: processor time of all processes of the device is read from the kernel before and after a
    stretch of rest, and of signal that goes in at the pace of its sensors, as many as the profile
    says may be connected, each taken for a stream of the device's own input. It is given as a share
    of all cores of the profile. A busy host gives work that never rests less time than it would
    take, so what such threads waited is added before the budget is said to be kept.
    """
    limit, cores = profile.budget.cpu_percent, profile.compute.cores
    measure.record("processor_use_idle", _judge_use(watched.idle_work, cores, limit, ""))
    per_second_ms = 1e3 * watched.following_work.ran_s / watched.signal_s
    note = (
        f"{per_second_ms:.2f} ms of processor time a second of signal, at the speed of this host;"
        f" {watched.streams_promised} sensors as {watched.streams} streams"
    )
    measure.record("processor_use", _judge_use(watched.following_work, cores, limit, note))


def _judge_use(work: Work, cores: int, limit: float, note: str) -> Judgement:
    stretch = f"{work.wall_s:.1f} s watched, {work.ran_s:.2f} s run, {work.waited_s:.2f} s waited"
    told = "; ".join(filter(None, (note, stretch)))
    return judge_levels([Level(*work.percent_of(cores))], limit, "%", doubt=HELD_BACK, note=told)


@pytest.mark.case("TC-RES-009")
def test_memory_when_flooded(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """Memory stays within its budget when nobody reads what the device tells.

    Method: the device gets windows in large blocks as fast as it takes them while nobody fetches a
    result, with unreadable lines, blocks that it must refuse, and streams opened and closed in
    between. Its resident memory is held against the budget after each round; at the end it still
    answers, and tells results.
    """
    rounds = rig.samples("TC-RES-009")
    feed = Feed(device, rig.seed("flood"), streams=1)
    seen = [resident(device)]
    for number in range(rounds):
        feed.flood(BLOCK_WINDOWS)
        device.send_line(UNREADABLE).refusal(codes=[PARSE_ERROR])
        device.call_expecting_error("stream.push", feed.repeated(), codes=[BAD_PARAMETERS])
        feed.open("beside")
        device.call("stream.close", {"stream": "beside"})
        seen.append(resident(device))
        rig.progress(number + 1, rounds)
    note = f"{rounds * BLOCK_WINDOWS} windows that nobody asked for; {_held(rig)}"
    limit_mb = profile.budget.memory_mb
    judged = judge_levels(in_mb(seen), limit_mb, "MB", doubt=SHARED, note=note)
    measure.record("resident_memory_flooded", judged)
    told = feed.told(WAIT_MS)
    measure.check(
        "tells_results_after_the_flood",
        told > 0,
        expected="results when it is asked for them again",
        observed=f"{told} results",
    )
