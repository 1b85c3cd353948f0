"""The curves of document 08: from the probabilities that a run kept of each window."""

import json
from collections.abc import Iterator
from typing import Any

from edgeward_harness.errors import HarnessError
from edgeward_harness.pack.model import Block, Figure, Missing, Paragraph, Section
from edgeward_harness.pack.plots.curves import Curve, drawn, precision_recall, roc
from edgeward_harness.pack.source import Evidence, PackSource

SCORES = "scores.json"


def curves(source: PackSource) -> Section:
    """Both curves of each bundle that kept probabilities."""
    figures = [figure for one in source.evidence for figure in _figures(one)]
    if not figures:
        why = "One figure says how a device decides, not how near to another decision it was."
        remedy = "edgeward verify --suite accuracy, with a device that tells probabilities"
        missing = Missing("curves of sensitivity over a threshold (ROC, PR)", why, remedy)
        return Section("curves", "Curves over a threshold", (missing,))
    text = (
        "Each label against all others, over the probability that the device told. The device "
        "itself decides for the likeliest label; no threshold of it is moved here. A window "
        "without an answer counts as missed at every threshold but the last."
    )
    blocks: tuple[Block, ...] = (Paragraph(text), *figures)
    return Section("curves", "Curves over a threshold", blocks)


def _figures(evidence: Evidence) -> Iterator[Figure]:
    told = next(_kept(evidence), None)
    if told is None:
        return
    import numpy as np

    truth = np.array(told["truth"])
    probabilities = np.array(told["probabilities"], dtype=float)
    kinds = (
        ("roc", roc, "share of others taken for it", "sensitivity"),
        ("pr", precision_recall, "sensitivity", "predictivity"),
    )
    for name, made, x_name, y_name in kinds:
        found: dict[str, Curve] = {}
        for place, label in enumerate(told["labels"]):
            curve = made(truth == label, probabilities[:, place])
            if curve is not None:
                found[str(label).replace("_", " ")] = curve
        if found:
            areas = ", ".join(f"{label} {curve.area:.4f}" for label, curve in found.items())
            caption = f"{y_name.capitalize()} over {x_name}, {evidence.label}"
            svg = drawn(found, x_name, y_name)
            alt = f"Area below each curve, of {len(truth)} windows: {areas}."
            yield Figure(f"{name}-{evidence.place}", caption, alt, svg)


def _kept(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """What a record kept, if it has the form that the suite writes."""
    for record in evidence.bundle.records:
        sha256 = record.artifacts.get(SCORES)
        if sha256 is None:
            continue
        try:
            value = json.loads(evidence.bundle.artifact(sha256))
        except (HarnessError, ValueError):
            continue  # what cannot be read is not drawn; inspecting the bundle names it
        if _whole(value):
            yield value


def _whole(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    labels, truth, rows = (value.get(name) for name in ("labels", "truth", "probabilities"))
    return (
        isinstance(labels, list)
        and isinstance(truth, list)
        and isinstance(rows, list)
        and len(truth) == len(rows) > 0
        and all(isinstance(row, list) and len(row) == len(labels) for row in rows)
    )
