"""Where the keys are that wrap all others: a port, so that hardware can stand behind it.

A key has a label and never leaves: it wraps and unwraps. `new` and `destroy` are durable when they
return. The software one keeps all keys in one blob of a private store, which is replaced whole.
"""

import base64
import binascii
import json
from collections.abc import Collection
from typing import Any, NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edgeward.canonical import canonical_json, digest
from edgeward.comms.sealing.secret import KEY_BYTES, Secret
from edgeward.comms.sealing.twice import Twice
from edgeward.errors import DamagedError, SealError
from edgeward.ports import Entropy, Store

BLOB = "keystore.json"
_FORMAT = 1
_NONCE_BYTES = 12


class Keystore(Protocol):
    """Keys by label, that can be used and destroyed but not read."""

    def labels(self) -> list[str]:
        """The labels of all keys, sorted."""
        ...

    def new(self, labels: Collection[str]) -> None:
        """Make keys, durably; one that has such a label is replaced.

        Raises:
            StoreError: it cannot say that they are safe, and none of them may be used.
        """
        ...

    def destroy(self, labels: Collection[str]) -> None:
        """Destroy keys, durably; a missing one is fine.

        Raises:
            StoreError: none of them works any more, but they may come back with a restart.
        """
        ...

    def settled(self) -> bool:
        """Whether nothing that was destroyed can come back with a restart."""
        ...

    def wrap(self, label: str, key: bytes, context: bytes) -> bytes:
        """Encrypt a key so that the same label and context give it back.

        Raises:
            SealError: there is no such label.
        """
        ...

    def unwrap(self, label: str, wrapped: bytes, context: bytes) -> bytes:
        """Give back a wrapped key.

        Raises:
            SealError: there is no such label, or something was changed.
        """
        ...


class SoftwareKeystore:
    """Keys in one blob, which lies twice in its store, and in the memory of this process."""

    __slots__ = ("_blob", "_entropy", "_keys")

    def __init__(self, store: Store, entropy: Entropy) -> None:
        """Read the keys that are there.

        Raises:
            StoreError: they cannot be read, or others could read them.
            DamagedError: neither of the two is what was written. Nothing is replaced.
        """
        self._blob = Twice(store, BLOB, _decoded)
        self._entropy = entropy
        self._keys = self._blob.read() or {}

    @property
    def damage(self) -> str:
        """What was wrong with the first of the two blobs at the start."""
        return self._blob.damage

    def labels(self) -> list[str]:
        """The labels of all keys, sorted."""
        return sorted(self._keys)

    def new(self, labels: Collection[str]) -> None:
        """Make keys, durably; one that has such a label is replaced.

        Raises:
            StoreError: it cannot say that they are safe, and none of them may be used.
        """
        made = {label: Secret(self._entropy.token(KEY_BYTES)) for label in labels}
        self._write({**self._keys, **made})
        self._keys.update(made)

    def destroy(self, labels: Collection[str]) -> None:
        """Destroy keys, durably; a missing one is fine.

        Raises:
            StoreError: none of them works any more, but they may come back with a restart.
        """
        for label in labels:
            if (secret := self._keys.pop(label, None)) is not None:
                secret.wipe()
        self._write(self._keys)

    def settled(self) -> bool:
        """Whether nothing that was destroyed can come back with a restart."""
        return not self._blob.behind

    def wrap(self, label: str, key: bytes, context: bytes) -> bytes:
        """Encrypt a key so that the same label and context give it back: nonce, ciphertext, tag.

        Raises:
            SealError: there is no such label.
        """
        nonce = self._entropy.token(_NONCE_BYTES)
        return nonce + self._cipher(label).encrypt(nonce, key, context)

    def unwrap(self, label: str, wrapped: bytes, context: bytes) -> bytes:
        """Give back a wrapped key.

        Raises:
            SealError: there is no such label, or something was changed.
        """
        cipher = self._cipher(label)
        if len(wrapped) == _NONCE_BYTES + KEY_BYTES + 16:
            try:
                return cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
            except InvalidTag:
                pass
        raise SealError(
            f"{len(wrapped)} bytes are no key that {label} wrapped for this use; accepted: the 60"
            " bytes it gave, with the device, the epoch, the number, the class and the patient they"
            " were given for"
        )

    def _cipher(self, label: str) -> AESGCM:
        if label not in self._keys:
            raise SealError(
                f"the keystore has no key {label}; it was destroyed, or is another device's"
            )
        return AESGCM(self._keys[label].material)

    def _write(self, keys: dict[str, Secret]) -> None:
        body = {
            "format": _FORMAT,
            "keys": {
                label: base64.b64encode(secret.material).decode() for label, secret in keys.items()
            },
        }
        self._blob.write(canonical_json({**body, "digest": digest(body)}))

    def __repr__(self) -> str:
        return f"SoftwareKeystore({len(self._keys)} keys)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keystore is neither copied nor pickled")


def _decoded(blob: bytes) -> dict[str, Secret]:
    try:
        body: dict[str, Any] = json.loads(blob)
        told = body.pop("digest")
        keys = {
            label: Secret(base64.b64decode(text, validate=True))
            for label, text in body["keys"].items()
        }
        whole = digest(body) == told and body["format"] == _FORMAT
        whole = whole and all(len(secret.material) == KEY_BYTES for secret in keys.values())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error):
        whole = False
    if not whole:
        raise DamagedError(
            f"{BLOB}: found {len(blob)} bytes that are no keystore of format {_FORMAT}; accepted:"
            " what this device wrote there, or a copy of it"
        )
    return keys
