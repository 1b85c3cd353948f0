"""The slow thread: what raises there is told and tried again, and no record is lost uncounted."""

import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.notify import ServiceManager
from edgeward.adapters.sensors import Sensors
from edgeward.adapters.store import MemoryStore
from edgeward.device.daemon.daemon import Daemon, DaemonDevice
from edgeward.device.daemon.handover import Handover
from edgeward.device.daemon.journal import FILE, Journal
from edgeward.device.daemon.slow import SlowSide
from edgeward.device.daemon.source import Arrival
from edgeward.device.device import Parts
from edgeward.errors import StoreError
from edgeward.model.reference import load_reference_model
from edgeward.monitor.monitor import Monitor, Report
from edgeward.process.stream import Block
from edgeward.process.technical import Condition
from edgeward.profile import load_profile

PROFILES = Path(__file__).parents[2] / "device_profiles"
ENGINE = load_reference_model()
S = 1_000_000_000


class Blocks:
    """A source of a block of one window each 200 ms."""

    said = "blocks"
    streams_expected: int | None = None

    def __init__(self, clock: SimulatedClock, count: int) -> None:
        self.clock, self.left, self.first = clock, count, 0
        self.refused: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        return self.left == 0

    def receive(self, until_ns: int) -> list[Arrival]:
        self.clock.advance(until_ns - self.clock.monotonic_ns())
        self.left, self.first = self.left - 1, self.first + 1250
        block = Block(self.first - 1250, np.zeros(1250, np.float32), None, 0)
        return [("bed-1", block)]

    def close(self) -> None:
        self.left = 0


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(start_monotonic_ns=100 * S)


def daemon_of(clock: SimulatedClock, blocks: int = 0) -> Daemon:
    parts = Parts(clock, MemoryStore(), SeededEntropy(1), ENGINE)
    return Daemon(DaemonDevice(parts), Blocks(clock, blocks))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FILE).read_text().splitlines()]


class Broken:
    """A monitor whose sensor does what no sensor should, until it is mended."""

    def look(self) -> Report:
        raise ZeroDivisionError("no such thing")


def test_what_raises_beside_the_clinical_path_is_told_and_the_rest_goes_on(
    clock: SimulatedClock, journal: Journal, tmp_path: Path
) -> None:
    daemon = daemon_of(clock, 3)
    slow = SlowSide(daemon, journal, ServiceManager({}), clock)
    slow.monitor = cast("Monitor", Broken())
    daemon.run(lambda: False)
    for _ in range(15):
        slow.round()
        clock.advance(S // 10)
    (wrong,) = slow.active()
    assert (wrong.condition, wrong.stream) == (Condition.BACKGROUND_FAULT, "look")
    assert wrong.text == "ZeroDivisionError: no such thing"
    profile = load_profile("wearable", [PROFILES]).profile
    slow.monitor = Monitor(Sensors(tmp_path, tmp_path), profile, clock, tmp_path)
    clock.advance(S)
    slow.round()
    slow.round()
    assert Condition.BACKGROUND_FAULT not in {event.condition for event in slow.active()}
    lines = lines_of(tmp_path)
    assert [one["kind"] for one in lines].count("result") == 11
    said = [one["raised"] for one in lines if one.get("condition") == "background_fault"]
    assert said == [True, False]


class Unwritable:
    """A record that cannot be written down."""

    def to_dict(self) -> dict[str, Any]:
        return {"value": object()}


def test_a_record_that_cannot_be_written_is_counted(
    clock: SimulatedClock, journal: Journal
) -> None:
    daemon = daemon_of(clock)
    slow = SlowSide(daemon, journal, ServiceManager({}), clock)
    daemon.device.handover.put(Unwritable())
    slow.round()
    assert (slow.counts.logged, slow.counts.unlogged) == (0, 1)
    assert [event.condition for event in slow.active()] == [Condition.BACKGROUND_FAULT]
    slow.round()
    assert (slow.counts.logged, slow.counts.unlogged) == (1, 1)


def test_a_clinical_thread_that_hangs_outside_of_a_block_is_seen_too(
    clock: SimulatedClock, journal: Journal
) -> None:
    daemon = daemon_of(clock)
    slow = SlowSide(daemon, journal, ServiceManager({}), clock)
    for _ in range(25):
        clock.advance(S // 10)
        slow.round()
    assert [event.condition for event in slow.active()] == [Condition.STALLED]
    assert "has not come round for 2.1 s" in slow.active()[0].text
    daemon.run(lambda: False)
    slow.round()
    assert slow.active() == ()
    assert slow.counts.stalls == 1


def test_a_pause_of_the_whole_process_is_no_stall(clock: SimulatedClock, journal: Journal) -> None:
    slow = SlowSide(daemon_of(clock), journal, ServiceManager({}), clock)
    slow.round()
    clock.advance(3600 * S)
    slow.round()
    assert slow.active() == ()


def test_a_log_that_does_not_keep_up_is_told(clock: SimulatedClock) -> None:
    daemon = daemon_of(clock, 3)
    daemon.device.handover = Handover(4, reserve=3)
    daemon.run(lambda: False)
    assert daemon.snapshot.handed_over["lost_results"] == 10
    (event,) = daemon.snapshot.conditions
    assert event.condition is Condition.LOG_LOST
    assert event.text.startswith("no room for ")


def test_a_disk_that_is_full_in_the_middle_of_a_line_tears_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([{"n": 1}])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12, hard))
    try:
        with pytest.raises(StoreError, match="it took 4 of 8 bytes"):
            journal.append([{"n": 2}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert journal.written == 1
    journal.append([{"n": 3}])
    journal.close()
    assert (tmp_path / FILE).read_bytes() == b'{"n":1}\n{"n"\n{"n":3}\n'


def test_a_log_that_could_not_begin_a_new_file_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    journal = Journal(folder, bytes_max=20)
    journal.append([{"n": 1}, {"n": 2}])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (journal._fd, hard))  # as when all are in use
    try:
        with pytest.raises(StoreError, match="Too many open files"):
            journal.append([{"n": 3}])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    taken = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)  # gets the next free descriptor
    journal.append([{"n": 4}])
    journal.close()
    os.close(taken)
    assert (tmp_path / "other").read_bytes() == b""
    assert (folder / FILE).read_bytes() == b'{"n":4}\n'
    assert (folder / f"{FILE}.1").read_bytes() == b'{"n":1}\n{"n":2}\n'
