"""One job, done by the runtime and by three stream libraries: windows with overlap, and a limit.

The job: eight patients at 250 Hz come in chunks of ten samples, the chunks of all patients of one
instant after each other. Of each patient, ten seconds are judged each five seconds: is the largest
absolute value beyond a limit? Each contender gets the same chunks and the same function to judge
with; the form it wants them in is made before it starts.

Each library cuts windows by its own operator for windows with overlap. Where a hop is half a window
two of them are faster with windows that do not overlap, joined in pairs: shown as "in halves".
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import bytewax.operators as op
import numpy as np
import reactivex.operators as rx
from bytewax.dataflow import Dataflow
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.operators import KeyedStream, windowing
from bytewax.testing import TestingSink, run_main
from reactivex.subject import Subject
from streamz import Stream

from edgeward.adapters.clock import SystemClock
from edgeward.limits import DEFAULT
from edgeward.process.decision import Decision, Outcome
from edgeward.process.processor import Hooks, Processor
from edgeward.process.stream import Block, ResultEvent
from edgeward.signal.patient import SimulatedPatient
from edgeward.signal.windows import Samples, Window, Windower

PATIENTS, RATE_HZ, CHUNK, WINDOW, HOP = 8, 250, 10, 2500, 1250
WINDOW_CHUNKS, HOP_CHUNKS = WINDOW // CHUNK, HOP // CHUNK
LIMIT_MV = 1.0
BATCH = 1000
"""Chunks that bytewax is given at a time: beyond it gains little."""
_START = datetime(2024, 1, 1, tzinfo=UTC)


class Chunk(NamedTuple):
    """What arrives."""

    patient: int
    first: int
    """Index of its first sample."""
    samples: Samples


class Judged(NamedTuple):
    """What comes out."""

    patient: int
    window: int
    peak_mv: float
    beyond: bool


Feed = Callable[[Sequence[Chunk]], None]
"""Takes chunks; returns when each window they complete is judged."""
Pushed = Callable[[list[Judged]], Feed]
"""A contender that is pushed into, ready to start; what it judges is added to the list."""


def arrivals(seconds: int) -> list[Chunk]:
    """The input, in the order of its arrival."""
    ecgs = [SimulatedPatient(seed).ecg("sinus", seconds) for seed in range(1, PATIENTS + 1)]
    return [
        Chunk(patient, first, ecg[first : first + CHUNK])
        for first in range(0, seconds * RATE_HZ, CHUNK)
        for patient, ecg in enumerate(ecgs)
    ]


def judge(patient: int, window: int, samples: Samples) -> Judged:
    """The verdict on one window."""
    peak_mv = float(np.abs(samples).max())
    return Judged(patient, window, peak_mv, peak_mv > LIMIT_MV)


def expected(chunks: Sequence[Chunk]) -> list[Judged]:
    """What every contender has to find: cut from the whole recording, without a stream."""
    found = []
    for patient in range(PATIENTS):
        whole = np.concatenate([chunk.samples for chunk in chunks if chunk.patient == patient])
        starts = range(0, len(whole) - WINDOW + 1, HOP)
        found += [judge(patient, at // HOP, whole[at : at + WINDOW]) for at in starts]
    return found


def windows(judged: list[Judged]) -> Feed:
    """Ours: checked for numbers, into the ring, out as windows."""

    def emit(patient: int, window: Window) -> None:
        judged.append(judge(patient, window.index, window.samples))

    ends = [(Windower(WINDOW, HOP).push, partial(emit, patient)) for patient in range(PATIENTS)]

    def feed(chunks: Sequence[Chunk]) -> None:
        for patient, first, samples in chunks:
            push, told = ends[patient]
            push(first, samples, None, told)

    return feed


def processor(judged: list[Judged]) -> Feed:
    """Ours, with all that a device does besides: admission, watchdog, result, times, counts."""
    clock = SystemClock()

    def decide(samples: Samples, _: int) -> Decision:
        _, _, peak_mv, beyond = judge(0, 0, samples)
        label = "beyond" if beyond else "within"
        return Decision(
            Outcome.ANSWER, label, (peak_mv,), None, "", clock.monotonic_ns(), elapsed_ns=0
        )

    def told(event: ResultEvent) -> None:
        label, (peak_mv,) = event.decision.label, event.decision.scores or ()
        judged.append(Judged(int(event.stream), event.window_index, peak_mv, label == "beyond"))

    def decline(reason: str) -> Decision:
        raise AssertionError(reason)

    whole = Processor(clock, Hooks(decide, decline, told, print), DEFAULT)
    names = [str(patient) for patient in range(PATIENTS)]
    for name in names:
        whole.open(name, Windower(WINDOW, HOP))

    def feed(chunks: Sequence[Chunk]) -> None:
        for patient, first, samples in chunks:
            whole.offer(names[patient], Block(first, samples, None, clock.monotonic_ns()))

    return feed


def _judged_in_turn(judged: list[Judged], patient: int) -> Callable[[Sequence[Samples]], None]:
    """The end of a pipe that hands out one window after the other, as its chunks."""
    numbers = count()

    def told(chunks: Sequence[Samples]) -> None:
        judged.append(judge(patient, next(numbers), np.concatenate(chunks)))

    return told


def _into(ends: Sequence[Callable[[Samples], object]]) -> Feed:
    """Hand each chunk to the pipe of its patient."""

    def feed(chunks: Sequence[Chunk]) -> None:
        for patient, _, samples in chunks:
            ends[patient](samples)

    return feed


def _reactivex(judged: list[Judged], *stages: Any) -> Feed:  # noqa: ANN401 - it has no types here
    subjects = [Subject() for _ in range(PATIENTS)]
    for patient, subject in enumerate(subjects):
        subject.pipe(*stages).subscribe(_judged_in_turn(judged, patient))
    return _into([subject.on_next for subject in subjects])


def reactivex(judged: list[Judged]) -> Feed:
    """Buffers that overlap."""
    return _reactivex(judged, rx.buffer_with_count(WINDOW_CHUNKS, HOP_CHUNKS))


def reactivex_in_halves(judged: list[Judged]) -> Feed:
    """Buffers of a hop, each joined with the one before it."""
    joined = rx.map(lambda pair: pair[0] + pair[1])
    return _reactivex(judged, rx.buffer_with_count(HOP_CHUNKS), rx.pairwise(), joined)


def streamz(judged: list[Judged]) -> Feed:
    """Its window slides by one chunk; the ones between two hops are left out."""

    def pipe(patient: int) -> Callable[[Samples], object]:
        source, slid = Stream(), count()
        full = source.sliding_window(WINDOW_CHUNKS, return_partial=False)
        full.filter(lambda _: next(slid) % HOP_CHUNKS == 0).sink(_judged_in_turn(judged, patient))
        emit: Callable[[Samples], object] = source.emit
        return emit

    return _into([pipe(patient) for patient in range(PATIENTS)])


Stamped = tuple[str, tuple[datetime, Samples]]
"""Patient, instant of the first sample, samples: what bytewax takes."""


class _Batches(StatelessSourcePartition[Stamped]):  # type: ignore[misc] # it has no types here
    """Chunks that lie ready."""

    def __init__(self, items: Sequence[Stamped]) -> None:
        self._batches = (items[at : at + BATCH] for at in range(0, len(items), BATCH))

    def next_batch(self) -> Sequence[Stamped]:
        """StopIteration after the last one is what is asked for."""
        return next(self._batches)


class _Arrivals(DynamicSource[Stamped]):  # type: ignore[misc] # it has no types here
    """The input of a flow."""

    def __init__(self, items: Sequence[Stamped]) -> None:
        self._items = items

    def build(self, *_: object) -> _Batches:
        """For the only worker."""
        return _Batches(self._items)


def stamped(chunks: Sequence[Chunk]) -> list[Stamped]:
    """The input in the form that bytewax takes."""
    return [
        (str(patient), (_START + timedelta(seconds=first / RATE_HZ), samples))
        for patient, first, samples in chunks
    ]


def bytewax(items: Sequence[Stamped], judged: list[Judged]) -> Callable[[], None]:
    """Windows of event time. Those at the start and the end that are not complete are left out."""
    length, offset = (timedelta(seconds=size / RATE_HZ) for size in (WINDOW, HOP))
    clock = windowing.EventClock(
        lambda item: item[0],
        wait_for_system_duration=timedelta(0),
        now_getter=lambda: _START,  # or time spent on a busy host makes later samples late
    )
    sliding = windowing.SlidingWindower(length=length, offset=offset, align_to=_START)

    def told(keyed: tuple[str, tuple[int, list[tuple[datetime, Samples]]]]) -> Judged | None:
        patient, (number, parts) = keyed
        if len(parts) < WINDOW_CHUNKS:
            return None
        return judge(int(patient), number, np.concatenate([samples for _, samples in parts]))

    def flow(up: KeyedStream[Any]) -> Any:  # noqa: ANN401 - it has no types here
        cut = windowing.collect_window("windows", up, clock, sliding)
        return op.filter_map("judge", cut.down, told)

    return _flow(items, judged, flow)


def bytewax_in_halves(items: Sequence[Stamped], judged: list[Judged]) -> Callable[[], None]:
    """Batches of a hop, each joined with the one before it by a function of our own."""
    never = timedelta(days=1)

    def join(
        before: tuple[int, list[Samples]] | None, parts: list[tuple[datetime, Samples]]
    ) -> tuple[tuple[int, list[Samples]], tuple[int, list[Samples]] | None]:
        half = [samples for _, samples in parts]
        if before is None:
            return (0, half), None
        number, earlier = before
        return (number + 1, half), (number, earlier + half)

    def told(keyed: tuple[str, tuple[int, list[Samples]] | None]) -> Judged | None:
        patient, joined = keyed
        return joined and judge(int(patient), joined[0], np.concatenate(joined[1]))

    def flow(up: KeyedStream[Any]) -> Any:  # noqa: ANN401 - it has no types here
        halves = op.collect("halves", up, timeout=never, max_size=HOP_CHUNKS)
        return op.filter_map("judge", op.stateful_map("join", halves, join), told)

    return _flow(items, judged, flow)


def _flow(
    items: Sequence[Stamped], judged: list[Judged], cut: Callable[[KeyedStream[Any]], Any]
) -> Callable[[], None]:
    """A dataflow that is ready to run, with one worker."""
    flow = Dataflow("windows")
    op.output("out", cut(op.input("in", flow, _Arrivals(items))), TestingSink(judged))
    return partial(run_main, flow)


PUSHED: dict[str, Pushed] = {
    "windows": windows,
    "processor": processor,
    "reactivex": reactivex,
    "reactivex in halves": reactivex_in_halves,
    "streamz": streamz,
}
PULLED = {"bytewax": bytewax, "bytewax in halves": bytewax_in_halves}
"""These fetch their input themselves. A window of event time ends when a later sample comes."""


def starters(
    chunks: Sequence[Chunk],
) -> Iterator[tuple[str, Callable[[list[Judged]], Callable[[], None]]]]:
    """Each contender by name: given a list for its results, what does the whole job once."""
    for name, pushed in PUSHED.items():
        yield name, partial(_push_all, pushed, chunks)
    items = stamped(chunks)
    for name, pulled in PULLED.items():
        yield name, partial(pulled, items)


def _push_all(pushed: Pushed, chunks: Sequence[Chunk], judged: list[Judged]) -> Callable[[], None]:
    return partial(pushed(judged), chunks)
