"""How a device's misbehaviour is told: findings that carry the transcript."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgeward_harness.errors import Finding

TRANSCRIPT = "transcript.txt"
"""The attachment under which every device fault carries the conversation."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error a device answered: a code of the protocol, a sentence for a person, perhaps data."""

    code: int
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """The code and the sentence."""
        return f"error {self.code}: {self.message}"


class DeviceRefused(Finding):
    """The device answered an error where a result was due."""

    def __init__(
        self, method: str, refusal: Refusal, *, attachments: Mapping[str, bytes] | None = None
    ) -> None:
        """Keep the refusal, so that a case which expects one can look at it."""
        self.refusal = refusal
        detail = f"{refusal}\ndata: {dict(refusal.data)}" if refusal.data else str(refusal)
        super().__init__(f"The device refused {method!r}", detail, attachments=attachments)
