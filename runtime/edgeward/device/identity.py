"""Who this device is, and how often it has been started."""

from dataclasses import dataclass

from edgeward.errors import StoreError
from edgeward.ports import Entropy, Store

_IDENTITY = "identity"
_EPOCH = "epoch"
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity that outlives starts, as far as the store does."""

    id: str
    serial: str
    epoch: int
    """Counts the starts, from 1."""


def start_identity(store: Store, entropy: Entropy) -> Identity:
    """Take the stored identity, or draw one on the first start; count this start durably.

    Raises:
        StoreError: the store refused, or holds something that was never written here. A device that
            cannot count its starts must not start: what it sends could be taken for a repetition.
    """
    found = device_id(store, entropy)
    epoch = _count(store.read(_EPOCH)) + 1
    store.write(_EPOCH, str(epoch).encode("ascii"))
    return Identity(id=found, serial=found[:8], epoch=epoch)


def device_id(store: Store, entropy: Entropy) -> str:
    """The stored identity, or a new one that is stored; no start is counted.

    Raises:
        StoreError: the store refused, or holds something that was never written here.
    """
    stored = store.read(_IDENTITY)
    if stored is None:
        stored = entropy.token(_ID_BYTES).hex().encode("ascii")
        store.write(_IDENTITY, stored)
    found = stored.decode("ascii", "replace")
    if len(found) != 2 * _ID_BYTES or not set(found) <= set("0123456789abcdef"):
        raise StoreError(
            f"{_IDENTITY}: found {stored[:40]!r}, {2 * _ID_BYTES} hex digits are needed"
        )
    return found


def _count(stored: bytes | None) -> int:
    """The starts counted so far."""
    if stored is None:
        return 0
    if not stored.isdigit() or len(stored) > 18:
        raise StoreError(f"{_EPOCH}: found {stored[:40]!r}, a count in digits is needed")
    return int(stored)
