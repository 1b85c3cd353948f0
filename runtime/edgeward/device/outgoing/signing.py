"""The key with which a device signs what must stay checkable for years.

It is not that of the papers, which are replaced every few months. Whoever takes the device's
records is told its public part with them.
"""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward.ports import Entropy, Store

BLOB = "signing"
SEED_BYTES = 32


def signing_key(store: Store, entropy: Entropy) -> Ed25519PrivateKey:
    """The Ed25519 key in this store, or a new one where there is none that can be read.

    What a lost one has signed is not believed any more, and whoever checks it says so.

    Raises:
        StoreError: the disk refused, so that a new key would be gone with the next start.
    """
    kept = store.read(BLOB)
    if kept is not None:
        try:
            key = serialization.load_pem_private_key(kept, password=None)
        except (ValueError, TypeError):
            key = None  # damaged: begin anew
        if isinstance(key, Ed25519PrivateKey):
            return key
    new = Ed25519PrivateKey.from_private_bytes(entropy.token(SEED_BYTES))
    store.write(
        BLOB,
        new.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    return new
