"""One recording, and what is known about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeward.signal.channel import Signal
from edgeward.signal.ring import Samples
from edgeward_harness.measure.scoring.beats import AamiClass, Labelled, Span

NO_BEATS = Labelled((), ())


@dataclass(frozen=True, slots=True)
class Wave:
    """One signal; a sample that was not recorded is NaN."""

    name: str
    signal: Signal
    unit: str
    rate_hz: int
    samples: Samples

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples `first .. end - 1` of one rhythm, by the name that the annotators gave it."""

    rhythm: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class BedsideAlarm:
    """The alarm with which a recording ends, and what the reviewers made of it."""

    kind: str
    true: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """Signals of one patient, with what people found in them."""

    collection: str
    name: str
    patient: str
    """Recordings of one patient carry one name; they never stand on both sides of a split."""
    waves: tuple[Wave, ...]
    files: Mapping[str, str]
    """What was read, each with the SHA-256 of its bytes."""
    beats: Labelled = NO_BEATS
    """Annotated beats, in samples of the first wave."""
    unmarked: tuple[Span, ...] = ()
    """Stretches in which nobody marked beats, such as flutter."""
    rhythms: tuple[Stretch, ...] = ()
    alarm: BedsideAlarm | None = None
    breaths: tuple[tuple[int, ...], ...] = ()
    """Breaths as each annotator marked them, in samples of the respiration wave."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What is said of the patient: `sex` and `age`, the latter as a span of years."""
    numbers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """What a bedside monitor showed, one value a second; NaN where it showed none."""

    def wave(self, signal: Signal) -> Wave | None:
        """The first wave of this kind."""
        return next((wave for wave in self.waves if wave.signal is signal), None)


__all__ = ["AamiClass", "BedsideAlarm", "Recording", "Stretch", "Wave"]
