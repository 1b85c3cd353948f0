"""The bytes of a batch, and the reading of its answer: docs/delivery.md in code.

A batch carries what was sealed; nothing here can read a record. What answers is believed only as
far as it names this batch.
"""

import base64
import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgeward.canonical import canonical_json
from edgeward.comms.record import DataKey, Gap, Queued
from edgeward.errors import DeliveryError

PROTOCOL = 1
MAGIC = b"EWB1"
CONTENT_TYPE = "application/vnd.edgeward.batch"
HISTORICAL = 1
ANSWER_BYTES_MAX = 1 << 20
"""No honest answer to a batch is longer."""
HEAD = struct.Struct("<8sQBBHII")
"""Before each record: token, sequence, class, flags, nothing, key, length."""
SHOWN_CHARS = 80


@dataclass(frozen=True, slots=True)
class Grant:
    """A data key, sealed for the receiver alone."""

    key: DataKey
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent at once. `name` is drawn for each attempt, so that no answer fits two."""

    device: str
    name: str
    records: Sequence[Queued] = ()
    grants: Sequence[Grant] = ()
    gaps: Sequence[Gap] = ()

    def to_bytes(self) -> bytes:
        """As it crosses the wire."""
        header = canonical_json(self._header())
        parts = [MAGIC, len(header).to_bytes(4, "little"), header]
        for record in self.records:
            one, sealed = record.identity, record.sealed
            flags = HISTORICAL if record.historical else 0
            parts.append(
                HEAD.pack(
                    one.epoch.token, one.sequence, record.kind, flags, 0, sealed.key,
                    len(sealed.blob),
                )
            )  # fmt: skip
            parts.append(sealed.blob)
        return b"".join(parts)

    def _header(self) -> dict[str, Any]:
        epochs = {record.identity.epoch for record in self.records}
        epochs |= {grant.key.epoch for grant in self.grants} | {gap.epoch for gap in self.gaps}
        return {
            "protocol": PROTOCOL,
            "device": self.device,
            "batch": self.name,
            "records": len(self.records),
            "epochs": [
                {"token": epoch.token.hex(), "ordinal": epoch.ordinal}
                for epoch in sorted(epochs, key=lambda epoch: (epoch.ordinal, epoch.token))
            ],
            "keys": [_grant(grant) for grant in self.grants],
            "gaps": [_gap(gap) for gap in self.gaps],
        }


def _grant(grant: Grant) -> dict[str, Any]:
    key = grant.key
    return {
        "epoch": key.epoch.token.hex(),
        "key": key.number,
        "class": key.kind.word,
        "subject": None if key.subject is None else key.subject.hex(),
        "sealed": base64.b64encode(grant.sealed).decode(),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "epoch": gap.epoch.token.hex(),
        "class": gap.kind.word,
        "first": gap.first,
        "last": gap.last,
        "count": gap.count,
        "reason": gap.reason.value,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver says of one batch."""

    durable: dict[bytes, list[tuple[int, int]]] = field(default_factory=dict)
    """By token: ranges of sequences that it holds, ends included."""
    refused: dict[tuple[bytes, int], str] = field(default_factory=dict)
    """By token and sequence: records it will never take, and why."""
    keys_unknown: frozenset[tuple[bytes, int]] = frozenset()
    """By token and number."""

    def holds(self, token: bytes, sequence: int) -> bool:
        """Whether it says that it has this record."""
        return any(first <= sequence <= last for first, last in self.durable.get(token, ()))


def read_answer(body: bytes, name: str) -> Answer:
    """The answer to the batch of this name.

    Raises:
        DeliveryError: it is no answer, or one to something else. Nothing may be deleted for it.
    """
    if len(body) > ANSWER_BYTES_MAX:
        raise DeliveryError(f"an answer of {len(body)} bytes; accepted: {ANSWER_BYTES_MAX}")
    try:
        told = json.loads(body)
    except ValueError:
        raise DeliveryError(f"{_shown(body)} is no answer; accepted: a JSON object") from None
    if not isinstance(told, dict) or told.get("protocol") != PROTOCOL:
        raise DeliveryError(f"{_shown(body)} is no answer of protocol {PROTOCOL}")
    if told.get("batch") != name:
        raise DeliveryError(f"an answer to batch {told.get('batch')!r}; asked was {name!r}")
    try:
        return Answer(
            _ranges(told.get("durable", [])),
            {(_token(one["epoch"]), _whole(one["sequence"])): str(one["reason"])[:SHOWN_CHARS]
             for one in told.get("refused", [])},
            frozenset((_token(one["epoch"]), _whole(one["key"]))
                      for one in told.get("keys_unknown", [])),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise DeliveryError(f"{_shown(body)}: {error!r} in an answer") from None


def _ranges(told: Iterable[Any]) -> dict[bytes, list[tuple[int, int]]]:
    ranges: dict[bytes, list[tuple[int, int]]] = {}
    for token, first, last in told:
        span = _whole(first), _whole(last)
        if span[0] > span[1]:
            raise ValueError(f"a range from {first} to {last}")
        ranges.setdefault(_token(token), []).append(span)
    return ranges


def _token(text: Any) -> bytes:  # noqa: ANN401 - whatever a peer has sent
    if not isinstance(text, str) or len(text) != 16:
        raise ValueError(f"{text!r:.40} is no token of 16 hex digits")
    return bytes.fromhex(text)


def _whole(value: Any) -> int:  # noqa: ANN401 - whatever a peer has sent
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r:.40} is no count")
    return value


def _shown(body: bytes) -> str:
    return repr(body[:SHOWN_CHARS].decode("utf-8", "replace"))
