"""What is bound to a sealed record and to a key, byte for byte (docs/delivery.md)."""

import struct

from edgeward.comms.record import DataKey, Epoch

AAD_TAIL = struct.Struct("<QBI")
"""Sequence, class and key number."""
NONCE = struct.Struct(">IQ")
"""Four zero bytes and the sequence."""
TAG_BYTES = 16


def aad_head(device: str, token: bytes) -> bytes:
    """What the associated data of every record of an epoch begins with."""
    return b"edgeward record 1\0" + device.encode() + b"\0" + token


def grant_info(device: str, key: DataKey) -> bytes:
    """The info of the HPKE message that tells a receiver a data key."""
    return b"edgeward key 1\0" + _named(device, key.epoch, key)


def wrap_context(device: str, key: DataKey) -> bytes:
    """What a wrapped data key is bound to; its subject and version choose the wrapping key."""
    return b"edgeward wrap 1\0" + _named(device, key.epoch, key)


def _named(device: str, epoch: Epoch, key: DataKey) -> bytes:
    numbers = struct.pack("<IB", key.number, key.kind)
    return device.encode() + b"\0" + epoch.token + numbers + (key.subject or b"")
