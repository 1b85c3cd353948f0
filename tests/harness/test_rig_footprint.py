"""What a device uses is seen from outside, in all of its processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from edgeward_harness.errors import Finding, HarnessError
from edgeward_harness.profile.unit import BUILT_IN, energy_counters
from edgeward_harness.rig.energy import metered
from edgeward_harness.rig.footprint import (
    Work,
    high_water,
    processor_seconds,
    resident,
    work_of,
)
from edgeward_harness.target import DeviceSession, open_device

MB = 1 << 20
HOLD = "kept=bytearray(b'1')*{size}; {more} print('held', flush=True); input()"
BURN = """
import sys
print('ready', flush=True)
input()
import time
end = time.process_time() + 0.3
while time.process_time() < end: pass
print('burned', flush=True)
input()
"""


class Processes:
    """Some processes as a device has them."""

    def __init__(self, *pids: int) -> None:
        self.pids = pids

    def processes(self) -> tuple[int, ...]:
        return self.pids


@contextmanager
def running(text: str) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-I", "-S", "-c", text]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def seen(*processes: subprocess.Popen[bytes]) -> DeviceSession:
    return cast("DeviceSession", Processes(*(one.pid for one in processes)))


def test_the_memory_of_one_process_is_exact() -> None:
    with running(HOLD.format(size=50 * MB, more="")) as holds, running("print(1); input()") as bare:
        own, other = resident(seen(holds)), resident(seen(bare))
        assert own.processes == 1
        assert own.least_bytes == own.most_bytes
        assert 49 * MB < own.most_bytes - other.most_bytes < 60 * MB


def test_what_two_processes_share_lies_between_two_bounds() -> None:
    with running(HOLD.format(size=50 * MB, more="")) as one, running(BURN) as two:
        both = resident(seen(one, two))
        assert both.processes == 2
        assert resident(seen(one)).most_bytes <= both.least_bytes + 5 * MB
        assert both.least_bytes < both.most_bytes


def test_what_was_held_and_given_back_is_still_seen_in_the_peak() -> None:
    with running(HOLD.format(size=50 * MB, more="del kept;")) as process:
        assert resident(seen(process)).most_bytes < 40 * MB
        assert high_water(seen(process)).most_bytes > 50 * MB


def test_processor_time_is_counted_while_it_is_used() -> None:
    with running(BURN) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        before_s = processor_seconds(seen(process))
        with work_of(seen(process)) as work:
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()
        assert 0.25 < work.ran_s < 0.5
        assert work.ran_s == pytest.approx(processor_seconds(seen(process)) - before_s, abs=0.011)


def test_a_share_is_of_all_cores_and_its_most_has_the_waiting_and_a_tick() -> None:
    work = Work(wall_s=10, ran_s=2, waited_s=1, uncertain_s=0.02)
    assert work.percent_of(2) == pytest.approx((10, 15.1))


def test_a_process_that_has_ended_is_not_seen_as_small() -> None:
    with running("print(1)") as process:
        process.wait()
        pids = seen(process)
    with pytest.raises(HarnessError, match="ended"):
        resident(pids)


def test_a_device_is_all_of_its_processes() -> None:
    with open_device(BUILT_IN["reference"]) as device:
        assert device.pid in device.processes()
        assert os.getpid() not in device.processes()
        device.kill()
        with pytest.raises(HarnessError, match="has ended"):
            device.processes()


def test_a_device_that_has_ended_by_itself_is_to_blame() -> None:
    with open_device(BUILT_IN["reference"]) as device:
        assert device.pid is not None
        os.kill(device.pid, signal.SIGKILL)
        with pytest.raises(Finding):
            device.pump_until(time.monotonic_ns() + 10_000_000_000)
        for look in (resident, high_water, processor_seconds):
            with pytest.raises(Finding):
                look(device)


def test_a_device_inside_the_harness_has_no_processes() -> None:
    with (
        open_device(BUILT_IN["reference-inprocess"]) as device,
        pytest.raises(HarnessError, match="no processes"),
    ):
        device.processes()


def counter(folder: str, tmp_path: Path, value: int) -> None:
    place = tmp_path / folder
    place.mkdir(parents=True, exist_ok=True)
    (place / "energy_uj").write_text(f"{value}\n", encoding="ascii")
    (place / "max_energy_range_uj").write_text("1000000\n", encoding="ascii")


def test_the_meter_adds_up_its_packages_and_begins_anew(tmp_path: Path) -> None:
    for name in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1"):
        counter(name, tmp_path, 900_000)
    found = energy_counters(tmp_path)
    assert [path.parent.name for path in found] == ["intel-rapl:0", "intel-rapl:1"]
    with metered(found) as energy:
        counter("intel-rapl:0", tmp_path, 950_000)
        counter("intel-rapl:1", tmp_path, 100_000)
    assert energy.joules == pytest.approx(0.05 + 0.2)


def test_without_a_meter_nothing_is_measured(tmp_path: Path) -> None:
    assert energy_counters(tmp_path) == ()
    with pytest.raises(HarnessError, match="no energy meter"), metered(()):
        pass


def test_only_a_process_of_this_host_can_be_seen() -> None:
    assert "process-view" in BUILT_IN["reference"].at_hand
    assert "process-view" not in BUILT_IN["reference-inprocess"].at_hand
