"""A float network in ONNX, written again for torch and for LiteRT: same weights, other engines.

Node by node, so that nothing is between the two but the engines themselves; a converter with rules
of its own would be judged with them. What is not known here is refused rather than guessed.
"""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]
NOTHING = frozenset({"Unsqueeze", "Squeeze"})
"""Of one row of numbers for each channel: a second axis of length one, and away with it."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operator."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Graph:
    """A network as it stands in a file."""

    nodes: tuple[Node, ...]
    constants: dict[str, Array]
    taken: str
    given: str
    samples: int

    def rest(self, node: Node) -> list[Array]:
        """The constants among what an operator takes, after the first input."""
        return [self.constants[name] for name in node.inputs[1:] if name in self.constants]


def graph_of(model: bytes) -> Graph:
    """The network in these bytes."""
    graph = onnx.load_model_from_string(model).graph
    nodes = (
        Node(
            one.op_type, tuple(one.input), one.output[0],
            {each.name: onnx.helper.get_attribute_value(each) for each in one.attribute},
        )
        for one in graph.node
    )  # fmt: skip
    return Graph(
        nodes=tuple(nodes),
        constants={one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer},
        taken=graph.input[0].name,
        given=graph.output[0].name,
        samples=graph.input[0].type.tensor_type.shape.dim[1].dim_value,
    )


def as_torch(model: bytes) -> bytes:
    """The network as a TorchScript archive, for any number of windows."""
    torch = pytest.importorskip("torch", reason="the extra `torch` is missing")
    graph, functions = graph_of(model), torch.nn.functional

    def convolved(x: Any, node: Node) -> Any:
        weight, bias = map(torch.tensor, graph.rest(node))
        return functions.conv1d(x, weight, bias, node.values["strides"], node.values["pads"][:1])

    kinds: dict[str, Any] = {
        "Clip": lambda x, node: torch.clamp(x, *(float(one) for one in graph.rest(node))),
        "Reshape": lambda x, node: x.reshape(*graph.rest(node)[0].tolist()),
        "Conv": convolved,
        "Relu": lambda x, _: torch.relu(x),
        "ReduceMean": lambda x, _: x.mean(dim=-1, keepdim=True),
        "Gemm": lambda x, node: functions.linear(x, *map(torch.tensor, graph.rest(node))),
        "Div": lambda x, node: x / float(graph.rest(node)[0]),
        "Softmax": lambda x, _: torch.softmax(x, dim=1),
    }

    class Network(torch.nn.Module):  # type: ignore[misc,name-defined] # torch may be absent
        """The nodes, one after the other."""

        def forward(self, window: Any) -> Any:
            known = {graph.taken: window}
            for node in graph.nodes:
                first = known[node.inputs[0]]
                if node.kind == "Add":
                    known[node.output] = first + known[node.inputs[1]]
                elif node.kind in NOTHING:
                    known[node.output] = first
                else:
                    known[node.output] = kinds[node.kind](first, node)
            return known[graph.given]

    out = BytesIO()
    with warnings.catch_warnings():  # torch would rather have it exported
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(Network().eval(), torch.zeros(2, graph.samples)), out)
    return out.getvalue()


def as_litert(model: bytes) -> bytes:
    """The network as a LiteRT flatbuffer, for one window."""
    return _Writing(graph_of(model)).done()


class _Writing:
    """A flatbuffer while its operators are added: channels last, one row high."""

    def __init__(self, graph: Graph) -> None:
        self.schema = pytest.importorskip(
            "ai_edge_litert.schema_py_generated", reason="the extra `litert` is missing"
        )
        self.graph = graph
        self.buffers = [self.schema.BufferT(data=b"")]
        self.tensors: list[Any] = []
        self.operators: list[Any] = []
        self.codes: list[Any] = []
        taken = self.tensor((1, graph.samples))
        self.known = {graph.taken: taken}
        for node in graph.nodes:
            first = self.known[node.inputs[0]]
            self.known[node.output] = getattr(self, f"_{node.kind.lower()}")(first, node)

    def done(self) -> bytes:
        """The bytes."""
        flatbuffers = pytest.importorskip("flatbuffers", reason="flatbuffers is missing")
        schema, known = self.schema, self.known
        graph = schema.SubGraphT(
            tensors=self.tensors, operators=self.operators,
            inputs=[known[self.graph.taken]], outputs=[known[self.graph.given]],
        )  # fmt: skip
        codes = [
            schema.OperatorCodeT(deprecatedBuiltinCode=min(code, 127), builtinCode=code)
            for code in self.codes
        ]
        model = schema.ModelT(
            version=3, operatorCodes=codes, subgraphs=[graph], buffers=self.buffers
        )
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def tensor(self, shape: tuple[int, ...], data: Array | None = None) -> int:
        """The number of a new tensor; a constant one with data."""
        kinds, buffer = self.schema.TensorType, 0
        kind = kinds.INT32 if data is not None and data.dtype == np.int32 else kinds.FLOAT32
        if data is not None:
            buffer = len(self.buffers)
            raw = np.frombuffer(data.tobytes(), np.uint8)
            self.buffers.append(self.schema.BufferT(data=raw))
        number = len(self.tensors)
        self.tensors.append(
            self.schema.TensorT(shape=list(shape), buffer=buffer, name=f"t{number}", type=kind)
        )
        return number

    def constant(self, data: Array) -> int:
        """The number of a constant."""
        return self.tensor(data.shape, data)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Of a tensor."""
        return tuple(self.tensors[tensor].shape)

    def add(
        self, name: str, inputs: list[int], shape: tuple[int, ...], kind: str = "", **options: Any
    ) -> int:
        """The tensor that comes of a new operator."""
        code = getattr(self.schema.BuiltinOperator, name)
        if code not in self.codes:
            self.codes.append(code)
        given, made = self.tensor(shape), None
        if kind:
            made = getattr(self.schema, f"{kind}OptionsT")(**options)
        self.operators.append(
            self.schema.OperatorT(
                opcodeIndex=self.codes.index(code), inputs=inputs, outputs=[given],
                builtinOptionsType=getattr(self.schema.BuiltinOptions, f"{kind}Options", 0),
                builtinOptions=made,
            )
        )  # fmt: skip
        return given

    def _clip(self, first: int, node: Node) -> int:
        low, high = (self.constant(one.reshape(1)) for one in self.graph.rest(node))
        at_least = self.add("MAXIMUM", [first, low], self.shape(first))
        return self.add("MINIMUM", [at_least, high], self.shape(first))

    def _reshape(self, first: int, node: Node) -> int:
        _, *rest = self.graph.rest(node)[0].tolist()
        shape = (1, *rest) if len(rest) == 1 else (1, 1, rest[1], rest[0])
        to = self.constant(np.array(shape, np.int32))
        return self.add("RESHAPE", [first, to], shape, "Reshape", newShape=list(shape))

    def _conv(self, first: int, node: Node) -> int:
        weight, bias = self.graph.rest(node)
        (left, right), (stride,) = node.values["pads"], node.values["strides"]
        _, _, length, channels = self.shape(first)
        wide = length + left + right
        sides = self.constant(np.array([[0, 0], [0, 0], [left, right], [0, 0]], np.int32))
        padded = self.add("PAD", [first, sides], (1, 1, wide, channels), "Pad")
        kernel = self.constant(np.ascontiguousarray(weight.transpose(0, 2, 1)[:, None]))
        shape = (1, 1, (wide - weight.shape[2]) // stride + 1, len(weight))
        return self.add(
            "CONV_2D", [padded, kernel, self.constant(bias)], shape, "Conv2D",
            padding=self.schema.Padding.VALID, strideH=1, strideW=stride,
            dilationHFactor=1, dilationWFactor=1,
        )  # fmt: skip

    def _relu(self, first: int, _: Node) -> int:
        return self.add("RELU", [first], self.shape(first))

    def _unsqueeze(self, first: int, _: Node) -> int:
        return first

    _squeeze = _unsqueeze

    def _reducemean(self, first: int, _: Node) -> int:
        over = self.constant(np.array([1, 2], np.int32))
        shape = (1, 1, 1, self.shape(first)[3])
        return self.add("MEAN", [first, over], shape, "Reducer", keepDims=True)

    def _gemm(self, first: int, node: Node) -> int:
        weight, bias = map(self.constant, self.graph.rest(node))
        shape = (1, self.shape(weight)[0])
        return self.add("FULLY_CONNECTED", [first, weight, bias], shape, "FullyConnected")

    def _add(self, first: int, node: Node) -> int:
        return self.add("ADD", [first, self.known[node.inputs[1]]], self.shape(first), "Add")

    def _div(self, first: int, node: Node) -> int:
        by = self.constant(self.graph.rest(node)[0].reshape(1))
        return self.add("DIV", [first, by], self.shape(first), "Div")

    def _softmax(self, first: int, _: Node) -> int:
        return self.add("SOFTMAX", [first], self.shape(first), "Softmax", beta=1.0)
