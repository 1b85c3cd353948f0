"""Looks into a model file before anything runs it.

Accepted is a graph of standard operators, of one of the known opsets, whose weights are all inside:
no operator of a foreign domain, no function of its own, and no file beside it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edgeward.model.package import wire
from edgeward.model.package.layout import MODEL, told

OPSETS = range(13, 22)
"""From the first with weights quantised by channel to the last that every accepted engine knows."""
STANDARD = ("", "ai.onnx")
NESTING_MAX = 8
"""Graphs within graphs, as branches and loops have them."""

# Numbers of the fields in onnx.proto.
_MODEL_GRAPH, _MODEL_OPSETS, _MODEL_FUNCTIONS = 7, 8, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_SPARSE_TENSORS = (1, 2)
_TENSOR_NAME, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 8, 13, 14


@dataclass(slots=True)
class _Seen:
    foreign: set[str] = field(default_factory=set)
    external: set[str] = field(default_factory=set)


def opset_of(model: bytes) -> int:
    """The opset of the standard operators; 0 where it is not said.

    Raises:
        ValueError: the bytes are no model.
    """
    said = wire.messages(memoryview(model), _MODEL_OPSETS)
    return max((wire.number(one, 2) for one in said if wire.text(one, 1) in STANDARD), default=0)


def model_faults(model: bytes, opset_said: int | None) -> list[str]:
    """Why this file may not be run; the opset must be the one on the card."""
    seen = _Seen()
    try:
        opset = opset_of(model)
        graphs = list(wire.messages(memoryview(model), _MODEL_GRAPH))
        functions = sum(1 for _ in wire.messages(memoryview(model), _MODEL_FUNCTIONS))
        for graph in graphs:
            _look(graph, seen, 0)
    except ValueError as error:
        return [told(MODEL, f"no ONNX model: {error}", "an ONNX model")]
    faults = []
    if len(graphs) != 1:
        faults.append(told(MODEL, f"{len(graphs)} graphs", "one graph"))
    if opset not in OPSETS:
        accepted = f"opset {OPSETS[0]} to {OPSETS[-1]}"
        faults.append(told(MODEL, f"opset {opset}", accepted))
    if opset_said is not None and opset_said != opset:
        accepted = f"opset {opset_said}, which its card says"
        faults.append(told(MODEL, f"opset {opset}", accepted))
    if functions:
        faults.append(told(MODEL, f"{functions} functions of its own", "standard operators"))
    accepted = "operators of the standard domain only"
    faults += [told(MODEL, f"the operator {name}", accepted) for name in sorted(seen.foreign)]
    accepted = "weights inside the model file"
    return faults + [
        told(MODEL, f"external data of the tensor {name}", accepted)
        for name in sorted(seen.external)
    ]


def _look(graph: memoryview, seen: _Seen, depth: int) -> None:
    """Note what is foreign in a graph, and in those within it."""
    if depth > NESTING_MAX:
        raise ValueError(f"graphs are nested more than {NESTING_MAX} deep")
    for tensor in wire.messages(graph, _GRAPH_INITIALIZER):
        _look_at_tensor(tensor, seen)
    for sparse in wire.messages(graph, _GRAPH_SPARSE):
        _look_at_sparse(sparse, seen)
    for node in wire.messages(graph, _GRAPH_NODE):
        domain = wire.text(node, _NODE_DOMAIN)
        if domain not in STANDARD:
            seen.foreign.add(f"{domain}.{wire.text(node, _NODE_OPERATOR)}")
        for attribute in wire.messages(node, _NODE_ATTRIBUTE):
            _look_at_attribute(attribute, seen, depth)


def _look_at_attribute(attribute: memoryview, seen: _Seen, depth: int) -> None:
    for tensor in _several(attribute, _ATTRIBUTE_TENSORS):
        _look_at_tensor(tensor, seen)
    for sparse in _several(attribute, _ATTRIBUTE_SPARSE):
        _look_at_sparse(sparse, seen)
    for graph in _several(attribute, _ATTRIBUTE_GRAPHS):
        _look(graph, seen, depth + 1)


def _look_at_sparse(sparse: memoryview, seen: _Seen) -> None:
    for tensor in _several(sparse, _SPARSE_TENSORS):
        _look_at_tensor(tensor, seen)


def _look_at_tensor(tensor: memoryview, seen: _Seen) -> None:
    outside = wire.number(tensor, _TENSOR_LOCATION) or any(wire.messages(tensor, _TENSOR_EXTERNAL))
    if outside:
        seen.external.add(wire.text(tensor, _TENSOR_NAME) or "without a name")


def _several(data: memoryview, numbers: tuple[int, ...]) -> Iterator[memoryview]:
    for number in numbers:
        yield from wire.messages(data, number)
