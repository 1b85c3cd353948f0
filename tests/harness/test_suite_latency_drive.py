"""A drive of the real reference device on a host that stands still for a moment."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from edgeward.profile import load_profile
from edgeward_harness.measure.judge import Judgement, Verdict, judge_maximum
from edgeward_harness.profile.unit import find_unit
from edgeward_harness.resources import device_profiles
from edgeward_harness.rig.bench import Rig

ROOT = Path(__file__).parents[2]
WINDOWS = 320
AT_WINDOW = 100
LIMIT_MS = 250.0
STILL_S = 0.4
pytestmark = pytest.mark.slow


def probes() -> list[int]:
    """The stall probes of this process."""
    children = psutil.Process().children()
    return [one.pid for one in children if "_stall_probe.py" in " ".join(one.cmdline())]


def stand_still(pids: list[int]) -> None:
    """Let none of these run for a moment, as when a host is paused."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STILL_S)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def driven(
    monkeypatch: pytest.MonkeyPatch, stopped: Callable[[int], list[int]]
) -> tuple[Judgement, int, int]:
    """Drive the sound device while these processes stand still once.

    Returns the judgement, how many windows were sent, and how many of them were set aside.
    """
    monkeypatch.syspath_prepend(ROOT)
    from suites.latency.driving import drive

    unit = find_unit("sound", ROOT / "tests" / "faulty" / "bench.toml")
    profile = load_profile("portable_device", [device_profiles()]).profile
    pauses: list[threading.Thread] = []
    with Rig(profile, unit, run_seed=7, sample_sizes={}).open_device() as device:
        assert device.pid is not None
        pid = device.pid

        def progress(done: int, _total: int) -> None:
            if done == AT_WINDOW:
                pauses.append(threading.Thread(target=stand_still, args=(stopped(pid),)))
                pauses[0].start()

        seen = drive(device, windows=WINDOWS, limit_ms=50.0, seed=7, progress=progress)
        pauses[0].join()
    judged = judge_maximum(seen.observed(), LIMIT_MS)
    return judged, len(seen.crossings), len(seen.disturbed.set_aside)


def test_a_pause_of_the_host_is_set_aside_replaced_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged, sent, aside = driven(monkeypatch, lambda device: [device, *probes()])
    assert judged.verdict is Verdict.PASSED, judged.note
    assert judged.n == WINDOWS
    assert 1 <= aside == sent - WINDOWS
    assert f"{aside} set aside and replaced, sent in or up to 50 ms before a stall" in judged.note


def test_a_pause_of_the_device_alone_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, _, _ = driven(monkeypatch, lambda device: [device])
    assert judged.verdict is Verdict.FAILED, judged.note
