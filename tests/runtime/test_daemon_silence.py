"""What a daemon says when nothing comes, and when too much comes that nobody asked for."""

import numpy as np
import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.store import MemoryStore
from edgeward.device.daemon.daemon import Daemon, DaemonDevice
from edgeward.device.daemon.source import Arrival
from edgeward.device.device import Parts
from edgeward.limits import Limits
from edgeward.model.reference import load_reference_model
from edgeward.process.mode import Mode, Pace
from edgeward.process.stream import Block
from edgeward.process.technical import Condition

ENGINE = load_reference_model()
S = 1_000_000_000
MS = 1_000_000


class Timed:
    """A source whose blocks come at the instants a test wrote down; it ends at the last of them."""

    said = "a timed source"
    streams_expected: int | None = None

    def __init__(self, clock: SimulatedClock, timed: list[tuple[int, Arrival | None]]) -> None:
        self.clock, self.timed = clock, timed
        self.refused: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        return not self.timed

    def receive(self, until_ns: int) -> list[Arrival]:
        at_ns = min(until_ns, self.timed[0][0])
        self.clock.advance(max(0, at_ns - self.clock.monotonic_ns()))
        due = []
        while self.timed and self.timed[0][0] <= self.clock.monotonic_ns():
            arrival = self.timed.pop(0)[1]
            due += [] if arrival is None else [arrival]
        return due

    def close(self) -> None:
        self.timed = []


def block(first: int, count: int = 250) -> Block:
    return Block(first, np.zeros(count, dtype=np.float32), None, 0)


def run(
    timed: list[tuple[int, Arrival | None]], mode: Mode = Mode.REAL_TIME, streams_max: int = 64
) -> tuple[Daemon, list[tuple[Condition, str | None, bool, int]]]:
    clock = SimulatedClock()
    limits = Limits(streams_max=streams_max)
    parts = Parts(clock, MemoryStore(), SeededEntropy(1), ENGINE, pace=Pace(mode), limits=limits)
    told: list[tuple[Condition, str | None, bool, int]] = []
    device = DaemonDevice(parts)
    conditions = device.processor.conditions
    conditions._tell = lambda event: told.append(
        (event.condition, event.stream, event.raised, event.at_ns)
    )
    daemon = Daemon(device, Timed(clock, timed))
    daemon.run(lambda: False)
    return daemon, told


@pytest.mark.parametrize("mode", [Mode.REAL_TIME, Mode.STREAMING, Mode.EVENT_DRIVEN])
def test_a_stream_that_stops_is_told_after_a_window_and_again_when_it_comes(mode: Mode) -> None:
    beds: list[tuple[int, Arrival | None]] = [
        (second * S, ("bed-1", block(second * 250))) for second in range(20)
    ]
    beds += [(second * S, ("bed-2", block(second * 250))) for second in (0, 1, 2, 16, 17, 18)]
    _, told = run(sorted(beds, key=lambda one: one[0]), mode)
    silent = [one for one in told if one[0] is Condition.SILENT]
    assert [(one[1], one[2]) for one in silent] == [("bed-2", True), ("bed-2", False)]
    assert 7 * S < silent[0][3] < 7 * S + 500 * MS  # five seconds of window after the last block
    assert 16 * S <= silent[1][3] < 16 * S + 500 * MS


def test_a_source_that_brings_nothing_at_all_is_told() -> None:
    daemon, told = run([(10 * S, None)])
    assert [one[:3] for one in told] == [(Condition.SILENT, None, True)]
    assert "no stream has begun: a timed source" in daemon.snapshot.conditions[0].text
    _, told = run([(10 * S, ("bed-1", block(0))), (11 * S, None)])
    assert [one[1:3] for one in told] == [(None, True), (None, False)]


def test_frames_that_go_back_for_ever_do_not_pass_for_a_stream_that_comes() -> None:
    timed: list[tuple[int, Arrival | None]] = [(0, ("bed-1", block(1 << 40)))]
    silent_s = ENGINE.card.input.window_samples // ENGINE.card.input.rate_hz
    timed += [(second * S, ("bed-1", block(second * 250))) for second in range(1, silent_s)]
    daemon, _ = run([*timed, ((silent_s + 3) * S, None)])
    wrong = [(event.condition, event.stream) for event in daemon.snapshot.conditions]
    assert wrong == [(Condition.REFUSED, "bed-1"), (Condition.SILENT, "bed-1")]


def test_nobody_waits_for_a_recording() -> None:
    _, told = run([(0, ("r", block(0))), (60 * S, None)], Mode.BATCH)
    assert told == []


def test_ever_new_names_cost_no_memory() -> None:
    timed: list[tuple[int, Arrival | None]] = [
        (number * MS, (f"stranger-{number}", block(0))) for number in range(500)
    ]
    daemon, told = run(timed, streams_max=3)
    assert daemon.snapshot.refused == {"limit": 497}
    wrong = [event.stream for event in daemon.snapshot.conditions]
    assert wrong == ["stranger-3", "stranger-4", "stranger-5", None]
    assert len(told) == 4


@pytest.mark.parametrize("name", ["bed-1\nbed-2  all is well", "\x1b[2J", "x" * 65])
def test_a_name_that_could_forge_a_log_begins_no_stream(name: str) -> None:
    daemon, _ = run([(0, (name, block(0))), (S, (name, block(250)))])
    assert daemon.snapshot.streams == {}
    assert daemon.snapshot.refused == {"order": 2}
    (event,) = daemon.snapshot.conditions
    assert (event.stream, event.text.isprintable()) == (None, True)
    assert "accepted: 1 to 64 printable characters" in event.text


def test_a_sender_that_begins_again_is_judged_again_after_its_silence_and_not_before() -> None:
    first = [(second * S, ("a", block(second * 250))) for second in range(40)]
    again = [((40 + second) * S, ("a", block(second * 250))) for second in range(60)]
    daemon, told = run([*first, *again, (101 * S, None)])
    stream = daemon.device.processor.streams["a"]
    taken = ENGINE.card.input
    silent_s = taken.window_samples // taken.rate_hz
    began_s = next(at_ns for _, _, raised, at_ns in told if raised) / S
    assert told[0][0] is Condition.REFUSED  # from its first sample on it is told
    assert began_s == 40
    assert daemon.snapshot.refused == {"order": pytest.approx(silent_s, abs=2)}
    assert stream.next_sample == 60 * 250
    assert not [one for one in daemon.snapshot.conditions if one.stream == "a"]
