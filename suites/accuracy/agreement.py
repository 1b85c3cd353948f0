"""When two answers to one window are the same answer, and windows that first show where not."""

from typing import Final

import numpy as np

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import FLOAT_DIFFERENCE_MAX, BenchModel, Windows

WHOLE: Final = "int8"
"""In the card of a model that computes in whole numbers."""
HEIGHTS_MV: Final = (0.01, 0.3, 2.0, 9.0)


def is_whole(model: BenchModel) -> bool:
    """Whether its card promises the same bits everywhere."""
    return model.arithmetic == WHOLE


def within(model: BenchModel) -> float:
    """How far apart two answers of it may be; 0 is bit for bit."""
    return 0.0 if is_whole(model) else FLOAT_DIFFERENCE_MAX


def in_words(model: BenchModel) -> str:
    """The same, as a record says it."""
    most = within(model)
    return f"within {most:g}, its card says float" if most else "bit for bit"


def noise(rig: Rig, model: BenchModel, windows: int) -> Windows:
    """White noise of several heights: other weights, scales and products that saturate show."""
    draw = np.random.default_rng(rig.seed("noise"))
    heights = draw.choice(HEIGHTS_MV, (windows, 1))
    values = heights * draw.standard_normal((windows, model.card.input.window_samples))
    return values.astype(np.float32)
