"""The two models: a network in float, and the same one in whole numbers.

The teacher is what was learned; the student is the teacher on whole numbers of eight bits. Teaching
it some more while it is rounded was tried, and moved three times as many answers as rounding does.
The same seed on the same machine with the same versions of torch and ONNX Runtime gives the same
bytes; elsewhere a sum of floats may be rounded otherwise, and the weights learned from it differ a
little.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng

from edgeward.errors import ModelError
from edgeward.model.compress.examples import Examples
from edgeward.model.compress.export import exported
from edgeward.model.compress.graphs import write
from edgeward.model.compress.learning import Progress, Teaching, of_labels, taught
from edgeward.model.compress.operators import executed
from edgeward.model.compress.quantise import quantised
from edgeward.model.compress.risks import lint
from edgeward.model.train.material import Material, Plan
from edgeward.model.train.network import LIMIT_MV, limited, network

CALIBRATION_WINDOWS = 2048
_SHOWN = 64


@dataclass(frozen=True, slots=True)
class Made:
    """Both models."""

    teacher: bytes
    student: bytes


def made(plan: Plan, material: Material, progress: Progress = lambda _: None) -> Made:
    """Taught, and brought to whole numbers.

    Raises:
        ModelError: the student would not answer alike on every processor.
    """
    training, choosing = clipped(material.training), clipped(material.choosing)
    loss = of_labels(training)
    body = taught(network(1), training, choosing, loss, Teaching(epochs=plan.epochs), progress)
    teacher = exported(limited(body), training.windows[:_SHOWN])
    places = default_rng(plan.seed).permutation(len(training))[:CALIBRATION_WINDOWS]
    graph = exported(body, training.windows[:_SHOWN])
    student = quantised(graph, training.windows[places])
    data = write(student)
    if (risks := lint(student)) or not executed(data).exact:
        told = [f"{risk.tensor}: {risk.text}" for risk in risks]
        raise ModelError(told or ["found layers in float; accepted: whole numbers alone"])
    return Made(write(teacher), data)


def clipped(examples: Examples) -> Examples:
    """As the network sees them: the ends of the range are those of the first rounding."""
    return Examples(
        np.clip(examples.windows, -LIMIT_MV, LIMIT_MV),
        examples.labels, examples.patients, examples.names,
    )  # fmt: skip
