"""One small network in the format of every backend, for the tests that share it."""

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeward.model.card import ModelCard, ModelFormat, ModelInput
from edgeward.model.engine import BATCH_MAX, CheckedEngine
from edgeward.model.load import load_engine
from edgeward.signal.windows import Samples

WINDOW, HIDDEN, LABELS = 50, 8, ("a", "b", "c")
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Network:
    """Two layers: softmax(second @ relu(first @ x + bias) + bias)."""

    first: Array
    first_bias: Array
    second: Array
    second_bias: Array

    def exact(self, windows: Samples) -> NDArray[np.float64]:
        """What it answers in double precision, with nobody's backend."""
        hidden = np.maximum(windows.astype(np.float64) @ self.first.T + self.first_bias, 0)
        powers = np.exp(hidden @ self.second.T + self.second_bias)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def network(seed: int = 1) -> Network:
    """The weights that every format gets."""
    draw = np.random.default_rng(seed).normal
    return Network(
        draw(scale=0.2, size=(HIDDEN, WINDOW)).astype(np.float32),
        draw(scale=0.2, size=HIDDEN).astype(np.float32),
        draw(scale=0.5, size=(len(LABELS), HIDDEN)).astype(np.float32),
        draw(scale=0.5, size=len(LABELS)).astype(np.float32),
    )


NETWORK = network()


def onnx_model(batch: str | int = "n", kind: str = "FLOAT") -> Any:
    """The network as an ONNX model, to be changed or serialised."""
    onnx = pytest.importorskip("onnx", reason="onnx is missing")
    node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    weights = (NETWORK.first, NETWORK.first_bias, NETWORK.second, NETWORK.second_bias)
    names = ("first", "first_bias", "second", "second_bias")
    graph = onnx.helper.make_graph(
        [
            node("Gemm", ["x", "first", "first_bias"], ["sums"], transB=1),
            node("Relu", ["sums"], ["hidden"]),
            node("Gemm", ["hidden", "second", "second_bias"], ["logits"], transB=1),
            node("Softmax", ["logits"], ["p"], axis=1),
        ],
        "net",
        [value("x", getattr(onnx.TensorProto, kind), [batch, WINDOW])],
        [value("p", onnx.TensorProto.FLOAT, [batch, None])],
        [onnx.numpy_helper.from_array(*pair) for pair in zip(weights, names, strict=True)],
    )
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def onnx_bytes() -> bytes:
    """The network as ONNX bytes."""
    return bytes(onnx_model().SerializeToString())


def torch_module(torch: Any) -> Any:
    """The network as a torch module."""
    first, second = torch.nn.Linear(WINDOW, HIDDEN), torch.nn.Linear(HIDDEN, len(LABELS))
    with torch.no_grad():
        for layer, weight, bias in (
            (first, NETWORK.first, NETWORK.first_bias),
            (second, NETWORK.second, NETWORK.second_bias),
        ):
            layer.weight.copy_(torch.from_numpy(weight))
            layer.bias.copy_(torch.from_numpy(bias))
    return torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.Softmax(dim=1)).eval()


def torchscript_bytes() -> bytes:
    """The network as a TorchScript archive."""
    torch = pytest.importorskip("torch", reason="the extra `torch` is missing")
    out = BytesIO()
    with warnings.catch_warnings():  # torch would rather have it exported
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(torch_module(torch)), out)
    return out.getvalue()


def exported_bytes(batch_max: int = BATCH_MAX) -> bytes:
    """The network as an exported program, for up to that many windows at once."""
    torch = pytest.importorskip("torch", reason="the extra `torch` is missing")
    out, rows = BytesIO(), min(batch_max, 2)
    several = ({0: torch.export.Dim("n", min=1, max=batch_max)},) if batch_max > 1 else None
    example = (torch.zeros(rows, WINDOW),)
    torch.export.save(
        torch.export.export(torch_module(torch), example, dynamic_shapes=several), out
    )
    return out.getvalue()


def litert_bytes(rows: int = 1) -> bytes:
    """The network as a LiteRT flatbuffer."""
    schema = pytest.importorskip(
        "ai_edge_litert.schema_py_generated", reason="the extra `litert` is missing"
    )
    flatbuffers = pytest.importorskip("flatbuffers", reason="flatbuffers is missing")
    weights = (NETWORK.first, NETWORK.first_bias, NETWORK.second, NETWORK.second_bias)
    buffers = [schema.BufferT(data=b"")]
    buffers += [schema.BufferT(data=np.frombuffer(array.tobytes(), np.uint8)) for array in weights]
    shapes = [(rows, WINDOW), *(array.shape for array in weights)]
    shapes += [(rows, HIDDEN), (rows, len(LABELS)), (rows, len(LABELS))]
    tensors = [
        schema.TensorT(shape=list(shape), buffer=number if number <= len(weights) else 0,
                       name=f"t{number}", type=schema.TensorType.FLOAT32)
        for number, shape in enumerate(shapes)
    ]  # fmt: skip

    def layer(inputs: list[int], output: int, activation: int) -> Any:
        return schema.OperatorT(
            opcodeIndex=0,
            inputs=inputs,
            outputs=[output],
            builtinOptionsType=schema.BuiltinOptions.FullyConnectedOptions,
            builtinOptions=schema.FullyConnectedOptionsT(fusedActivationFunction=activation),
        )

    kinds = schema.ActivationFunctionType
    softmax = schema.OperatorT(
        opcodeIndex=1,
        inputs=[6],
        outputs=[7],
        builtinOptionsType=schema.BuiltinOptions.SoftmaxOptions,
        builtinOptions=schema.SoftmaxOptionsT(beta=1.0),
    )
    graph = schema.SubGraphT(
        tensors=tensors,
        inputs=[0],
        outputs=[7],
        operators=[layer([0, 1, 2], 5, kinds.RELU), layer([5, 3, 4], 6, kinds.NONE), softmax],
    )
    codes = [
        schema.OperatorCodeT(deprecatedBuiltinCode=code, builtinCode=code)
        for code in (schema.BuiltinOperator.FULLY_CONNECTED, schema.BuiltinOperator.SOFTMAX)
    ]
    model = schema.ModelT(version=3, operatorCodes=codes, subgraphs=[graph], buffers=buffers)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


@dataclass(frozen=True, slots=True)
class Made:
    """A model's bytes and the card they need."""

    data: bytes
    card: ModelCard

    def load(self, data: bytes | None = None, **other: Any) -> CheckedEngine:
        """The engine for these bytes or others; the card always has their digest."""
        data = self.data if data is None else data
        card = replace(self.card, sha256=hashlib.sha256(data).hexdigest(), **other)
        engine = load_engine(data, card)
        assert isinstance(engine, CheckedEngine)
        return engine


FORMATS: dict[str, tuple[ModelFormat, Callable[[], bytes]]] = {
    "onnx": (ModelFormat.ONNX, onnx_bytes),
    "torchscript": (ModelFormat.TORCH, torchscript_bytes),
    "exported": (ModelFormat.TORCH, exported_bytes),
    "litert": (ModelFormat.LITERT, litert_bytes),
}


def made_of(data: bytes, kind: ModelFormat = ModelFormat.ONNX) -> Made:
    """A model that claims to be the network."""
    taken = ModelInput("ecg", "mV", 250, WINDOW, WINDOW // 2)
    sha256 = hashlib.sha256(data).hexdigest()
    return Made(data, ModelCard("net", "1", sha256, LABELS, taken, kind))
