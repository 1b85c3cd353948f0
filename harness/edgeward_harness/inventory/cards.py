"""A model's card in the words of CycloneDX."""

from typing import Any

from edgeward_harness.inventory.model import Card, Figure


def model_card(card: Card) -> dict[str, Any]:
    """The `modelCard` of a component: data, figures, use and limits; what is not told is left out.

    A figure is text there, in the shortest form that reads back to the same number.
    """
    found: dict[str, Any] = {}
    if card.data:
        found["modelParameters"] = {"datasets": [{"ref": ref} for ref in card.data]}
    if card.figures:
        metrics = [_metric(one) for one in card.figures]
        found["quantitativeAnalysis"] = {"performanceMetrics": metrics}
    considered = {}
    if card.intended_use:
        considered["useCases"] = [card.intended_use]
    if card.limits:
        considered["technicalLimitations"] = list(card.limits)
    return found | ({"considerations": considered} if considered else {})


def _metric(one: Figure) -> dict[str, Any]:
    told: dict[str, Any] = {"type": one.name, "value": repr(one.value)}
    if one.slice:
        told["slice"] = one.slice
    if one.low is not None and one.high is not None:
        told["confidenceInterval"] = {"lowerBound": repr(one.low), "upperBound": repr(one.high)}
    return told
