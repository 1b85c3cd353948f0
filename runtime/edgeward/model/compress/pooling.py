"""Means over time as the operator that runs on whole numbers."""

from typing import Any

import onnx
from onnx import numpy_helper, shape_inference

_SPATIAL_FROM = 2
"""Axes before are windows and channels."""


def pooled(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with each mean over all of time as a pooling.

    Exporters write such a mean as one over axes, which every engine computes in float: a sum of
    floats depends on the order that a processor adds in, and a rounding after it may then differ.
    A pooling is a sum of whole numbers once it is quantised.
    """
    known = shape_inference.infer_shapes(model)
    shapes = {
        one.name: [axis.dim_value for axis in one.type.tensor_type.shape.dim]
        for one in (*known.graph.value_info, *known.graph.input, *known.graph.output)
    }
    constants = {one.name: one for one in model.graph.initializer}
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    nodes: list[onnx.NodeProto] = []
    for node in changed.graph.node:
        nodes += _pooling(node) if _over_time(node, shapes, constants) else [node]
    changed.graph.ClearField("node")
    changed.graph.node.extend(nodes)
    used = {name for node in changed.graph.node for name in node.input}
    kept = [one for one in changed.graph.initializer if one.name in used]
    changed.graph.ClearField("initializer")
    changed.graph.initializer.extend(kept)
    return changed


def _pooling(mean: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The same mean; the axes of time are left out after it, where they were."""
    output = mean.output[0]
    if _settings(mean).get("keepdims", 1):
        return [onnx.helper.make_node("GlobalAveragePool", [mean.input[0]], [output])]
    long = f"{output} of all time"
    return [
        onnx.helper.make_node("GlobalAveragePool", [mean.input[0]], [long]),
        onnx.helper.make_node("Flatten", [long], [output]),
    ]


def _settings(node: onnx.NodeProto) -> dict[str, Any]:
    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def _over_time(
    node: onnx.NodeProto, shapes: dict[str, list[int]], constants: dict[str, onnx.TensorProto]
) -> bool:
    """Whether it is a mean over all axes of time; those it keeps must be of length one."""
    settings = _settings(node)
    shape = shapes.get(node.input[0], []) if node.op_type == "ReduceMean" else []
    rank = len(shape)
    if rank <= _SPATIAL_FROM:
        return False
    given = settings.get("axes")
    if given is None:
        if len(node.input) < 2 or node.input[1] not in constants:
            return False
        given = numpy_helper.to_array(constants[node.input[1]]).tolist()
    axes = {int(axis) % rank for axis in given}
    spatial = set(range(_SPATIAL_FROM, rank))
    if not settings.get("keepdims", 1):
        return axes == spatial
    short = {axis for axis, length in enumerate(shape) if length == 1}
    return axes <= spatial <= axes | short
