"""What is bound to a sealed record and to a key, byte for byte (docs/delivery.md)."""

import struct

from edgeward.comms.record import DataKey, Epoch

nonce_of = struct.Struct(">4xQ").pack
"""Four zero bytes and the sequence."""
TAG_BYTES = 16


class RecordAad:
    """The associated data of the records of one epoch."""

    __slots__ = ("head", "pack", "token")

    def __init__(self, device: str, token: bytes) -> None:
        """Everything but what differs from record to record."""
        self.token = token
        self.head = b"edgeward record 1\0" + device.encode() + b"\0" + token
        self.pack = struct.Struct(f"<{len(self.head)}sQBI").pack
        """Of the head, the sequence, the class and the key number: one call, for speed."""


def grant_info(device: str, key: DataKey) -> bytes:
    """The info of the HPKE message that tells a receiver a data key."""
    return b"edgeward key 1\0" + _named(device, key.epoch, key)


def wrap_context(device: str, key: DataKey) -> bytes:
    """What a wrapped data key is bound to; its subject and version choose the wrapping key."""
    return b"edgeward wrap 1\0" + _named(device, key.epoch, key)


def _named(device: str, epoch: Epoch, key: DataKey) -> bytes:
    numbers = struct.pack("<IB", key.number, key.kind)
    return device.encode() + b"\0" + epoch.token + numbers + (key.subject or b"")
