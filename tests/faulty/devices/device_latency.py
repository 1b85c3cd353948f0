"""The reference device with one defect of its timing: `python device_latency.py DEFECT`.

Each defect is one that real devices were seen with, and is made to be found at the smallest planned
sample. As in `device.py`, which holds those of the protocol and of single results.
"""

import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edgeward.device.answers import Result
from edgeward.device.device import Device, Parts
from edgeward.device.serve import main
from edgeward.process.decision import Decision
from edgeward.process.stream import Block, ResultEvent
from edgeward.signal.windows import Samples

MS = 1_000_000
MIB = 1 << 20


class Slowed(Device):
    """Counts the windows it decides on, and can wait."""

    seen = 0

    def decide(self, samples: Samples, valid_samples: int) -> Decision:
        self.seen += 1
        self.wait_before(self.seen)
        return super().decide(samples, valid_samples)

    def wait_before(self, number: int) -> None:
        """What keeps the decision on this window from being made."""

    def pause(self, milliseconds: float) -> None:
        self.clock.sleep_ns(int(milliseconds * MS))


class RareTenfoldStall(Slowed):
    """One window in 160 takes ten times the median of its budget: no lower percentile sees it."""

    def wait_before(self, number: int) -> None:
        if number % 160 == 0:
            self.pause(250)


class CollectsGarbage(Slowed):
    """Makes cycles, never freezes what it keeps, and collects in the middle of its work."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.kept: list[list[object]] = []

    def wait_before(self, number: int) -> None:
        if not self.kept:
            self.kept = [[] for _ in range(1_500_000)]
            for one in self.kept:
                one.append(one)
        if number % 25 == 0:
            gc.collect()


class WaitsForTheOutbox(Slowed):
    """Asks for a lock that a writer in the background keeps while it writes to its disk."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.lock = threading.Lock()
        self.folder = Path(tempfile.mkdtemp(dir=os.environ.get("EDGEWARD_STATE")))
        threading.Thread(target=self.write, daemon=True).start()

    def write(self) -> None:
        """Hold the lock over a slow disk, again and again."""
        while True:
            time.sleep(0.25)
            with self.lock:
                write_through(self.folder / "outbox", MIB)
                time.sleep(0.15)

    def wait_before(self, number: int) -> None:
        with self.lock:
            pass


class WaitsForFsync(Slowed):
    """Rewrites its journal on the way of a result, and waits for the disk."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.folder = Path(tempfile.mkdtemp(dir=os.environ.get("EDGEWARD_STATE")))

    def wait_before(self, number: int) -> None:
        if number % 30 == 0:
            write_through(self.folder / "journal", 192 * MIB)


class WritesEachResult(Slowed):
    """Puts a result into its journal line by line before it tells it, and waits for each of 16."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.folder = Path(tempfile.mkdtemp(dir=os.environ.get("EDGEWARD_STATE")))

    def wait_before(self, number: int) -> None:
        with (self.folder / "journal").open("ab", buffering=0) as journal:
            for _ in range(16):
                journal.write(b"{}\n")
                os.fsync(journal.fileno())


class GivesWayToOthers(Slowed):
    """Lets go of its model when others take memory, and loads it anew for the next window."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.most = available_bytes()

    def wait_before(self, number: int) -> None:
        available = available_bytes()
        if self.most - available > 64 * MIB:
            self.pause(100)
            self.most = available
        self.most = max(self.most, available)


class TellsMicroseconds(Device):
    """Its clock counts microseconds and is told as nanoseconds, in results as well."""

    def describe(self) -> Result:
        told = super().describe()
        clock = dict(told["clock"])
        return {**told, "clock": {**clock, "now_ns": clock["now_ns"] // 1000}}

    def publish(self, event: ResultEvent) -> None:
        decided_ns = event.decision.decided_ns // 1000
        decision = event.decision._replace(decided_ns=decided_ns)
        super().publish(event._replace(decision=decision, late=False))


class TellsDelaysInMicroseconds(Device):
    """Adds the microseconds of a delay to an instant in nanoseconds; its own mark knows better."""

    def publish(self, event: ResultEvent) -> None:
        delay_ns = event.decision.decided_ns - event.last_sample_ns
        decision = event.decision._replace(decided_ns=event.last_sample_ns + delay_ns // 1000)
        super().publish(event._replace(decision=decision))


class TellsThePreviousWindow(Device):
    """Tells for each window what it decided on the one before."""

    before: Decision | None = None

    def publish(self, event: ResultEvent) -> None:
        now, self.before = event.decision, event.decision if self.before is None else self.before
        told = self.before._replace(decided_ns=now.decided_ns)
        self.before = now
        super().publish(event._replace(decision=told))


class DropsNewestSamples(Device):
    """When blocks wait in line it throws the newest away and fills up with the last value."""

    waited_ns_max = 1 * MS

    def stream_push(self, stream: str, block: Block) -> Result:
        age_ns = self.clock.monotonic_ns() - block.acquired_ns
        if age_ns > self.waited_ns_max and len(self.processor.streams) > 1:
            held = block.samples.copy()
            held[:] = held[0]
            block = Block(block.first, held, block.mask, block.acquired_ns)
        return super().stream_push(stream, block)


class GrowsWithItsPatients(Slowed):
    """Looks through all of its patients for each result of one."""

    def wait_before(self, number: int) -> None:
        if len(self.processor.streams) > 1:
            self.pause(1.5 * len(self.processor.streams))


class RecoversSlowly(Slowed):
    """After a stop it works off what waited with long rests, and stays slow for a while."""

    latest_ns = 0
    weary = 0

    def wait_before(self, number: int) -> None:
        now_ns = self.clock.monotonic_ns()
        if self.latest_ns and now_ns - self.latest_ns > 80 * MS:
            self.weary = 20
        if self.weary:
            self.weary -= 1
            self.pause(150)
        self.latest_ns = self.clock.monotonic_ns()


class LosesTheBacklog(Device):
    """Empties its queue after a stop: what waited gets no result."""

    def publish(self, event: ResultEvent) -> None:
        if event.decision.decided_ns - event.last_sample_ns < 60 * MS:
            super().publish(event)


class StartsCold(Slowed):
    """Loads and compiles when the first windows come."""

    def wait_before(self, number: int) -> None:
        if number <= 3:
            self.pause(400)


class CreepsUp(Slowed):
    """Takes a little longer for each window than for the one before."""

    def wait_before(self, number: int) -> None:
        self.pause(0.02 * number)


class ClaimsRealTime(Device):
    """Says that it is run in a real-time class, which nobody gave it."""

    def describe(self) -> Result:
        told = super().describe()
        claim = {"policy": "fifo", "priority": 50, "memory_locked": True}
        return {**told, "scheduling": {**told["scheduling"], **claim}}


def available_bytes() -> int:
    """What the kernel says can be had without swapping."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    told = dict(line.split(":") for line in lines)
    return int(told["MemAvailable"].split()[0]) * 1024


def write_through(path: Path, size: int) -> None:
    """Write a file of this size and wait until it is on its disk."""
    with path.open("wb") as file:
        for _ in range(size // MIB):
            file.write(b"\0" * MIB)
        file.flush()
        os.fsync(file.fileno())


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    "rare_tenfold_stall": RareTenfoldStall,
    "collects_garbage": CollectsGarbage,
    "waits_for_the_outbox": WaitsForTheOutbox,
    "waits_for_fsync": WaitsForFsync,
    "writes_each_result": WritesEachResult,
    "gives_way_to_others": GivesWayToOthers,
    "tells_microseconds": TellsMicroseconds,
    "tells_delays_in_microseconds": TellsDelaysInMicroseconds,
    "tells_the_previous_window": TellsThePreviousWindow,
    "drops_newest_samples": DropsNewestSamples,
    "grows_with_its_patients": GrowsWithItsPatients,
    "recovers_slowly": RecoversSlowly,
    "loses_the_backlog": LosesTheBacklog,
    "starts_cold": StartsCold,
    "creeps_up": CreepsUp,
    "claims_real_time": ClaimsRealTime,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
