"""Keyrings and sealers as a device has them, and the key that a receiver opens grants with."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.record import DataKey, Epoch
from edgeward.comms.sealing.keyring import Keyring
from edgeward.comms.sealing.keystore import SoftwareKeystore
from edgeward.comms.sealing.sealer import RecordSealer
from edgeward.ports import Entropy, Store

DEVICE = "bed-7"
DAY_NS = 86_400_000_000_000


@dataclass
class Sealing:
    """All that seals on one device."""

    keystore: SoftwareKeystore
    ring: Keyring
    sealer: RecordSealer
    entropy: Entropy
    ordinal: int = 0

    def begin(self) -> Epoch:
        """A new epoch, as an outbox opens one."""
        self.ordinal += 1
        epoch = Epoch(self.ordinal, self.entropy.token(8))
        self.sealer.begin(epoch)
        return epoch


def started(store: Store, seed: int = 1, now_ns: int = 0) -> Sealing:
    """What a device has after a start, with entropy that no other start has."""
    entropy = SeededEntropy(seed)
    keystore = SoftwareKeystore(store, entropy)
    ring = Keyring(keystore, store, entropy, now_ns)
    return Sealing(keystore, ring, RecordSealer(DEVICE, ring, entropy), entropy)


class Receiver:
    """Opens what a device grants, from nothing but the text of the protocol."""

    def __init__(self) -> None:
        self._key = X25519PrivateKey.from_private_bytes(bytes(range(32)))
        self.public = self._key.public_key().public_bytes_raw()

    def granted(self, sealed: bytes, device: str, key: DataKey) -> bytes:
        """The data key in a grant."""
        info = b"".join((
            b"edgeward key 1\x00", device.encode("utf-8"), b"\x00", key.epoch.token,
            key.number.to_bytes(4, "little"), bytes([key.kind]), key.subject or b"",
        ))  # fmt: skip
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        return suite.decrypt(sealed, self._key, info)
