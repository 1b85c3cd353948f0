"""A processor on a bench: a model that answers by the mean, and everything that was told."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeward.adapters.clock import SimulatedClock
from edgeward.errors import ModelError
from edgeward.limits import DEFAULT, Limits
from edgeward.model.card import ModelCard, ModelInput
from edgeward.process.backlog import StreamClass
from edgeward.process.decision import Decider, Decision
from edgeward.process.mode import PACE, Pace
from edgeward.process.processor import Hooks, Processor
from edgeward.process.stream import Block, ResultEvent
from edgeward.process.technical import Condition, TechnicalEvent
from edgeward.process.watching import RuleReport
from edgeward.signal.windows import Samples, Windower

MS = 1_000_000
WINDOW, HOP = 20, 5
CARD = ModelCard("m", "1", "ab" * 32, ("low", "high"), ModelInput("x", "mV", 250, WINDOW, HOP))


class Engine:
    """Answers by the mean of the window, takes its time, and fails where it is told to."""

    card = CARD
    batch_max = 1

    def __init__(self, clock: SimulatedClock, takes_ns: int = 0) -> None:
        self.clock, self.takes_ns = clock, takes_ns
        self.asked = 0
        self.fails_on: set[int] = set()

    def probabilities(self, samples: Samples) -> tuple[float, ...]:
        self.clock.advance(self.takes_ns)
        self.asked += 1
        if self.asked in self.fails_on:
            raise ModelError("no")
        high = float(1 / (1 + np.exp(-samples.mean())))
        return (1 - high, high)

    def probabilities_many(self, windows: Samples) -> Samples:
        return np.array([self.probabilities(row) for row in windows], dtype=np.float32)


@dataclass
class Bench:
    """A processor with all it told."""

    pace: Pace = PACE
    limits: Limits = DEFAULT
    takes_ns: int = 0
    results: list[ResultEvent] = field(default_factory=list)
    told: list[TechnicalEvent] = field(default_factory=list)
    found: list[RuleReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SimulatedClock()
        self.engine = Engine(self.clock, self.takes_ns)
        self.decider = Decider(self.engine, self.clock)
        hooks = Hooks(
            decide=lambda samples, valid: self.decide(samples, valid),
            decline=self.decider.decline,
            publish=lambda event: self.publish(event),
            report=self.report,
        )
        self.processor = Processor(self.clock, hooks, self.limits, self.pace)

    def report(self, event: TechnicalEvent | RuleReport) -> None:
        if isinstance(event, RuleReport):
            self.found.append(event)
        else:
            self.told.append(event)

    def decide(self, samples: Samples, valid: int) -> Decision:
        return self.decider.decide(samples, valid)

    def publish(self, event: ResultEvent) -> None:
        self.results.append(event)

    def open(self, name: str = "a", stream_class: StreamClass = StreamClass.CLINICAL) -> None:
        self.processor.open(name, Windower(WINDOW, HOP), stream_class)

    def offer(self, first: int, samples: NDArray[Any], name: str = "a") -> None:
        block = Block(first, samples.astype(np.float32), None, self.clock.monotonic_ns())
        self.processor.offer(name, block)
        assert self.processor.backlog.conserved()
        assert self.processor.counts.conserved()

    def conditions(self, condition: Condition) -> list[bool]:
        return [event.raised for event in self.told if event.condition is condition]
