"""Many patients on one device: a stream for each, and one reader for what is told of them all."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edgeward_harness.rig.disturbed import Usage
from edgeward_harness.rig.stall import Clocked, Span, clocked, span_of
from edgeward_harness.target import DeviceSession, Pending

from .reader import ANSWER_TIMEOUT_S, Reader
from .sensor import Block, Crossing, Sensor

EVENTS_OF_MANY: Final = 256
"""Events in one answer, so that those of other streams do not keep a result from being told."""

LOST_MAX: Final = 10
"""Windows without a result after which a drive of many streams ends: each of them is waited for."""


@dataclass(slots=True)
class Owed:
    """A block that was sent, and what came for its window."""

    sensor: Sensor
    block: Block
    pushed: Pending
    events: list[Mapping[str, Any]] = field(default_factory=list)
    received_ns: int = 0
    """When the first result for it was read; 0: none yet."""

    def crossing(self, scheduled: Span) -> Crossing:
        """The way of the window, when all that was waited for is there."""
        return Crossing(
            sent_ns=self.pushed.sent_ns,
            received_ns=self.received_ns,
            stamped_ns=self.block.stamped_ns,
            acquired_ns=int(self.block.parameters["acquired_ns"]),
            scheduled=scheduled,
            expected=self.block.expected,
            events=tuple(self.events),
            stream=self.sensor.stream,
        )


class Ward:
    """The sensors of several patients at one device, and what each of their windows is owed."""

    def __init__(self, device: DeviceSession, seed: int, *, streams: int, windows: int) -> None:
        """Open so many streams, each for about so many windows.

        Raises:
            Finding: the device refuses one of them.
        """
        self.device = device
        self.reader = Reader(device, EVENTS_OF_MANY)
        self.usage = Usage()
        self.sensors = [
            Sensor(device, seed + bed, windows=windows, stream=f"bed-{bed}", reader=self.reader)
            for bed in range(streams)
        ]
        self.sent: dict[tuple[str, int], Owed] = {}
        """Every window of the drive, by stream and index."""
        self.strays = [f"{one.stream}: {one.early}" for one in self.sensors if one.early]
        """Results that nobody was owed, and answers out of order."""
        self._lost = 0

    def send(self, sensor: Sensor) -> Owed:
        """Send the next block of a stream without waiting."""
        block = sensor.next_block()
        pushed = self.device.send("stream.push", block.parameters)
        owed = self.sent[sensor.stream, block.expected["index"]] = Owed(sensor, block, pushed)
        return owed

    def gather(self, awaited: Collection[Owed]) -> None:
        """Read what is told until each of these has a result, or nothing more comes.

        Raises:
            Finding: so many results were lost by now that waiting for more of them is pointless.
        """
        while any(not one.events for one in awaited):
            if not self.take(self.reader.ask()):
                self._count_lost(awaited)
                break
        for one in awaited:
            one.pushed.result(ANSWER_TIMEOUT_S)

    def take(self, asked: Pending) -> bool:
        """Put what this answer tells to the windows it is about; False when it tells nothing."""
        told = self.reader.told(asked)
        if told.disorder:
            self.strays.append(told.disorder)
        for event in told.events:
            owed = self._owed(event)
            if owed is None:
                self.strays.append(f"a result nobody is owed: {str(dict(event))[:120]}")
                continue
            owed.events.append(event)
            owed.received_ns = owed.received_ns or told.received_ns
        return bool(told.events)

    def round(self) -> list[Crossing]:
        """Send the next block of every stream at once, and wait for all results."""
        self.usage.read()
        before = clocked(self.device)
        sent = [self.send(sensor) for sensor in self.sensors]
        self.gather(sent)
        return self._crossings(sent, before)

    def cross(self, sensor: Sensor) -> Crossing:
        """Send the next block of one stream and wait for its result; others may be told as well."""
        self.usage.read()
        before = clocked(self.device)
        sent = [self.send(sensor)]
        self.gather(sent)
        return self._crossings(sent, before)[0]

    def settle(self) -> None:
        """Wait for everything that is still owed."""
        self.gather([one for one in self.sent.values() if not one.events or not one.pushed.done])

    def crossings_of(self, sensor: Sensor) -> Iterator[Crossing]:
        """What became of each window of a stream, in their order; without what noise added."""
        for (stream, _), owed in self.sent.items():
            if stream == sensor.stream:
                yield owed.crossing(Span(owed.pushed.sent_ns, owed.received_ns))

    def close(self) -> list[str]:
        """Close all streams; the faults of what the device says it had of them."""
        faults = []
        for sensor in self.sensors:
            told = sensor.close()
            sent = {"samples": sensor.next_sample, "windows": sensor.window_index}
            if any(told[key] != count for key, count in sent.items()):
                faults.append(f"{sensor.stream}: sent {sent}, told {str(dict(told))[:80]}")
        return faults

    def _count_lost(self, awaited: Collection[Owed]) -> None:
        missing = [one for one in awaited if not one.events]
        self._lost += len(missing)
        if self._lost >= LOST_MAX:
            names = ", ".join(f"{o.sensor.stream} {o.block.expected['index']}" for o in missing[:5])
            raise self.device.finding(
                "Results do not come", f"{self._lost} windows have none, the latest: {names}"
            )

    def _owed(self, event: Mapping[str, Any]) -> Owed | None:
        if event["kind"] != "result":
            return None
        return self.sent.get((event["stream"], event["window"]["index"]))

    def _crossings(self, sent: Sequence[Owed], before: Clocked) -> list[Crossing]:
        after = clocked(self.device)
        self.usage.read()
        return [
            one.crossing(span_of(one.pushed.sent_ns, one.received_ns, before, after))
            for one in sent
        ]


class Flood:
    """Streams that push as hard as the device takes it: the next block with each answer."""

    def __init__(self, ward: Ward, sensors: Sequence[Sensor]) -> None:
        """Flood from these streams of the ward."""
        self._ward = ward
        self._sensors = sensors
        self._under_way: dict[str, Owed] = {}

    def go_on(self) -> None:
        """Send the next block of every stream whose last one was taken."""
        for sensor in self._sensors:
            latest = self._under_way.get(sensor.stream)
            if latest is None or latest.pushed.done:
                self._under_way[sensor.stream] = self._ward.send(sensor)
