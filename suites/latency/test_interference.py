"""Latency beside what else a computer does: busy cores, memory in motion, a disk that stalls."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from edgeward.profile import Profile
from edgeward_harness.errors import CannotJudge
from edgeward_harness.measure.judge import judge_percentile
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.interference import Interference, disk_stalls, memory_pressure
from edgeward_harness.rig.load import cpu_load
from edgeward_harness.rig.programs import program_of
from edgeward_harness.rig.software import STATE_FOLDER
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .driving import drive

PATH = "window_to_result"


@pytest.mark.case("TC-LAT-007")
def test_99th_percentile_under_load(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """The 99th percentile budget is kept while other work keeps every core busy.

    Method: one busy process a core beside the device, otherwise as the unloaded case. The load is
    ours, so only stalls longer than it can cause may be an excuse, and others who share the host.
    """
    _judge_beside(device, profile, measure, rig, "TC-LAT-007", cpu_load())


@pytest.mark.case("TC-LAT-015")
def test_99th_percentile_under_memory_load(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """The 99th percentile budget is kept while other work takes memory and gives it back.

    Method: beside the device one process a core takes its part of a bounded share of the memory
    that is available, touches each page and gives it back, again and again; otherwise as the case
    with busy cores. Each process counts its rounds, and without one by each of them nothing is
    judged.
    """
    load = _judge_beside(device, profile, measure, rig, "TC-LAT-015", memory_pressure())
    _attach(measure, load)


@pytest.mark.case("TC-LAT-016")
def test_99th_percentile_under_disk_load(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """The 99th percentile budget is kept while the disk of the device's state is kept busy.

    Method: beside the device four processes write a file anew in the file system of its state
    folder and wait until it is on the disk, again and again; otherwise as the case with busy cores.
    Each process counts its rounds, and without one by each of them nothing is judged. How long the
    longest round took is attached: so long can the disk keep a device that waits for it.
    """
    stalls = disk_stalls(_state_folder(device))
    _attach(measure, _judge_beside(device, profile, measure, rig, "TC-LAT-016", stalls))


def _judge_beside(
    device: DeviceSession,
    profile: Profile,
    measure: Measure,
    rig: Rig,
    case: str,
    load: AbstractContextManager[Any],
) -> Any:  # noqa: ANN401 - what a load tells of itself is its own
    """Drive the device beside a load of ours, and hold its tail against the budget."""
    limit_ms = profile.budget.latency[PATH].p99_ms
    watched = drive(
        device,
        windows=rig.samples(case),
        limit_ms=limit_ms,
        seed=rig.seed(case),
        progress=rig.progress,
        load=load,
    ).watched
    sample = watched.observed_under_own_load()
    measure.record("window_to_result_p99_loaded", judge_percentile(sample, 0.99, limit_ms))
    measure.attach_json("stall-probe.json", watched.noise())
    return watched.load


def _attach(measure: Measure, load: Interference) -> None:
    measure.attach_json("load.json", load.to_json())


def _state_folder(device: DeviceSession) -> Path:
    """The folder that the device was given for its state.

    Raises:
        CannotJudge: no process of it was given one.
    """
    for pid in device.processes():
        program = program_of(pid)
        if program is not None and (state := program.environment.get(STATE_FOLDER)):
            return program.folder / state
    raise CannotJudge(f"no process of the device has {STATE_FOLDER} in its environment")
