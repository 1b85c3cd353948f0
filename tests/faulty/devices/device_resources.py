"""The reference device with one seeded defect in what it uses: `python device_resources.py DEFECT`.

As in `device.py`, each breaks one promise the way real devices break it; here it is one about
memory, processor time, sizes or start-up.
"""

import hashlib
import importlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edgeward.device.answers import Result
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.process.decision import Decision
from edgeward.process.stream import ResultEvent
from edgeward.signal.windows import Samples

MB = 1 << 20
LEAK_BYTES = 40_000
PAUSE_NS = 2_500_000_000
UNREAD_MAX = 256


def touched(size: int) -> bytearray:
    """Memory that is really there: each page was written to."""
    return bytearray(b"\1") * size


class HoldsTooMuch(Device):
    """Holds more than it may from its start on."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.held = touched(600 * MB)


class Peaks(Device):
    """Holds too much for a moment while it starts, and nothing of it later."""

    def __init__(self, parts: Parts) -> None:
        del_me = touched(600 * MB)
        del del_me
        super().__init__(parts)


class Leaks(Device):
    """Keeps a little of each window."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.kept: list[bytearray] = []

    def publish(self, event: ResultEvent) -> None:
        self.kept.append(touched(LEAK_BYTES))
        super().publish(event)


class LeaksInAChild(Device):
    """The same, but in a process that it started: its own memory does not grow."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        read_fd, self.told_fd = os.pipe()
        if not os.fork():
            os.close(self.told_fd)
            kept = []
            while count := len(os.read(read_fd, 4096)):
                kept.append(touched(count * LEAK_BYTES))
            os._exit(0)
        os.close(read_fd)

    def publish(self, event: ResultEvent) -> None:
        os.write(self.told_fd, b".")
        super().publish(event)


class Hoards(Device):
    """Keeps what nobody fetches, however much that becomes."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.unread = 0
        self.hoard: list[bytearray] = []

    def publish(self, event: ResultEvent) -> None:
        self.unread += 1
        if self.unread > UNREAD_MAX:
            self.hoard.append(touched(3 * MB // 4))
        super().publish(event)

    def read_events(self, after: int, limit: int) -> Result:
        self.unread = 0
        self.hoard.clear()
        return super().read_events(after, limit)


class Burns(Device):
    """A thread of it is never done."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        threading.Thread(target=self.burn, daemon=True).start()

    def burn(self) -> None:
        data = bytes(MB)
        while True:
            hashlib.sha256(data)


class BurnsWhenFed(Device):
    """At rest it uses nothing; each window that comes after a rest costs it two fifths of a second.

    When it is driven flat out, where nobody judges what it uses, no window comes so.
    """

    done_ns = 0

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        if self.clock.monotonic_ns() - self.done_ns >= 20_000_000:
            began_ns = time.thread_time_ns()
            while time.thread_time_ns() < began_ns + 400_000_000:
                pass
        decision = super().decide(samples, valid_samples)
        self.done_ns = self.clock.monotonic_ns()
        return decision


class StartsSlowly(Device):
    """Takes its time before it answers."""

    def __init__(self, parts: Parts) -> None:
        parts.clock.sleep_ns(PAUSE_NS)
        super().__init__(parts)


class ReadyLate(Device):
    """Answers at once, and gets ready when the first window is there."""

    ready = False

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        if not self.ready:
            self.clock.sleep_ns(PAUSE_NS)
        self.ready = True
        return super().decide(samples, valid_samples)


class NamesNoModel(Device):
    """Describes a digest that no file has."""

    sha256 = hashlib.sha256(b"no such file").hexdigest()

    def describe(self) -> Result:
        described = super().describe()
        model, *others = described["models"]
        return {**described, "models": [{**model, "sha256": self.sha256}, *others]}


class LargeModel(NamesNoModel):
    """Its model is larger than promised: 12 MB, unpacked into its own folder."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        weights = os.urandom(12 * MB)
        Path(os.environ["EDGEWARD_STATE"], "model.bin").write_bytes(weights)
        self.sha256 = hashlib.sha256(weights).hexdigest()


class Bloated(Device):
    """Needs a large library for very little."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        importlib.import_module("scipy.linalg")


class TellsLessMemory(Device):
    """Tells of 10 MB, whatever it holds."""

    def resources(self) -> Result:
        return {**super().resources(), "rss_bytes": measured(10 * MB)}


class TellsLessTime(Device):
    """Tells half of the processor time that it used."""

    def resources(self) -> Result:
        told = super().resources()
        return {**told, "cpu_seconds": measured(told["cpu_seconds"]["value"] / 2)}


class CountsBack(Device):
    """Tells by turns a little more and a little less than it has used."""

    asked = 0

    def resources(self) -> Result:
        self.asked += 1
        told = super().resources()
        turn = 0.04 if self.asked % 2 else -0.04
        return {**told, "cpu_seconds": measured(told["cpu_seconds"]["value"] + turn)}


class InventsATemperature(Device):
    """Does not know its temperature and tells one all the same."""

    def resources(self) -> Result:
        invented = {"value": 36.6, "provenance": "unknown"}
        return {**super().resources(), "temperature_c": invented}


def measured(value: float) -> Result:
    """A value as if it had been measured."""
    return {"value": value, "provenance": "measured"}


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "holds_too_much": HoldsTooMuch,
    "peaks": Peaks,
    "leaks": Leaks,
    "leaks_in_a_child": LeaksInAChild,
    "hoards": Hoards,
    "burns": Burns,
    "burns_when_fed": BurnsWhenFed,
    "starts_slowly": StartsSlowly,
    "ready_late": ReadyLate,
    "names_no_model": NamesNoModel,
    "large_model": LargeModel,
    "bloated": Bloated,
    "tells_less_memory": TellsLessMemory,
    "tells_less_time": TellsLessTime,
    "counts_back": CountsBack,
    "invents_a_temperature": InventsATemperature,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
