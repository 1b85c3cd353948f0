"""A model's card: what it takes, what it answers and which bytes it is."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edgeward.errors import ModelError


class ModelFormat(StrEnum):
    """What a model's bytes are, and so what runs them."""

    ONNX = "onnx"
    TORCH = "torch"
    """A TorchScript archive or an exported program."""
    LITERT = "litert"


@dataclass(frozen=True, slots=True)
class ModelInput:
    """One window of one signal."""

    signal: str
    unit: str
    rate_hz: int
    window_samples: int
    hop_samples: int


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The part of a card the device needs; the file says more, for people."""

    name: str
    version: str
    sha256: str
    labels: tuple[str, ...]
    input: ModelInput
    format: ModelFormat = ModelFormat.ONNX
    """A card that does not say is that of an ONNX model."""


def parse_card(data: bytes) -> ModelCard:
    """Read a card.

    Raises:
        ModelError: it is not JSON, or a field is missing or of the wrong type.
    """
    try:
        card: dict[str, Any] = json.loads(data)
        taken = card["input"]
        return ModelCard(
            name=_text(card["name"]),
            version=_text(card["version"]),
            sha256=_text(card["sha256"]),
            labels=tuple(_text(label) for label in card["labels"]),
            input=ModelInput(
                signal=_text(taken["signal"]),
                unit=_text(taken["unit"]),
                rate_hz=_count(taken["rate_hz"]),
                window_samples=_count(taken["window_samples"]),
                hop_samples=_count(taken["hop_samples"]),
            ),
            format=_format(card.get("format", ModelFormat.ONNX)),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the model card cannot be read: {error!r}") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} where a text is needed")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(f"{value!r} where a whole number above 0 is needed")
    return value


def _format(value: object) -> ModelFormat:
    if not isinstance(value, str) or value not in tuple(ModelFormat):
        raise TypeError(f"{value!r} where one of {', '.join(ModelFormat)} is needed")
    return ModelFormat(value)
