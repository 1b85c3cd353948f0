"""The reference device with one seeded defect: `python device.py DEFECT`.

Each defect breaks one promise the way real devices break it. A suite that stays green on one of
these proves nothing about the others.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
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


class HidesItsDelay(Seeded):
    """Tells each result 30 ms after the time it claims for it."""

    def publish(self, event: ResultEvent) -> None:
        self.pause(30)
        super().publish(event)


class AltersTheStamp(Seeded):
    """Claims that the last sample was taken when it was read, not when the sensor took it."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(replace(event, last_sample_ns=event.decision.decided_ns - 1000))


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
        super().publish(replace(event, first=event.first + 1, last=event.last + 1))


class NeverLate(Seeded):
    """Does not mark a late result."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(replace(event, late=False))


class AlwaysLate(Seeded):
    """Marks every result as late: a mark that means nothing."""

    def publish(self, event: ResultEvent) -> None:
        super().publish(replace(event, late=True))


class StarvesUnderLoad(Seeded):
    """Runs at the lowest ordinary priority: perfect alone, starved beside any other work."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        os.nice(19)


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


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "late_results": LateResults,
    "rare_stalls": RareStalls,
    "busy_stalls": BusyStalls,
    "one_stall": OneStall,
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
    "sound": Device,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
