"""The bytes of a batch, read by the document and by nothing of the runtime's: a second opinion."""

import base64
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CLASSES = {"waveform": 1, "trend": 2, "event": 3, "alarm": 4, "audit": 5}
REASONS = ("evicted", "quarantined", "erased", "void")
HISTORICAL = 1
_NAME = re.compile("[0-9a-f]{32}")
_RECORD = struct.Struct("<8sQBBHII")


class BadBatchError(Exception):
    """The bytes are no batch; says where they end being one."""

    def __init__(self, text: str, batch: str | None = None) -> None:
        """Keep the batch's name where that could be read."""
        super().__init__(text)
        self.batch = batch


@dataclass(frozen=True, slots=True)
class Record:
    """One sealed record, as it came."""

    token: bytes
    sequence: int
    kind: int
    flags: int
    key: int
    blob: bytes


@dataclass(frozen=True, slots=True)
class Grant:
    """A data key for this receiver, still sealed."""

    token: bytes
    key: int
    kind: int
    subject: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """What the device says it will never send."""

    token: bytes
    kind: int
    first: int
    last: int
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A whole batch."""

    device: str
    name: str
    ordinals: Mapping[bytes, int]
    records: tuple[Record, ...]
    grants: tuple[Grant, ...]
    gaps: tuple[Gap, ...]


def read_batch(data: bytes) -> Batch:
    """Read a batch to its last byte.

    Raises:
        BadBatchError: it is none.
    """
    if data[:4] != b"EWB1":
        raise BadBatchError(f"begins with {data[:4]!r}; a batch begins with b'EWB1'")
    size = int.from_bytes(data[4:8], "little")
    if len(data) < 8 + size:
        raise BadBatchError(f"ends inside its header of {size} bytes")
    header = _header(data[8 : 8 + size])
    name = header["batch"]
    try:
        return _whole(header, name, _records(data, 8 + size))
    except (KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise BadBatchError(f"what cannot be: {error!r}", name) from error


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except ValueError as error:
        raise BadBatchError(f"its header is no JSON: {error}") from error
    if not isinstance(header, dict) or header.get("protocol") != 1:
        raise BadBatchError(f"its header is not of protocol 1: {header!r:.80}")
    name = header.get("batch")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadBatchError(f"its name is {name!r:.80}; a name has 32 hex digits")
    return header


def _whole(header: dict[str, Any], name: str, records: tuple[Record, ...]) -> Batch:
    if header["records"] != len(records):
        raise ValueError(f"{header['records']} records told, {len(records)} found")
    ordinals = {_token(one["token"]): int(one["ordinal"]) for one in header["epochs"]}
    batch = Batch(
        str(header["device"]),
        name,
        ordinals,
        records,
        tuple(_grant(one) for one in header["keys"]),
        tuple(_gap(one) for one in header["gaps"]),
    )
    told = [(one.token, one.kind) for one in batch.records]
    told += [(grant.token, grant.kind) for grant in batch.grants]
    told += [(gap.token, gap.kind) for gap in batch.gaps]
    for token, kind in told:
        if token not in ordinals:
            raise ValueError(f"epoch {token.hex()} is not told in the header")
        if kind not in CLASSES.values():
            raise ValueError(f"there is no class {kind}")
    return batch


def _records(data: bytes, offset: int) -> tuple[Record, ...]:
    records = []
    while offset < len(data):
        token, sequence, kind, flags, nothing, key, size = _RECORD.unpack_from(data, offset)
        offset += _RECORD.size
        blob = data[offset : offset + size]
        if len(blob) != size:
            raise ValueError(f"record {sequence} ends after {len(blob)} of {size} bytes")
        if nothing or flags & ~HISTORICAL or not sequence:
            raise ValueError(f"record {sequence} has flags {flags} and {nothing} where 0 stands")
        records.append(Record(token, sequence, kind, flags, key, blob))
        offset += size
    return tuple(records)


def _grant(told: dict[str, Any]) -> Grant:
    subject = b"" if told["subject"] is None else bytes.fromhex(told["subject"])
    return Grant(
        _token(told["epoch"]),
        int(told["key"]),
        CLASSES[told["class"]],
        subject,
        base64.b64decode(told["sealed"], validate=True),
    )


def _gap(told: dict[str, Any]) -> Gap:
    gap = Gap(
        _token(told["epoch"]),
        CLASSES[told["class"]],
        int(told["first"]),
        int(told["last"]),
        int(told["count"]),
        str(told["reason"]),
    )
    if gap.reason not in REASONS:
        raise ValueError(f"a gap for the reason {gap.reason!r}")
    if not 1 <= gap.first <= gap.last or not 0 <= gap.count <= gap.last - gap.first + 1:
        raise ValueError(f"a gap of {gap.count} from {gap.first} to {gap.last}")
    return gap


def _token(text: str) -> bytes:
    token = bytes.fromhex(text)
    if len(token) != 8:
        raise ValueError(f"{text!r:.40} is no token of 16 hex digits")
    return token
