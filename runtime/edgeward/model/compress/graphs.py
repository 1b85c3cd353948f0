"""ONNX graphs as the rest of this room needs them: read, run, and made as short as they can be."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import onnx

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError
from edgeward.model.engine import Probabilities
from edgeward.model.onnx_runtime import onnxruntime, session_options
from edgeward.signal.windows import Samples

OPSET: Final = 20
IR_VERSION: Final = 10
ROWS: Final = 64
"""Windows in one call."""


def read(data: bytes) -> onnx.ModelProto:
    """The graph in these bytes.

    Raises:
        ModelError: they hold no valid ONNX model.
    """
    try:
        model = onnx.load_model_from_string(data)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and the checker raise types of their own
        raise ModelError(f"no valid ONNX model: {str(error).strip()[:200]}") from error
    return model


def write(model: onnx.ModelProto) -> bytes:
    """The bytes of a graph, the same each time."""
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def run(model: bytes, windows: Samples, rows: int = ROWS, threads: int = 1) -> Probabilities:
    """What a graph with one input and one output answers, on one thread if nothing else is said."""
    options = session_options()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    parts = [
        session.run(None, {name: np.ascontiguousarray(windows[at : at + rows])})[0]
        for at in range(0, len(windows), rows)
    ]
    return np.concatenate(parts)


def minimised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph without what is only there to be read, and each constant once.

    Exporters leave stack traces, shapes and long names in a file: a tenth to a quarter of a small
    model; quantisers a zero for each bias, which is so without it. Inputs and outputs keep their
    names; nothing that is computed changes. A graph with loops or branches keeps its names, which
    their bodies may use.
    """
    small = onnx.ModelProto()
    small.CopyFrom(model)
    graph = small.graph
    for one in (small, graph, *graph.node):
        one.doc_string = ""
        one.ClearField("metadata_props")
    small.producer_name = small.producer_version = ""
    graph.ClearField("value_info")
    if any(field.HasField("g") or field.graphs for node in graph.node for field in node.attribute):
        return small
    _drop_zeros_of_biases(graph)
    same = _merge_constants(graph)
    names = _short_names(graph)
    for node in graph.node:
        node.name = ""
        for tensors in (node.input, node.output):
            for place, name in enumerate(tensors):
                kept = same.get(name, name)
                tensors[place] = names.get(kept, kept)
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    return small


def _drop_zeros_of_biases(graph: onnx.GraphProto) -> None:
    """Those of weights stay: an engine that misses them runs the layer in float."""
    constants = {one.name: one for one in graph.initializer}
    for node in graph.node:
        if node.op_type != "DequantizeLinear" or len(node.input) < 3:
            continue
        whole, zero = (constants.get(node.input[place]) for place in (0, 2))
        if whole is None or zero is None or whole.data_type != onnx.TensorProto.INT32:
            continue
        if not onnx.numpy_helper.to_array(zero).any():
            del node.input[2]


def _merge_constants(graph: onnx.GraphProto) -> dict[str, str]:
    """Drop constants that are equal to an earlier one or unused; what each dropped one is now."""
    used = {name for node in graph.node for name in node.input}
    outputs = {one.name for one in graph.output}
    first: dict[str, str] = {}
    same: dict[str, str] = {}
    kept: list[onnx.TensorProto] = []
    for tensor in graph.initializer:
        if tensor.name not in used | outputs:
            continue
        nameless = onnx.TensorProto()
        nameless.CopyFrom(tensor)
        nameless.name = nameless.doc_string = ""
        digest = sha256_hex(nameless.SerializeToString(deterministic=True))
        if digest in first and tensor.name not in outputs:
            same[tensor.name] = first[digest]
        else:
            first.setdefault(digest, tensor.name)
            kept.append(tensor)
    graph.ClearField("initializer")
    graph.initializer.extend(kept)
    return same


def _short_names(graph: onnx.GraphProto) -> dict[str, str]:
    """A short name for each inner tensor, in the order of the graph."""
    fixed = {one.name for one in (*graph.input, *graph.output)} | {""}
    names: dict[str, str] = {name: name for name in fixed}
    short = _names(fixed)
    for name in (one.name for one in graph.initializer):
        if name not in names:
            names[name] = next(short)
    for node in graph.node:
        for name in (*node.input, *node.output):
            if name not in names:
                names[name] = next(short)
    return names


def _names(taken: set[str]) -> Iterator[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    number = 0
    while True:
        rest, name = number, ""
        while True:
            name = letters[rest % 26] + name
            rest = rest // 26 - 1
            if rest < 0:
                break
        number += 1
        if name not in taken:
            yield name
