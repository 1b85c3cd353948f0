"""Keys: the public ones that a device trusts, and the private one that signs at the bench.

One kind only: the elliptic curve P-256 in PEM. A second kind would be a second thing to get wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from edgeward.canonical import sha256_hex
from edgeward.errors import PackageError
from edgeward.limits import DEFAULT, Limits
from edgeward.model.package.layout import fault, told
from edgeward.ports import FileTree

ACCEPTED = "a public key of the curve P-256 (secp256r1) in PEM"
_BAD_KEY = (ValueError, TypeError, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys whose signatures a device accepts, by what a signature calls them."""

    keys: Mapping[str, ec.EllipticCurvePublicKey]

    def accepts(self, hint: str, signature: bytes, message: bytes) -> bool:
        """Whether the trusted key of this name made this signature."""
        try:
            self.keys[hint].verify(signature, message, ec.ECDSA(SHA256()))
        except (InvalidSignature, KeyError):
            return False
        return True


def trust(pems: Mapping[str, bytes]) -> Trust:
    """The keys in these files.

    Raises:
        PackageError: there is none, or one of them is no key that is accepted.
    """
    keys, faults = {}, []
    for name, pem in pems.items():
        try:
            key = load_pem_public_key(pem)
        except _BAD_KEY as error:
            faults.append(told(name, f"no public key: {error}", ACCEPTED))
            continue
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            curve = getattr(getattr(key, "curve", None), "name", type(key).__name__)
            faults.append(told(name, f"a key of {curve}", ACCEPTED))
            continue
        keys[hint_of(key)] = key
    if not pems:
        faults.append(fault("the trusted keys", None, f"at least one: {ACCEPTED}"))
    if faults:
        raise PackageError(faults)
    return Trust(keys)


def read_trust(tree: FileTree, name: str | None = None, limits: Limits = DEFAULT) -> Trust:
    """The keys in a folder, each of its files one; or, with a name, the one in that file.

    Raises:
        PackageError: there is none, there are too many, or one of them is none.
        StoreError: a file cannot be read, or is no regular one.
    """
    names = [one.name for one in tree.entries("")] if name is None else [name]
    if len(names) > limits.trusted_keys_max:
        accepted = f"at most trusted_keys_max = {limits.trusted_keys_max}"
        raise PackageError(fault("the trusted keys", len(names), accepted))
    return trust({one: tree.read(one, limits.key_bytes_max) or b"" for one in names})


def signing_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The private key in a file; one that needs a password is refused.

    Raises:
        PackageError: it is none.
    """
    try:
        key = load_pem_private_key(pem, None)
    except _BAD_KEY as error:
        accepted = "a private key of the curve P-256 in PEM"
        raise PackageError(told("the signing key", f"no key: {error}", accepted)) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        curve = getattr(getattr(key, "curve", None), "name", type(key).__name__)
        raise PackageError(told("the signing key", f"a key of {curve}", "the curve P-256"))
    return key


def hint_of(key: ec.EllipticCurvePublicKey) -> str:
    """What a signature calls the key that made it: the SHA-256 of its PEM."""
    return sha256_hex(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
