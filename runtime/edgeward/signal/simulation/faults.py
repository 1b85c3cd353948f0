"""What goes wrong on the way from the body to the numbers, on one channel for some time."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from edgeward.signal.findings import Reason
from edgeward.signal.simulation.checks import SECONDS_RANGE, ScriptError, within


class FaultKind(StrEnum):
    """The kinds of fault. What `level` means for each stands beside it."""

    RAIL = "rail"
    """At the end of the range: a lead is off. Level: that end."""
    FLAT = "flat"
    """The last value, over and over. No level."""
    MISSING = "missing"
    """NaN. No level."""
    HUM = "hum"
    """Nothing but mains of 60 Hz: a lead is off. Level: its height, peak to peak."""
    MOTION = "motion"
    """Slow waves and bumps like complexes, as a moving electrode makes. Level: signal to noise in
    decibels, the signal's power being an eighth of its squared height (peak to peak)."""
    MUSCLE = "muscle"
    """Broad noise. Level: as for motion."""
    SATURATION = "saturation"
    """Cut off above and below. Level: where, as a share of the usual height, from the middle; for
    acceleration, in g from 0."""
    WEAK = "weak"
    """A smaller signal in the same noise: a bad lead, low perfusion. Level: the factor."""
    DROPOUTS = "dropouts"
    """Single samples are NaN. Level: their share."""
    PROBE_OFF = "probe_off"
    """Light that met no blood; a number that is not there. No level."""


@dataclass(frozen=True, slots=True)
class _Rule:
    default: float | None
    low: float = -inf
    high: float = inf
    reasons: frozenset[Reason] = frozenset()
    certain: float | None = None
    """Up to this level it must be noticed; beyond, and without one, it may be."""
    hides: float = inf
    """Up to this level nothing can be asked of the channel."""


_OFF = frozenset({Reason.LEAD_OFF, Reason.FLAT, Reason.STUCK, Reason.CLIPPING})
_NOISY = frozenset({Reason.NOISE, Reason.CLIPPING, Reason.LEAD_OFF})
_RULES = {
    FaultKind.RAIL: _Rule(10.0, -1e6, 1e6, _OFF, inf),
    FaultKind.FLAT: _Rule(None, reasons=_OFF | {Reason.WEAK}, certain=inf),
    FaultKind.MISSING: _Rule(None, reasons=frozenset({Reason.MISSING, Reason.STALE}), certain=inf),
    FaultKind.HUM: _Rule(2.0, 0.01, 1e6, _NOISY, inf),
    FaultKind.MOTION: _Rule(0.0, -30, 40, _NOISY, 0.0, 6.0),
    FaultKind.MUSCLE: _Rule(0.0, -30, 40, _NOISY, 0.0, 6.0),
    FaultKind.SATURATION: _Rule(0.3, 0.01, 10, frozenset({Reason.CLIPPING}), 0.3, 0.3),
    FaultKind.WEAK: _Rule(
        0.1, 0.0, 4.0, frozenset({Reason.WEAK, Reason.NOISE, Reason.FLAT}), 0.02, 0.2
    ),
    FaultKind.DROPOUTS: _Rule(0.2, 0.0, 1.0, frozenset({Reason.MISSING}), None),
    FaultKind.PROBE_OFF: _Rule(
        None, reasons=_OFF | {Reason.WEAK, Reason.NOISE, Reason.MISSING, Reason.STALE}, certain=inf
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, on the channel of that name, for so long."""

    kind: FaultKind
    channel: str
    start_s: float
    seconds: float
    level: float | None = None
    """See the kind; not given, the usual one."""

    def __post_init__(self) -> None:
        """Check the figures, and put in the usual level; the kind may be given by its word."""
        object.__setattr__(self, "kind", FaultKind(self.kind))
        rule = _RULES[self.kind]
        within(self, start_s=(0, SECONDS_RANGE[1]), seconds=(0.001, SECONDS_RANGE[1]))
        if rule.default is None and self.level is not None:
            raise ScriptError(f"Fault {self.kind}: found the level {self.level!r}; accepted: none")
        within(self, level=(rule.low, rule.high))
        if self.level is None:
            object.__setattr__(self, "level", rule.default)

    @property
    def end_s(self) -> float:
        """The first instant after it."""
        return self.start_s + self.seconds

    @property
    def reasons(self) -> frozenset[Reason]:
        """What it may be noticed as."""
        return _RULES[self.kind].reasons

    @property
    def certain(self) -> bool:
        """Whether it must be noticed, rather than may be."""
        most = _RULES[self.kind].certain
        return most is not None and (self.level is None or self.level <= most)

    @property
    def hides(self) -> bool:
        """Whether nothing can be asked of the channel while it lasts."""
        return self.level is None or self.level <= _RULES[self.kind].hides
