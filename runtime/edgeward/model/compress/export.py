"""From a torch network to an ONNX graph, and the proof that they answer alike.

Exporters have dropped states, frozen axes and raised the operator set in silence: so the operator
set is read back, and the answers are compared, before anything else is done with a graph.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Final

import numpy as np
import onnx
import torch

from edgeward.errors import ModelError
from edgeward.model.compress.graphs import OPSET, minimised, run, write
from edgeward.model.nearness import EXPORTED, breaches
from edgeward.signal.windows import Samples

INPUT: Final = "window"
OUTPUT: Final = "probabilities"
_ROWS_MAX: Final = 4096


class _Answering(torch.nn.Module):  # type: ignore[misc] # torch is typed where it is installed
    """A network of scores, answering probabilities."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Probabilities of windows."""
        return torch.softmax(self.network(window), dim=1)


def answers(
    network: torch.nn.Module, windows: Samples
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """What a torch network of scores answers, as probabilities; its mode is left as it was."""
    was = network.training
    network.eval()
    with torch.no_grad():
        parts = [
            torch.softmax(network(torch.from_numpy(part)), dim=1).numpy()
            for part in np.array_split(windows, max(1, len(windows) // 256))
        ]
    network.train(was)
    return np.concatenate(parts)


def exported(network: torch.nn.Module, examples: Samples) -> onnx.ModelProto:
    """The graph of a network of scores, answering probabilities, checked against it.

    Raises:
        ModelError: it cannot be exported, is of another operator set, or answers otherwise.
    """
    was = network.training
    network.eval()
    try:
        model = _export(network, examples.shape[1])
    except Exception as error:  # torch raises what it meets, of any type
        raise ModelError(f"the network cannot be exported: {str(error)[:300]}") from error
    finally:
        network.train(was)
    found = {one.domain: one.version for one in model.opset_import}
    if found.get("", 0) != OPSET or len(found) > 1:
        raise ModelError(f"the export has the operator sets {found}; accepted: {OPSET} alone")
    small = minimised(model)
    there = run(write(small), examples)
    if faults := breaches(EXPORTED, answers(network, examples), there):
        raise ModelError(f"the export answers otherwise: {'; '.join(faults)}")
    return small


def _export(network: torch.nn.Module, samples: int) -> onnx.ModelProto:
    several = {0: torch.export.Dim("windows", min=1, max=_ROWS_MAX)}
    with _silence():
        program = torch.onnx.export(
            _Answering(network),
            (torch.zeros(2, samples),),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=(several,),
            verbose=False,
        )
    model: onnx.ModelProto = program.model_proto
    return model


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Without the exporter's talk about itself."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
