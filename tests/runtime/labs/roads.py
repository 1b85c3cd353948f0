"""A courier between a queue in memory and a receiver that goes by the document."""

import itertools
import json
import struct
from collections.abc import Callable

from receiving import ListedSource, Receiver

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.delivery.courier import Courier
from edgeward.comms.delivery.pace import SECOND_NS, Pace
from edgeward.errors import DeliveryError

AT_ONCE = Pace({})


class Road:
    """A queue, a courier and a receiver, on one clock that stands still until it is moved."""

    def __init__(self, pace: Pace = AT_ONCE, seed: int = 1, key: bytes | None = None) -> None:
        self.clock = SimulatedClock()
        self.source = ListedSource()
        self.receiver = Receiver(self.clock, sleep=self.clock.sleep_ns)
        self.courier = Courier(
            "bed 3", self.source, self.source, self.receiver, self.clock, SeededEntropy(seed),
            pace, key,
        )  # fmt: skip

    def run(self, seconds: float = 0, rounds: int = 20_000) -> None:
        """Come round until this much time has passed and nothing is due."""
        end_ns = self.clock.monotonic_ns() + int(seconds * SECOND_NS)
        for _ in range(rounds):
            wait_ns = self.courier.round()
            left_ns = end_ns - self.clock.monotonic_ns()
            if wait_ns > max(left_ns, 0):
                self.clock.sleep_ns(left_ns)
                return
            self.clock.sleep_ns(wait_ns)
        raise AssertionError(f"still busy after {rounds} rounds: {self.courier.trouble}")


def failing(error: DeliveryError, times: int | None = None) -> Callable[..., None]:
    """A mishap that raises, so many times."""
    left = itertools.count() if times is None else iter(range(times))

    def raise_it(*_: bytes) -> None:
        if next(left, None) is not None:
            raise error

    return raise_it


def sequences(road: Road) -> list[int]:
    """What arrived, in its order."""
    return [sequence for _, _, sequence, *_ in road.receiver.arrivals]


def answer_of_another(batch: bytes) -> bytes:
    """An answer that claims everything, and names another batch."""
    (length,) = struct.unpack_from("<I", batch, 4)
    told = json.loads(batch[8 : 8 + length])
    ranges = [[one["token"], 1, 1 << 40] for one in told["epochs"]]
    return json.dumps({"protocol": 1, "batch": "f" * 32, "durable": ranges}).encode()
