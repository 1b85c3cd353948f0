"""The doctor: each check is refused once, what was not looked at is never good."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edgeward.adapters.clock import SimulatedClock, SystemClock
from edgeward.adapters.host import package_file
from edgeward.adapters.scheduling import ThreadScheduling
from edgeward.device.daemon.check import as_text
from edgeward.device.daemon.checks import host, trial
from edgeward.device.daemon.checks.checked import Checked, Verdict, exit_status, judged
from edgeward.profile import Profile, load_profile
from edgeward.profile.vocabulary import SchedulingPolicy

PROFILES = Path(__file__).parents[2] / "device_profiles"
COMMAND = str(Path(sys.executable).with_name("edgeward"))
NOW_NS = int(datetime(2026, 12, 24, tzinfo=UTC).timestamp()) * 1_000_000_000
S = 1_000_000_000


def profile_with(part: str, **fields: object) -> Profile:
    """The profile of a wearable, with something else promised."""
    profile = load_profile("wearable", [PROFILES]).profile
    changed: dict[str, Any] = {part: replace(getattr(profile, part), **fields)}
    return replace(profile, **changed)


WEARABLE = profile_with("memory")


class BackClock(SystemClock):
    """Goes back now and then."""

    def __init__(self) -> None:
        self.reads = 0

    def monotonic_ns(self) -> int:
        self.reads += 1
        return super().monotonic_ns() - (S if self.reads % 100 == 0 else 0)


class CoarseClock(SystemClock):
    """Moves once in 4 ms, as a clock without a counter does."""

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() // 4_000_000 * 4_000_000


class SteppedClock(SimulatedClock):
    """Somebody sets it while it is looked at."""

    def sleep_ns(self, duration_ns: int) -> None:
        super().sleep_ns(duration_ns)
        self._wall_ns += 3600 * S


def test_the_clocks_of_a_host_are_good(tmp_path: Path) -> None:
    assert host.clock_monotonic(SystemClock()).verdict is Verdict.GOOD
    late = host.clock_wall(SimulatedClock(start_wall_ns=NOW_NS), tmp_path)
    assert (late.verdict, late.found) == (Verdict.GOOD, "2026-12-24 00:00 UTC")


@pytest.mark.parametrize("clock", [BackClock(), CoarseClock(), SimulatedClock()])
def test_a_clock_that_times_nothing_is_found(clock: SystemClock | SimulatedClock) -> None:
    found = host.clock_monotonic(clock)
    assert (found.verdict, found.advice != "") == (Verdict.FINDING, True)


@pytest.mark.parametrize(
    "clock",
    [
        SimulatedClock(),
        SimulatedClock(start_wall_ns=NOW_NS - 366 * 86_400 * S),
        SimulatedClock(start_wall_ns=NOW_NS + 100 * 366 * 86_400 * S),
        SimulatedClock(start_wall_ns=1 << 70),
        SteppedClock(start_wall_ns=NOW_NS),
    ],
)
def test_a_wall_clock_that_lies_is_found(clock: SimulatedClock, tmp_path: Path) -> None:
    assert host.clock_wall(clock, tmp_path).verdict is Verdict.FINDING


def test_a_wall_clock_before_what_the_device_wrote_is_found(tmp_path: Path) -> None:
    (tmp_path / "epoch").write_text("7")
    for written_s, verdict in ((-60, Verdict.GOOD), (60, Verdict.FINDING)):
        written_ns = NOW_NS + written_s * S
        os.utime(tmp_path / "epoch", ns=(written_ns, written_ns))
        clock = SimulatedClock(start_wall_ns=NOW_NS)
        assert host.clock_wall(clock, tmp_path).verdict is verdict


def test_the_disk_is_written_and_left_as_it_was_found(tmp_path: Path) -> None:
    clock = SystemClock()
    good = host.disk_state(clock, tmp_path / "a" / "b")
    assert good.verdict is Verdict.GOOD
    assert good.found.startswith("20 durable writes of 4 KiB: median ")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kept").write_text("")
    assert host.disk_state(clock, tmp_path).verdict is Verdict.GOOD
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    refused = host.disk_state(clock, tmp_path / "kept")
    assert refused.verdict is Verdict.FINDING
    assert "cannot be" in refused.found


def test_room_is_held_against_what_the_profile_keeps(tmp_path: Path) -> None:
    little = host.disk_space(tmp_path / "not" / "there", profile_with("offline", queue_mb=1))
    assert little.verdict is Verdict.GOOD
    much = host.disk_space(tmp_path, profile_with("offline", queue_mb=1 << 40))
    assert (much.verdict, "offline.queue_mb" in much.accepted) == (Verdict.FINDING, True)


def test_cores_count_as_far_as_they_are_granted(tmp_path: Path) -> None:
    one = profile_with("compute", cores=1)
    assert host.cores(one, tmp_path).verdict is Verdict.GOOD
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert host.cores(one, tmp_path).verdict is Verdict.GOOD
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert host.cores(one, tmp_path).found.startswith("0.5 of ")
    assert host.cores(one, tmp_path).verdict is Verdict.FINDING
    assert host.cores(profile_with("compute", cores=1025)).verdict is Verdict.FINDING


def test_memory_counts_as_far_as_it_may_be_used(tmp_path: Path) -> None:
    profile = replace(
        profile_with("memory", ram_mb=64), budget=replace(WEARABLE.budget, memory_mb=32)
    )
    assert host.memory(profile, tmp_path).verdict is Verdict.GOOD
    (tmp_path / "memory.max").write_text(f"{31 << 20}\n")
    assert host.memory(profile, tmp_path).verdict is Verdict.FINDING
    assert host.memory(profile_with("memory", ram_mb=1 << 40)).verdict is Verdict.FINDING


def test_the_software_is_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.software().verdict is Verdict.GOOD
    wanted = ["numpy>=999.0", "no-such-thing>=1", 'torch>=999; extra == "torch"']
    monkeypatch.setattr("importlib.metadata.requires", lambda _: wanted)
    found = host.software()
    assert found.verdict is Verdict.FINDING
    assert found.advice.startswith("install numpy and no-such-thing again")
    assert "torch" not in found.accepted


def test_certificates_are_never_good() -> None:
    found = host.certificates()
    assert (found.verdict, found.due) == (Verdict.NOT_CHECKED, False)
    assert exit_status([found]) == 0


def a(verdict: Verdict, due: bool = True) -> Checked:
    return Checked("x", verdict, "", "", due=due)


GOOD, FINDING, NOT = (a(verdict) for verdict in Verdict)


@pytest.mark.parametrize(
    ("checks", "status"),
    [([GOOD], 0), ([GOOD, FINDING], 1), ([NOT, GOOD], 2), ([NOT, FINDING], 1), ([], 2),
     ([GOOD, a(Verdict.NOT_CHECKED, due=False)], 0)],
)  # fmt: skip
def test_the_exit_status_says_the_worst(checks: list[Checked], status: int) -> None:
    assert exit_status(checks) == status


def test_advice_is_for_those_who_need_it() -> None:
    assert judged("x", "f", "a", "do", good=True).advice == ""
    assert judged("x", "f", "a", "do", good=False).advice == "do"
    said = as_text(judged("x.y", "found\nthis", "that", "do", good=False)).splitlines()
    assert said[0] == "FINDING     x.y                found this"
    assert [line.strip() for line in said[1:]] == ["accepted: that", "to do: do"]
    assert as_text(GOOD).splitlines()[0].split() == ["good", "x"]


@pytest.mark.parametrize("count", [299, 300, 500, 1000, 10_000])
def test_the_rank_of_a_bound_is_the_lowest_that_has_the_confidence(count: int) -> None:
    rank = trial.bound_rank(count)

    def too_low(at: int) -> float:
        """How often so many of the times, or more, are below the percentile: exact binomial."""
        return math.fsum(
            math.exp(
                math.lgamma(count + 1) - math.lgamma(below + 1) - math.lgamma(count - below + 1)
                + below * math.log(0.99) + (count - below) * math.log(0.01)
            )
            for below in range(at, count + 1)
        )  # fmt: skip

    assert too_low(rank) <= 0.05 < too_low(rank - 1)
    with pytest.raises(ValueError, match="take 299 or more"):
        trial.bound_rank(298)


@pytest.mark.parametrize(
    ("checked", "verdict"),
    [
        (trial.scheduler("fifo", "real-time"), Verdict.GOOD),
        (trial.scheduler("other", "not real-time"), Verdict.FINDING),
        (trial.lock(True, math.inf, 100), Verdict.GOOD),
        (trial.lock(True, 100, 100), Verdict.GOOD),
        (trial.lock(True, 8, 100), Verdict.FINDING),
        (trial.lock(False, math.inf, 100), Verdict.FINDING),
        (trial.lock(None, math.inf, 100), Verdict.NOT_CHECKED),
        (trial.model_size(9.9, 10), Verdict.GOOD),
        (trial.model_size(10.1, 10), Verdict.FINDING),
    ],
)
def test_rights_and_sizes_are_judged(checked: Checked, verdict: Verdict) -> None:
    assert checked.verdict is verdict
    assert bool(checked.advice) == (verdict is Verdict.FINDING)


@pytest.mark.slow
def test_a_trial_asks_for_the_class_and_leaves_this_process_as_it_is() -> None:
    before = ThreadScheduling().observe()
    profile = profile_with(
        "compute", scheduling_policy=SchedulingPolicy.FIFO, scheduling_priority=5
    )
    checks = {one.id: one for one in trial.tried(profile)}
    assert tuple(checks) == trial.IDS
    assert checks["scheduler.class"].found.partition(":")[0] in {"real-time", "not real-time"}
    assert "none is asked for" not in checks["memory.lock"].found
    assert checks["model.loads"].verdict is Verdict.GOOD
    assert Verdict.NOT_CHECKED not in {checks[one].verdict for one in trial.IDS[2:]}
    assert ThreadScheduling().observe() == before


@pytest.mark.parametrize("program", ["/bin/false", "/bin/true", "/no/such/program"])
def test_a_trial_that_breaks_down_has_checked_nothing(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    checks = trial.tried(WEARABLE)
    assert tuple(one.id for one in checks) == trial.IDS
    assert exit_status(checks) == 2
    assert {one.verdict for one in checks} == {Verdict.NOT_CHECKED}


def test_a_model_that_does_not_load_leaves_the_rest_unchecked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A byte of the shipped model is another one, as after a fault of the disk."""

    def damaged(name: str) -> bytes:
        data = package_file(name)
        return data if name.endswith(".json") else data[:100] + b"?" + data[101:]

    monkeypatch.setattr("edgeward.model.reference.package_file", damaged)
    checks = {one.id: one for one in trial.checks_here(WEARABLE)}
    assert checks["model.loads"].verdict is Verdict.FINDING
    assert "SHA-256" in checks["model.loads"].found
    left = {checks[one].verdict for one in ("model.size", "inference.time", "admission")}
    assert left == {Verdict.NOT_CHECKED}


def check(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "check", *map(str, words)], capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_person_checks_a_machine(tmp_path: Path) -> None:
    (tmp_path / "tight.toml").write_text(
        'extends = "wearable"\nschema = 1\nname = "tight"\ntitle = "Tight"\n'
        "[budget]\ninference_ms = 0.001\n"
    )
    words = ("--profile", "tight", "--profiles", tmp_path, "--state", tmp_path / "state")
    told = check(*words, "--json")
    document = json.loads(told.stdout)
    assert told.returncode == document["exit_status"] == 1
    assert (document["schema"], document["profile"]["name"]) == (1, "tight")
    checks = {one["id"]: one for one in document["checks"]}
    assert set(trial.IDS) < set(checks)
    assert checks["inference.time"]["verdict"] == "finding"
    assert checks["disk.state"]["verdict"] == "good"
    assert set(checks["certificates"]) == {"id", "verdict", "found", "accepted", "advice", "due"}
    text = check(*words)
    assert text.returncode == 1
    assert "\nFINDING     inference.time     99 % within " in text.stdout
    assert "at most 0.001 ms (budget.inference_ms)" in text.stdout
    assert all(len(line) <= 100 for line in text.stdout.splitlines())


@pytest.mark.slow
def test_without_a_profile_nothing_is_held_against_one(tmp_path: Path) -> None:
    told = check("--state", tmp_path)
    assert "no profile was named" in told.stdout
    assert "gateway" in told.stdout
    assert "model.loads" not in told.stdout
    assert "no store was named" in told.stdout
    wrong = check("--profile", "gatway", "--state", tmp_path)
    assert wrong.returncode == 2
    assert 'did you mean "gateway"?' in wrong.stderr
    assert "Traceback" not in wrong.stderr
