"""Reads a bundle, as its receiver does: all of it is believed, or nothing.

A bundle is checked to the last byte before its first batch is handed over.
"""

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edgeward.canonical import sha256_hex
from edgeward.comms.carried.layout import (
    MANIFEST,
    MANIFEST_BYTES_MAX,
    PART_BYTES_MAX,
    Manifest,
    PartFile,
    bundle_in,
    folder_of,
    open_part,
    read_manifest,
    signed_by,
)
from edgeward.errors import DamagedError, TrustError
from edgeward.ports import FileTree

_SEALED_BYTES_MAX = PART_BYTES_MAX + 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that is whole, and from a device that is known."""

    manifest: Manifest
    medium: FileTree
    receiver: X25519PrivateKey

    def batches(self) -> Iterator[bytes]:
        """Its batches, in order.

        Raises:
            DamagedError: the medium gives something else than before.
            StoreError: it cannot be read.
        """
        for part in self.manifest.parts:
            sealed = _read_part(self.medium, self.manifest.bundle, part)
            yield open_part(
                sealed, self.receiver, self.manifest.device, self.manifest.bundle, part.number
            )


def bundles_on(medium: FileTree) -> list[str]:
    """The bundles whose folders are on a medium, complete or not."""
    names = [entry.name for entry in medium.entries("") if entry.kind == "folder"]
    return [one for name in names if (one := bundle_in(name)) and name == folder_of(one)]


def open_bundle(
    medium: FileTree,
    bundle: str,
    receiver: X25519PrivateKey,
    trusted: Callable[[str, bytes], EllipticCurvePublicKey | None],
    taken: Container[str] = (),
) -> Bundle:
    """A bundle, checked.

    Args:
        medium: where it lies.
        bundle: its name.
        receiver: whose bundle it is.
        trusted: the key that a device signs with, from its name and its certificate (PEM); None for
            papers that are not believed.
        taken: the bundles that were taken before. Whoever took one has its answer, and gives that.

    Raises:
        DamagedError: it is not whole, was changed, or is another receiver's.
        TrustError: no known device signed it, or it was taken before.
        StoreError: it cannot be read.
    """
    folder = folder_of(bundle)
    data = medium.read(f"{folder}/{MANIFEST}", MANIFEST_BYTES_MAX)
    if data is None:
        raise DamagedError(f"bundle {bundle} has no manifest: it was not written to its end")
    manifest, message, signature = read_manifest(data, bundle, receiver)
    key = trusted(manifest.device, manifest.chain_pem)
    if key is None or not signed_by(key, signature, message):
        known = "an unknown device" if key is None else "a device whose key did not sign it"
        raise TrustError(f"bundle {bundle} is from {manifest.device!r}, {known}")
    if bundle in taken:
        raise TrustError(f"bundle {bundle} of {manifest.device!r} was taken before")
    for part in manifest.parts:
        _read_part(medium, bundle, part)
    return Bundle(manifest, medium, receiver)


def _read_part(medium: FileTree, bundle: str, part: PartFile) -> bytes:
    if part.size_bytes > _SEALED_BYTES_MAX:
        raise DamagedError(f"bundle {bundle}: {part.name} has {part.size_bytes} bytes")
    data = medium.read(f"{folder_of(bundle)}/{part.name}", part.size_bytes)
    if data is None or len(data) != part.size_bytes or sha256_hex(data) != part.sha256:
        found = "nothing" if data is None else f"{len(data)} bytes that are others"
        raise DamagedError(
            f"bundle {bundle}: {part.name} holds {found}; accepted: the {part.size_bytes} bytes"
            " that its manifest names"
        )
    return data
