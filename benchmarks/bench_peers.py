"""Windows with overlap and a limit: ours against reactivex, streamz and bytewax (P8).

`stream_peers` has the job and the contenders. In each round every one of them does the whole job
once, in turn, in this process; the figures are medians of the rounds. What each one found is
compared with what is cut from the whole recording: one that differs ends the benchmark.

Latency is from right before the chunk that completes a window is pushed to right after, without a
pause between chunks. bytewax fetches its input by itself, and a window of its event time ends when
a later sample comes, so that it has no such time.

`windows` is held to the goals: what it does, checking each sample for a number included, is what
the others do. `processor` is the path of a device, with all that it does besides; it and the ones
in halves are shown.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from verdict import Verdict, on_host

from edgeward.adapters.scheduling import freeze_garbage
from edgeward_harness.rig.stall import stall_probe

if TYPE_CHECKING:
    from stream_peers import Chunk, Judged, Pushed

PEERS = ("reactivex", "streamz", "bytewax")
RATE_RATIO_MIN = 5.0
LATENCY_RATIO_MAX = 0.5
OURS = "windows"

Took = dict[str, list[float]]
"""Of each contender, a figure of each round: seconds."""


def absent(names: Sequence[str]) -> list[str]:
    """Those that are not installed."""
    return [name for name in names if find_spec(name) is None]


def compare(name: str, found: "Sequence[Judged]", right: "Sequence[Judged]") -> None:
    """Refuse a contender that did another job, in whatever order its results came.

    Raises:
        SystemExit: it did, with the first difference.
    """
    if sorted(found) == sorted(right):
        return
    wrong = sorted(set(found) ^ set(right))[:1]
    raise SystemExit(
        f"{name} found {len(found)} results of which {len(set(found) & set(right))} are among the"
        f" {len(right)} expected; the first difference: {wrong}. No figure is worth anything."
    )


def timed(job: Callable[[], object]) -> float:
    """Seconds."""
    began_ns = time.perf_counter_ns()
    job()
    return (time.perf_counter_ns() - began_ns) / 1e9


def latency(pushed: "Pushed", ticks: "Sequence[list[Chunk]]", judged: "list[Judged]") -> float:
    """The median of all chunks that complete a window, in seconds."""
    from stream_peers import HOP, WINDOW

    feed, took = pushed(judged), []
    for tick in ticks:
        _, first, samples = tick[0]
        past = first + len(samples) - WINDOW
        if past < 0 or past % HOP:
            feed(tick)
        else:
            took += [timed(partial(feed, [chunk])) for chunk in tick]
    return statistics.median(took)


def measure(seconds: int, rounds: int) -> tuple[Took, Took, int]:
    """What each took for the job, and its latency, each round; and how many chunks the job has."""
    from stream_peers import PATIENTS, PUSHED, arrivals, expected, starters

    chunks = arrivals(seconds)
    ticks = [chunks[at : at + PATIENTS] for at in range(0, len(chunks), PATIENTS)]
    right = expected(chunks)
    ready = dict(starters(chunks))
    jobs: Took = {name: [] for name in ready}
    latencies: Took = {name: [] for name in PUSHED}
    freeze_garbage()
    for _ in range(rounds):
        for name, start in ready.items():
            judged: list[Judged] = []
            jobs[name].append(timed(start(judged)))
            compare(name, judged, right)
        for name, pushed in PUSHED.items():
            judged = []
            latencies[name].append(latency(pushed, ticks, judged))
            compare(name, judged, right)
    print(f"{len(right)} windows, the same from all; medians of {rounds} rounds")
    return jobs, latencies, len(chunks)


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours beside another's."""

    what: str
    value: float
    limit: float
    least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the goal is."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    def said(self, *, bound: bool) -> str:
        """With the goal, where it is one."""
        told = f"{self.value:6.2f} x the {self.what}"
        if not bound:
            return told
        word = "at least" if self.least else "at most"
        return f"{told} ({word} {self.limit:g}: {'kept' if self.kept else 'MISSED'})"


def show(jobs: Took, latencies: Took, chunks: int) -> bool:
    """Print each figure, for a peer beside the goals; whether one is missed."""
    job_s = {name: statistics.median(took) for name, took in jobs.items()}
    latency_s = {name: statistics.median(took) for name, took in latencies.items()}
    missed = False
    print(f"  {'':<22}{'chunks/s':>10}{'p50 latency':>14}   {OURS} beside it")
    for name, took_s in job_s.items():
        rate = f"{chunks / took_s / 1e3:8.0f} k"
        ratios = [Ratio("rate", took_s / job_s[OURS], RATE_RATIO_MIN, least=True)]
        if name in latency_s:
            late = f"{latency_s[name] * 1e6:11.1f} us"
            ratios.append(Ratio("latency", latency_s[OURS] / latency_s[name], LATENCY_RATIO_MAX))
        else:
            late = f"{'-':>14}"
        said = ", ".join(ratio.said(bound=name in PEERS) for ratio in ratios)
        missed |= name in PEERS and not all(ratio.kept for ratio in ratios)
        print(f"  {name:<22}{rate}{late}   {said}")
    return missed


def main() -> int:
    """Measure, and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute of signal, three rounds")
    quick = parser.parse_args().quick
    if missing := absent(PEERS):
        print(
            f"no verdict: not installed: {', '.join(missing)}. Install them from the checkout:\n"
            "  pip install --constraint constraints.txt --editable '.[bench]'\n"
            "(bytewax is not published for Python 3.13 and later)",
            file=sys.stderr,
        )
        return Verdict.NONE
    with stall_probe() as stalls:
        figures = measure(60, 3) if quick else measure(300, 9)
    return on_host(stalls, missed=show(*figures))


if __name__ == "__main__":
    sys.exit(main())
