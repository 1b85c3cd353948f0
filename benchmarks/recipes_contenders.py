"""What recipes are measured against, and how each is asked: one window in, probabilities out."""

import io
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch.fx.experimental.optimization import fuse

from edgeward.model.compress.export import answers
from edgeward.model.compress.graphs import run
from edgeward.model.engine import Probabilities
from edgeward.model.onnx_runtime import onnxruntime, session_options
from edgeward.signal.windows import Samples

Asked = Callable[[Samples], object]
"""Answers one window of shape (1, samples)."""
_LITERT = Path(__file__).with_name("recipes_litert.py")
_LIMIT_S = 900


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """One way to the same answer."""

    name: str
    size_bytes: int
    """Of the file that is shipped."""
    answers: Probabilities
    """For the windows to judge on."""
    ask: Asked


def by_torch(name: str, network: torch.nn.Module, judging: Samples) -> Contender:
    """As a first version runs it: eager, one thread."""
    out = io.BytesIO()
    torch.save(network.state_dict(), out)
    torch.set_num_threads(1)
    ready = network.eval()

    def ask(window: Samples) -> object:
        with torch.inference_mode():
            return torch.softmax(ready(torch.from_numpy(window)), dim=1).numpy()

    return Contender(name, len(out.getvalue()), answers(network, judging), ask)


def by_onnx(name: str, model: bytes, judging: Samples) -> Contender:
    """With the options of a device."""
    session = onnxruntime.InferenceSession(
        model, sess_options=session_options(), providers=["CPUExecutionProvider"]
    )
    taken = session.get_inputs()[0].name

    def ask(window: Samples) -> object:
        return session.run(None, {taken: window})

    return Contender(name, len(model), run(model, judging), ask)


def by_litert(name: str, model: bytes, judging: Samples) -> Contender:
    """On one thread, through XNNPACK."""
    from ai_edge_litert.interpreter import Interpreter

    engine = Interpreter(model_content=model, num_threads=1)
    engine.allocate_tensors()
    taken, given = (
        some[0]["index"] for some in (engine.get_input_details(), engine.get_output_details())
    )

    def ask(window: Samples) -> Any:  # noqa: ANN401 - not typed
        engine.set_tensor(taken, window)
        engine.invoke()
        return engine.get_tensor(given)

    found = np.concatenate([ask(judging[at : at + 1]) for at in range(len(judging))])
    return Contender(name, len(model), found, ask)


class _Windows:
    """Hands calibration windows over, one at a time."""

    def __init__(self, name: str, windows: Samples) -> None:
        self._rows: Iterator[Samples] = iter(windows[:, None])
        self._name = name

    def get_next(self) -> dict[str, Samples] | None:
        """The next call; None after the last."""
        row = next(self._rows, None)
        return None if row is None else {self._name: row}


def usual_int8(model: bytes, calibration: Samples) -> bytes:
    """What ONNX Runtime's own quantiser makes when it is told nothing but the windows."""
    from onnxruntime import quantization

    with TemporaryDirectory() as folder:
        given, prepared, small = (Path(folder) / f"{one}.onnx" for one in ("a", "b", "c"))
        given.write_bytes(model)
        quantization.quant_pre_process(given, prepared, skip_symbolic_shape=True)
        taken = onnxruntime.InferenceSession(model, session_options()).get_inputs()[0].name
        quantization.quantize_static(prepared, small, _Windows(taken, calibration))
        return small.read_bytes()


class _Answering(torch.nn.Module):  # type: ignore[misc] # torch is typed where it is installed
    """Scores as probabilities, normalisations folded into the layers before them."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = fuse(network.eval())

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Probabilities of windows."""
        return torch.softmax(self.network(window), dim=1)


def litert_models(
    network: torch.nn.Module, calibration: Samples, converter: str
) -> tuple[bytes, bytes]:
    """The network for LiteRT, in float and static int8, made by that interpreter.

    Raises:
        subprocess.CalledProcessError: the converter failed.
    """
    example = (torch.from_numpy(calibration[:1]),)
    with TemporaryDirectory() as name:
        folder = Path(name)
        torch.export.save(torch.export.export(_Answering(network), example), folder / "net.pt2")
        np.save(folder / "windows.npy", calibration)
        subprocess.run(
            [converter, _LITERT, folder / "net.pt2", folder / "windows.npy", folder],
            check=True, capture_output=True, timeout=_LIMIT_S,
        )  # fmt: skip
        plain, small = ((folder / f"{one}.tflite").read_bytes() for one in ("float", "int8"))
        return plain, small
