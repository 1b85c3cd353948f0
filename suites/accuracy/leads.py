"""One lead of one patient, and what is true about its beats."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgeward.signal.channel import Channel
from edgeward_harness.measure.scoring.beats import Labelled, Span
from edgeward_harness.rig.ward import Samples


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """One lead of one patient, and the beats that are in it."""

    patient: str
    channel: Channel
    samples: Samples
    """NaN where none came."""
    beats: Labelled
    judged: Span
    """Beats outside are sent, and nothing is made of them."""
    excluded: tuple[Span, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Which of its beats are judged."""
        places = np.array(self.beats.samples, dtype=np.int64)
        first, end = self.judged
        counted: NDArray[np.bool_] = (places >= first) & (places < end)
        for begin, over in self.excluded:
            counted &= (places < begin) | (places >= over)
        return counted

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return len(self.samples) // self.channel.rate_hz

    def lost(self, second: int) -> bool:
        """Whether nothing came in a second at all."""
        rate_hz = self.channel.rate_hz
        return bool(np.isnan(self.samples[second * rate_hz : (second + 1) * rate_hz]).all())
