"""A drive of the real reference device on a host that stands still for a moment."""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from edgeward.profile import load_profile
from edgeward_harness.measure.judge import Judgement, Verdict, judge_maximum
from edgeward_harness.profile.unit import find_unit
from edgeward_harness.resources import device_profiles
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.cores import busy_ns
from edgeward_harness.rig.disturbed import USED_SHARE_MAX

ROOT = Path(__file__).parents[2]
WINDOWS = 320
AT_WINDOW = 100
LIMIT_MS = 250.0
STILL_S = 0.4
pytestmark = [pytest.mark.slow, pytest.mark.alone]


def probes() -> list[int]:
    """The stall probes of this process."""
    children = psutil.Process().children()
    return [one.pid for one in children if "_stall_probe.py" in " ".join(one.cmdline())]


def stand_still(pids: list[int]) -> float:
    """Let none of these run for a moment, as when a host is paused.

    Returns how much of the moment others used the busiest core of this host.
    """
    before = busy_ns()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STILL_S)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    after = busy_ns()
    return max(after[core] - used for core, used in before.items()) / (STILL_S * 1e9)


@dataclass(frozen=True)
class Driven:
    """The sound device, driven while some processes stood still once."""

    judged: Judgement
    sent: int
    aside: int
    crowded: bool
    """Others used a core meanwhile: then it is not clear who made whom stand still."""


def driven(monkeypatch: pytest.MonkeyPatch, stopped: Callable[[int], list[int]]) -> Driven:
    """Drive the sound device while these processes stand still once."""
    monkeypatch.syspath_prepend(ROOT)
    from suites.latency.driving import drive

    unit = find_unit("sound", ROOT / "tests" / "faulty" / "devices" / "bench.toml")
    profile = load_profile("portable_device", [device_profiles()]).profile
    used: list[float] = []
    pauses: list[threading.Thread] = []
    with Rig(profile, unit, run_seed=7, sample_sizes={}).open_device() as device:
        assert device.pid is not None
        pid = device.pid

        def progress(done: int, _total: int) -> None:
            if done == AT_WINDOW:
                pids = stopped(pid)
                pauses.append(threading.Thread(target=lambda: used.append(stand_still(pids))))
                pauses[0].start()

        seen = drive(device, windows=WINDOWS, limit_ms=50.0, seed=7, progress=progress)
        pauses[0].join()
    judged = judge_maximum(seen.watched.observed(), LIMIT_MS)
    aside = len(seen.watched.disturbed.set_aside)
    return Driven(judged, len(seen.crossings), aside, crowded=used[0] > USED_SHARE_MAX / 2)


def test_a_pause_of_the_host_is_set_aside_replaced_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beside other busy processes it is left open: they might be the device's."""
    seen = driven(monkeypatch, lambda device: [device, *probes()])
    if seen.crowded and seen.judged.verdict is not Verdict.PASSED:
        assert seen.judged.verdict is Verdict.CANNOT_JUDGE, seen.judged.note
        return
    assert seen.judged.verdict is Verdict.PASSED, seen.judged.note
    assert seen.judged.n == WINDOWS
    assert 1 <= seen.aside == seen.sent - WINDOWS
    told = f"{seen.aside} set aside and replaced, sent in or up to 50 ms before a stall"
    assert told in seen.judged.note


def test_a_pause_of_the_device_alone_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = driven(monkeypatch, lambda device: [device])
    assert seen.judged.verdict is not Verdict.PASSED, seen.judged.note
    assert seen.crowded or seen.judged.verdict is Verdict.FAILED, seen.judged.note
