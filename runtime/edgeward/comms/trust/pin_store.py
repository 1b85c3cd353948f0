"""The pins of a device, kept with their signature: what lies on a disk is believed no more."""

import json
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edgeward.canonical import canonical_json
from edgeward.comms.trust.pins import PinSet, follow, read_signed
from edgeward.errors import TrustError
from edgeward.ports import Store

BLOB = "pins"


class PinStore:
    """The newest set that a device has seen."""

    __slots__ = ("_current", "_root", "_store", "damage")

    def __init__(self, store: Store, root_raw: bytes, first: Any) -> None:  # noqa: ANN401 - JSON
        """Begin with the set in the store, or with the signed first one that a device ships with.

        A damaged one in the store is no reason to be cut off for ever: the way begins anew with
        the first one, and `damage` says what was found.

        Raises:
            TrustError: the first one is not signed by the root key.
            StoreError: the store cannot be read.
        """
        self.damage = ""
        self._store = store
        self._root = Ed25519PublicKey.from_public_bytes(root_raw)
        shipped = read_signed(first, self._root)
        self._current = max(shipped, self._kept() or shipped, key=lambda one: one.version)

    @property
    def current(self) -> PinSet:
        """The pins that count."""
        return self._current

    def follow(self, told: Sequence[Any]) -> bool:
        """Go on to the last of these signed sets; whether there was one to go to.

        Raises:
            TrustError: they do not follow. Nothing was changed.
            StoreError: the disk refused. Nothing was changed.
        """
        newest = follow(self._current, told, self._root)
        if newest == self._current:
            return False
        self._store.write(BLOB, canonical_json(told[-1]))
        self._current = newest
        return True

    def _kept(self) -> PinSet | None:
        """What lies in the store; what is damaged counts as little as what was removed."""
        data = self._store.read(BLOB)
        if data is None:
            return None
        try:
            return read_signed(json.loads(data), self._root)
        except (TrustError, ValueError) as error:
            self.damage = str(error)
            return None
