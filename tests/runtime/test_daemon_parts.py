"""The parts of the daemon: playback, hand-over, log, control socket, service manager."""

import contextlib
import json
import os
import resource
import socket
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbacks import simulated_patients

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.notify import ServiceManager
from edgeward.device.daemon.control import Control, NotRunningError, ask_status
from edgeward.device.daemon.handover import Handover
from edgeward.device.daemon.journal import FILE, Journal
from edgeward.device.daemon.logs import as_text
from edgeward.device.daemon.source import Playback, PlaybackSource
from edgeward.errors import StoreError
from edgeward.model.card import ModelInput
from edgeward.process.decision import Decision, Outcome
from edgeward.process.events import Tellable
from edgeward.process.stream import ResultEvent
from edgeward.process.technical import Condition, TechnicalEvent

ECG = ModelInput("ecg", "mV", 250, 1250, 250)
S = 1_000_000_000


NOTHING = Decision(Outcome.NO_ANSWER, None, None, "", "", 0, 0)


def result(number: int) -> ResultEvent:
    return ResultEvent("a", number, 0, 0, 0, NOTHING, 0, late=None)


def number_of(record: Tellable) -> int | None:
    return record.window_index if isinstance(record, ResultEvent) else None


ALARM = TechnicalEvent(Condition.LATE, "a", raised=True, at_ns=1, text="")


@settings(deadline=None, max_examples=40)
@given(
    streams=st.integers(1, 5),
    block_ms=st.sampled_from([4, 40, 1000]),
    speed=st.sampled_from([0.5, 1.0, 6.0]),
    pauses=st.lists(st.integers(0, 2 * S), max_size=20),
)
def test_every_sample_is_played_once_at_its_instant(
    streams: int, block_ms: int, speed: float, pauses: list[int]
) -> None:
    clock = SimulatedClock(start_monotonic_ns=5)
    playbacks = [
        Playback(str(number), np.arange(777, dtype=np.float32) + number, 250)
        for number in range(streams)
    ]
    source = PlaybackSource(playbacks, clock, ECG, block_ms=block_ms, speed=speed, until_s=10)
    got: dict[str, list[float]] = {one.name: [] for one in playbacks}
    next_due: dict[str, int] = {}
    while not source.ended:
        if pauses:
            clock.advance(pauses.pop())
        for name, block in source.receive(clock.monotonic_ns() + S):
            assert block.first == len(got[name])
            assert block.acquired_ns <= clock.monotonic_ns()
            passed_ns = block.acquired_ns - next_due.get(name, block.acquired_ns)
            assert passed_ns == pytest.approx(
                0 if name not in next_due else len(block.samples) * 4_000_000 / speed, abs=2
            )
            next_due[name] = block.acquired_ns
            got[name] += block.samples.tolist()
    for number, samples in enumerate(got.values()):
        expected = np.resize(np.arange(777) + number, len(samples))
        assert samples == expected.tolist()
        assert 2500 <= len(samples) < 2500 + max(1, block_ms // 4)


def test_a_playback_that_nobody_could_play_is_refused() -> None:
    (patient,) = simulated_patients(1, seed=1, rate_hz=125)
    with pytest.raises(ValueError, match="recorded at 125 Hz; by its name it has 250 Hz"):
        PlaybackSource([patient], SimulatedClock(), ECG)
    with pytest.raises(ValueError, match="all must be above 0"):
        PlaybackSource([], SimulatedClock(), ECG)


def test_patients_are_the_same_for_the_same_seed_and_differ_from_each_other() -> None:
    first, second = simulated_patients(2, 7, 250), simulated_patients(2, 7, 250)
    np.testing.assert_array_equal(first[0].samples, second[0].samples)
    assert not np.array_equal(first[0].samples, first[1].samples)
    assert len(first[0].samples) == 250 * 300


def test_results_leave_room_for_what_is_wrong_and_every_loss_is_counted() -> None:
    handover = Handover(10, reserve=3)
    assert [handover.put(result(n)) for n in range(9)] == [True] * 7 + [False] * 2
    assert [handover.put(ALARM) for _ in range(4)] == [True] * 3 + [False]
    assert handover.counts() == {
        "put": 10, "taken": 0, "waiting": 10, "in_hand": 0, "lost_results": 2, "lost_others": 1,
    }  # fmt: skip
    assert [number_of(one) for one in handover.take(4)] == [0, 1, 2, 3]
    assert handover.counts()["in_hand"] == 0
    with pytest.raises(ValueError, match="leaves none for results"):
        Handover(3, reserve=3)


def test_two_threads_lose_and_double_nothing() -> None:
    handover = Handover(100_000)
    taken: list[int | None] = []
    total = 20_000
    seen: set[int] = set()

    def take() -> None:
        while len(taken) < total:
            taken.extend(number_of(one) for one in handover.take(7))

    thread = threading.Thread(target=take)
    thread.start()
    for number in range(total):
        handover.put(result(number))
        if number % 100 == 0:
            seen.add(handover.counts()["in_hand"])
    thread.join()
    assert taken == list(range(total))
    assert seen <= {0, 1}


def test_the_log_is_bounded_whole_and_goes_on_after_a_torn_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path, bytes_max=400)
    journal.append({"n": number, "text": "x" * 50} for number in range(20))
    journal.close()
    journal.close()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == [FILE, f"{FILE}.1"]
    assert all(path.stat().st_size <= 400 for path in files)
    lines = [line for path in reversed(files) for line in path.read_text().splitlines()]
    kept = [json.loads(line)["n"] for line in lines]
    assert kept == list(range(kept[0], 20))
    assert oct((tmp_path / FILE).stat().st_mode & 0o777) == "0o600"
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"n": 99')
    journal = Journal(tmp_path)
    journal.append([{"n": 100}])
    journal.close()
    assert (tmp_path / FILE).read_bytes().endswith(b'{"n": 99\n{"n":100}\n')


def test_a_log_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/events\.jsonl: cannot be written"):
        Journal(tmp_path / "file")


def test_a_full_disk_is_an_error_and_what_was_written_is_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    os.dup2(os.open("/dev/full", os.O_WRONLY), journal._fd)
    with pytest.raises(StoreError, match="No space left"):
        journal.append([{"n": 1}])
    assert journal.written == 0
    journal.close()


def test_a_moment_without_a_free_descriptor_does_not_end_the_answers(tmp_path: Path) -> None:
    control = Control(tmp_path, lambda: {"rung": "full"})
    control.start()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ask_status(tmp_path)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as two,
    ):
        one.settimeout(0.2)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))  # no new one from now on
        try:
            for peer in (one, two):
                peer.connect(str(tmp_path / "control.sock"))
                peer.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
            with contextlib.suppress(TimeoutError):
                one.recv(4096)  # answered, where its descriptor had been taken before
                control._thread.join(0.1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        two.settimeout(30)
        assert b'"rung"' in two.recv(4096)
    assert ask_status(tmp_path) == {"rung": "full"}
    control.close()


def test_a_line_of_the_log_is_said_in_words() -> None:
    window = {"index": 4, "first": 0, "last": 9, "valid": 10}
    result = {
        "wall_ns": 1_790_000_000_123_000_000, "kind": "result", "stream": "bed-1", "window": window,
        "outcome": "answer", "label": "sinus", "probabilities": {"sinus": 0.98}, "late": True,
        "last_sample_ns": 0, "decision_ns": 12_300_000,
    }  # fmt: skip
    said = as_text(json.dumps(result))
    assert said == "2026-09-21 14:13:20.123  bed-1 #4  sinus 98%  12.30 ms  LATE"
    refused = {**result, "outcome": "no_answer", "reason": "why", "late": None}
    assert as_text(json.dumps(refused)).endswith("bed-1 #4  no answer: why  12.30 ms")
    technical = {"wall_ns": 0, **ALARM.to_dict()}
    assert as_text(json.dumps(technical)) == "1970-01-01 00:00:00.000  BEGINS late of a  "
    for strange in ("", "{", "[]", '{"kind":"x","wall_ns":1}', '{"wall_ns":"x"}'):
        assert as_text(strange) == strange


def test_a_daemon_is_asked_and_answers_one_peer_after_the_other(tmp_path: Path) -> None:
    calls: list[int] = []

    def status() -> dict[str, Any]:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError
        return {"fine": True}

    control = Control(tmp_path, status)
    control.start()
    assert ask_status(tmp_path) == {"fine": True}
    with pytest.raises(NotRunningError, match="does not answer"):
        ask_status(tmp_path)
    for line, said in (
        (b"nonsense\n", b"not a line of JSON"),
        (b'{"jsonrpc":"2.0","id":1,"method":"stop"}\n', b"there is status"),
    ):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(tmp_path / "control.sock"))
            peer.sendall(line)
            assert said in peer.recv(1000)
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "control.sock"))  # and leaves
    assert ask_status(tmp_path) == {"fine": True}
    with pytest.raises(StoreError, match="cannot be listened on"):
        Control(tmp_path, status)
    control.close()
    with pytest.raises(NotRunningError, match="no daemon runs here"):
        ask_status(tmp_path)


@pytest.mark.parametrize("abstract", [True, False])
def test_the_service_manager_is_told_where_there_is_one(tmp_path: Path, abstract: bool) -> None:
    name = f"@edgeward-test-{os.getpid()}" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if abstract else name)
        manager = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "2000000"})
        assert manager.watchdog_ns == 2 * S
        manager.ready()
        manager.alive()
        manager.status("two\nlines")
        manager.stopping()
        told = [listening.recv(100) for _ in range(4)]
    assert told == [b"READY=1", b"WATCHDOG=1", b"STATUS=two lines", b"STOPPING=1"]
    manager.ready()  # it has gone: nothing happens
    alone = ServiceManager({"WATCHDOG_USEC": "soon"})
    assert alone.watchdog_ns is None
    alone.ready()
