"""The reference device with one seeded defect: `python device.py DEFECT`.

Each defect breaks one promise the way real devices break it. A suite that stays green on one of
these proves nothing about the others.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from edgeward.device.answers import Result
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.model.engine import InferenceEngine
from edgeward.process.decision import Decision
from edgeward.process.stream import ResultEvent
from edgeward.signal.windows import Samples

MS = 1_000_000


class Seeded(Device):
    """Counts the windows it has seen; the defects differ in what they do with that."""

    seen = 0

    def publish(self, event: ResultEvent) -> None:
        self.seen += 1
        super().publish(event)

    def pause(self, milliseconds: float) -> None:
        self.clock.sleep_ns(int(milliseconds * MS))


class LateResults(Seeded):
    """Every result takes 60 ms: beyond the median and the 99th percentile of a bedside monitor."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        self.pause(60)
        return super().decide(samples, valid_samples)


class RareStalls(Seeded):
    """One window in forty stalls for 150 ms; the median knows nothing of it."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        if self.seen % 40 == 39:
            self.pause(150)
        return super().decide(samples, valid_samples)


class BusyStalls(Seeded):
    """As rare stalls, but the device burns its core meanwhile: noise must not be an excuse."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        end_ns = self.clock.monotonic_ns() + 150 * MS
        while self.seen % 40 == 39 and self.clock.monotonic_ns() < end_ns:
            pass
        return super().decide(samples, valid_samples)


class OneStall(Seeded):
    """A single stall in hundreds of windows: no percentile sees it, the maximum does."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        if self.seen == 200:
            self.pause(250)
        return super().decide(samples, valid_samples)


class StallsItsHost(Seeded):
    """Once lets other processes burn every core for it: its own main process only waits.

    Nobody counts them as its children: it has asked the kernel to forget those that end.
    """

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        if self.seen == 200:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            cores = sorted(os.sched_getaffinity(0))
            for child in [self.burn(core) for core in cores]:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, 0)
        return super().decide(samples, valid_samples)

    def burn(self, core: int) -> int:
        """Start a process that keeps a core to itself as far as it may."""
        child = os.fork()
        if child:
            return child
        os.sched_setaffinity(0, {core})
        with contextlib.suppress(OSError):  # not every user may
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        end_ns = self.clock.monotonic_ns() + 150 * MS
        while self.clock.monotonic_ns() < end_ns:
            pass
        os._exit(0)


class HidesItsDelay(Seeded):
    """Tells each result 30 ms after the time it claims for it."""

    def publish(self, event: ResultEvent) -> None:
        self.pause(30)
        super().publish(event)


class AltersTheStamp(Seeded):
    """Claims that the last sample was taken when it was read, not when the sensor took it."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(event._replace(last_sample_ns=event.decision.decided_ns - 1000))


class LosesAWindow(Seeded):
    """Decides on a window and tells nobody."""

    def publish(self, event: ResultEvent) -> None:
        if event.window_index != 120:
            super().publish(event)


class DoublesAWindow(Seeded):
    """Tells one result twice."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(event)
        if event.window_index == 120:
            super().publish(event)


class ShiftsItsWindows(Seeded):
    """Names each window one sample off."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(event._replace(first=event.first + 1, last=event.last + 1))


class NeverLate(Seeded):
    """Does not mark a late result."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(event._replace(late=False))


class AlwaysLate(Seeded):
    """Marks every result as late: a mark that means nothing."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(event._replace(late=True))


class StarvesUnderLoad(Seeded):
    """Runs at nearly the lowest priority: perfect alone, starved beside any other work."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        os.nice(17)  # at 19 it is starved for twice as long, and no more is seen


class Dies(Seeded):
    """Ends without a word in the middle of its work."""

    def publish(self, event: ResultEvent) -> None:
        if event.window_index == 60:
            os._exit(1)
        super().publish(event)


class Hangs(Seeded):
    """Stops answering in the middle of its work."""

    def publish(self, event: ResultEvent) -> None:
        if event.window_index == 60:
            time.sleep(3600)
        super().publish(event)


class ClaimsTooMuch(Seeded):
    """Tells the same delay for every result, 95 ms: just in time, whatever really happened."""

    def publish(self, event: ResultEvent) -> None:
        decision = decided_at(event.decision, event.last_sample_ns + 95 * MS)
        super().publish(event._replace(decision=decision))


class DecidesInTheFuture(Seeded):
    """Gives its decisions an instant ten seconds ahead, and calls them in time."""

    def publish(self, event: ResultEvent) -> None:
        decision = decided_at(event.decision, event.decision.decided_ns + 10_000 * MS)
        super().publish(event._replace(decision=decision))


class MarksByTurns(Seeded):
    """Marks every second result as late, so that half of the marks are right by chance."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(event._replace(late=event.window_index % 2 == 0))


class SaysNothingValid(Seeded):
    """Answers for windows without a valid sample, with a label and a model nobody described."""

    def publish(self, event: ResultEvent) -> None:
        unknown = event.decision._replace(label="martian", labels=(), scores=())
        decision = unknown._replace(model_sha256="0" * 64)
        super().publish(event._replace(valid_samples=0, decision=decision))


class DoublesAtWarmUp(Seeded):
    """Tells each of its first results twice, and then no more."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(event)
        if event.window_index < 20:
            super().publish(event)


class TellsAfterTheEnd(Seeded):
    """Repeats its last result when the stream is closed."""

    latest: ResultEvent | None = None

    def publish(self, event: ResultEvent) -> None:
        self.latest = event
        super().publish(event)

    def stream_close(self, stream: str) -> Result:
        if self.latest is not None:
            super().publish(self.latest)
        return super().stream_close(stream)


class DropsEventsCount(Seeded):
    """Says that it lost events on the way."""

    def read_events(self, after: int, limit: int) -> Result:
        return {**super().read_events(after, limit), "dropped": self.seen // 100}


class ClosesWrongly(Seeded):
    """Counts neither samples nor windows."""

    def stream_close(self, stream: str) -> Result:
        return {**super().stream_close(stream), "samples": 0, "windows": 0}


class RepeatsOneAnswer(Seeded):
    """Tells its first answer for every window, while `infer` judges as it should."""

    first: Decision | None = None

    def publish(self, event: ResultEvent) -> None:
        self.first = self.first or event.decision
        decision = decided_at(self.first, event.decision.decided_ns)
        super().publish(event._replace(decision=decision))


class Wavers(RepeatsOneAnswer):
    """Tells its first answer for every window with a last digit that moves; has no `infer`."""

    def capabilities(self) -> tuple[str, ...]:
        return tuple(name for name in super().capabilities() if name != "infer")

    def publish(self, event: ResultEvent) -> None:
        self.first = self.first or event.decision
        told = dict(self.first.probabilities or {})
        least, *_, most = sorted(told, key=lambda name: told[name])
        moved = 0.0003 * (event.window_index % 2)
        told |= {least: told[least] + moved, most: told[most] - moved}
        scores = tuple(told[name] for name in self.first.labels)
        decision = decided_at(self.first, event.decision.decided_ns)
        Device.publish(self, event._replace(decision=decision._replace(scores=scores)))


class EveryOther:
    """An engine whose card asks for a window with every second sample."""

    def __init__(self, engine: InferenceEngine) -> None:
        self.card = replace(engine.card, input=replace(engine.card.input, hop_samples=2))
        self.batch_max = engine.batch_max
        self.probabilities = engine.probabilities
        self.probabilities_many = engine.probabilities_many


class ShortHops(Seeded):
    """Sound, and decides so often that one rhythm outlasts a drive."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(replace(parts, engine=EveryOther(parts.engine)))


class KnowsOneAnswer(RepeatsOneAnswer):
    """Tells its first answer whatever it is asked: a model that no longer looks at its input."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        decision = super().decide(samples, valid_samples)
        self.first = self.first or decision
        return decided_at(self.first, decision.decided_ns)


class Temperature:
    """An event of a kind that no protocol has."""

    def to_dict(self) -> dict[str, object]:
        return {"kind": "temperature", "celsius": 31.5}


class TellsUnknownKinds(Seeded):
    """Tells of its temperature before each result."""

    def publish(self, event: ResultEvent) -> None:
        self.events.append(Temperature())
        super().publish(event)

    def read_events(self, after: int, limit: int) -> Result:
        return super().read_events(after, min(limit, 1))


class TellsLaterKinds(TellsUnknownKinds):
    """The same as a device of a later minor version, which may: this one is sound."""

    def describe(self) -> Result:
        return {**super().describe(), "protocol": "1.99"}


class OpensSmall(Seeded):
    """Opens streams with another window than it described."""

    def stream_open(self, stream: str) -> Result:
        super().stream_open(stream)
        return {"window_samples": 1, "hop_samples": 1}


def decided_at(decision: Decision, instant_ns: int) -> Decision:
    """The same decision, claimed for another instant."""
    return decision._replace(decided_ns=instant_ns)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "late_results": LateResults,
    "rare_stalls": RareStalls,
    "busy_stalls": BusyStalls,
    "one_stall": OneStall,
    "stalls_its_host": StallsItsHost,
    "hides_its_delay": HidesItsDelay,
    "alters_the_stamp": AltersTheStamp,
    "loses_a_window": LosesAWindow,
    "doubles_a_window": DoublesAWindow,
    "shifts_its_windows": ShiftsItsWindows,
    "never_late": NeverLate,
    "always_late": AlwaysLate,
    "starves_under_load": StarvesUnderLoad,
    "dies": Dies,
    "hangs": Hangs,
    "claims_too_much": ClaimsTooMuch,
    "decides_in_the_future": DecidesInTheFuture,
    "marks_by_turns": MarksByTurns,
    "says_nothing_valid": SaysNothingValid,
    "doubles_at_warm_up": DoublesAtWarmUp,
    "tells_after_the_end": TellsAfterTheEnd,
    "drops_events_count": DropsEventsCount,
    "closes_wrongly": ClosesWrongly,
    "repeats_one_answer": RepeatsOneAnswer,
    "wavers": Wavers,
    "short_hops": ShortHops,
    "knows_one_answer": KnowsOneAnswer,
    "tells_unknown_kinds": TellsUnknownKinds,
    "tells_later_kinds": TellsLaterKinds,
    "opens_small": OpensSmall,
    "sound": Device,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
