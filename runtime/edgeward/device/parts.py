"""What a device is put together from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.adapters.host import Host
from edgeward.adapters.scheduling import ThreadScheduling
from edgeward.device.bedside.media import Media, StoreMedia
from edgeward.errors import ModelError
from edgeward.limits import DEFAULT, Limits
from edgeward.model.beats import beat_labels
from edgeward.model.engine import InferenceEngine
from edgeward.ports import Clock, Entropy, Store
from edgeward.process.mode import PACE, Pace

if TYPE_CHECKING:  # loaded with the first patient
    from edgeward.alarm.annunciation.port import Annunciator


@dataclass(frozen=True, slots=True)
class Parts:
    """What a device is put together from."""

    clock: Clock
    store: Store
    entropy: Entropy
    engine: InferenceEngine
    thinner: InferenceEngine | None = None
    """Answers where the degradation ladder asks for less work; takes and answers the same."""
    beat_engine: InferenceEngine | None = None
    """Says the class of a beat to whoever asks for beats; None leaves it to the rules."""
    host: Host | None = None
    """None: what this process uses of its machine is not what the device uses."""
    scheduling: ThreadScheduling | None = None
    """None: it does not matter how this thread is run, as in a simulation."""
    alarm_media: Media = field(default_factory=StoreMedia)
    """Where the alarm journal is kept."""
    records: Path | None = None
    """Where records are kept until they are delivered; None: nowhere, and none are."""
    annunciators: "Mapping[str, Annunciator]" = field(default_factory=dict)
    """What gives alarm signals beside the speaker: lights, displays, a nurse call."""
    restartable: bool = False
    """Whether the store outlives this device, so that the next start has a higher epoch."""
    limits: Limits = DEFAULT
    pace: Pace = PACE


def check_models(parts: Parts) -> None:
    """A model may only stand in for one that takes and answers the same.

    Raises:
        ModelError: one does not, or the model of beats answers something else.
    """
    if parts.beat_engine is not None:
        beat_labels(parts.beat_engine.card)
    if parts.thinner is None:
        return
    full, thin = parts.engine.card, parts.thinner.card
    if (thin.input, thin.labels) != (full.input, full.labels):
        raise ModelError(
            f"model {thin.name} cannot stand in for {full.name}: it takes {thin.input} and answers"
            f" {thin.labels}; accepted: {full.input} and {full.labels}"
        )
