"""As `device_reference_faults.py`, but in what the device tells and does with windows."""

import itertools
import sys
from collections.abc import Callable

import numpy as np

from edgeward.device.answers import Result
from edgeward.device.bedside.patient import BedsidePatient
from edgeward.device.bedside.telling import VitalEvent
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.process.decision import Decision
from edgeward.process.stream import Block, ResultEvent
from edgeward.signal.findings import Reading
from edgeward.signal.ring import Samples

S = 1_000_000_000

# What is told


class LosesInSilence(Device):
    """[19] When the history is full, the oldest is gone, and nobody is told."""

    def read_events(self, after: int, limit: int) -> Result:
        told = super().read_events(after, limit)
        return {**told, "events": told["events"][-12:], "dropped": 0}


def stops_counting(parts: Parts) -> Device:
    """[47] After a thousand numbers it shows no new ones."""
    show, numbers = BedsidePatient.show, itertools.count()

    def at_first(of: BedsidePatient, channel: str, reading: Reading, at_ns: int) -> VitalEvent:
        if next(numbers) < 1000:
            return show(of, channel, reading, at_ns)
        return VitalEvent(of.name, channel, reading, at_ns)

    setattr(BedsidePatient, "show", at_first)  # noqa: B010 - mypy takes no method for a value
    return Device(parts)


class OtherWords(Device):
    """[51] An alarm is critical, a warning or for information."""

    words = ("high", "critical"), ("medium", "warning"), ("low", "info")

    def read_events(self, after: int, limit: int) -> Result:
        told = super().read_events(after, limit)
        for event in told["events"]:
            if event.get("alarm"):
                event["alarm"]["priority"] = dict(self.words)[event["alarm"]["priority"]]
        return told


class StopsSlowly(Device):
    """[30] Its thread looks at whether it shall stop when it has slept."""

    def close(self) -> None:
        self.clock.sleep_ns(7 * S)
        super().close()


# Streams of windows


class ForgetsByTelling(Device):
    """[38] What was read is gone: two readers take it from each other."""

    read = 0

    def read_events(self, after: int, limit: int) -> Result:
        told = super().read_events(max(after, self.read), limit)
        self.read = max(self.read, told["next"])
        return told


class AsksAboutTheMean(Device):
    """[32] The model is asked about the mean of a window."""

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        return super().decide(np.full_like(samples, samples.mean()), valid_samples)


class ErrorIsAnAnswer(Device):
    """[37, 43] A failing model answers with its first label in no time, and nobody is told."""

    decided = 0

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        self.decided += 1
        decision = super().decide(samples, valid_samples)
        if self.decided % 10:
            return decision
        scores = tuple(float(place == 0) for place in range(len(decision.labels)))
        return decision._replace(label=decision.labels[0], scores=scores, elapsed_ns=0)


class TakesNoTime(Device):
    """[40] The time of processing is to be filled in by the caller, who never does."""

    def publish(self, event: ResultEvent) -> None:
        decision = event.decision._replace(decided_ns=event.last_sample_ns)
        super().publish(event._replace(decision=decision, late=False))


class NoWindows(Device):
    """[42] The size of a window is not used: each block is one."""

    def stream_push(self, stream: str, block: Block) -> Result:
        told = super().stream_push(stream, block)
        decision = self.infer_last
        if decision is not None:
            last = block.first + len(block.samples) - 1
            event = ResultEvent(stream, 0, block.first, last, len(block.samples), decision,
                                block.acquired_ns, late=False)  # fmt: skip
            super().publish(event._replace(window_index=block.first // len(block.samples)))
        return told

    infer_last: Decision | None = None

    def publish(self, event: ResultEvent) -> None:
        self.infer_last = event.decision


FAULTS: dict[str, Callable[[Parts], Device]] = {
    "loses_in_silence": LosesInSilence,
    "stops_slowly": StopsSlowly,
    "asks_about_the_mean": AsksAboutTheMean,
    "error_is_an_answer": ErrorIsAnAnswer,
    "forgets_by_telling": ForgetsByTelling,
    "takes_no_time": TakesNoTime,
    "no_windows": NoWindows,
    "stops_counting": stops_counting,
    "other_words": OtherWords,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=FAULTS[sys.argv[1]]))
