"""Windows gathered one by one, with label and patient, into examples to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edgeward.model.compress.examples import Examples
from edgeward.model.train.rhythms import LABELS, WINDOW_SAMPLES, Label
from edgeward.signal.windows import Samples


@dataclass(slots=True)
class Gathering:
    """Windows so far."""

    windows: list[Samples] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)

    def add(self, window: Samples, label: Label, patient: str) -> None:
        """One more."""
        self.windows.append(np.asarray(window, np.float32))
        self.labels.append(LABELS.index(label))
        self.patients.append(patient)

    def examples(self) -> Examples:
        """All of them; there may be none."""
        shape = (len(self.windows), WINDOW_SAMPLES)
        return Examples(
            np.asarray(self.windows, np.float32).reshape(shape),
            np.array(self.labels, dtype=np.int64),
            np.array(self.patients, dtype=np.str_),
            tuple(LABELS),
        )


def joined(parts: Sequence[Examples]) -> Examples:
    """Several sets as one."""
    return Examples(
        np.concatenate([one.windows for one in parts]),
        np.concatenate([one.labels for one in parts]),
        np.concatenate([one.patients for one in parts]),
        parts[0].names,
    )
