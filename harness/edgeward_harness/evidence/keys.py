"""The run key that signs bundles, and the public keys that are trusted.

Rules:
- The run key lies in the state folder of the user and is made on first use: mode 0600, whole or not
  there, one winner when several runs begin at once.
- A private key that others can read is refused: what it signs proves nothing.
- No private key ever appears in a text; errors name the file only.
- A key is known by its id: SHA-256 of the 32 raw bytes of its public half.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.files import (
    open_regular,
    read_whole,
    refusal,
    sync_folder,
    write_new,
)

if TYPE_CHECKING:  # imported where it is used: it would slow the start of every command
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_BYTES_MAX = 1 << 16
"""A key file; anything longer is not one."""
_PERSONAL = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of an Ed25519 key."""

    raw: bytes

    @property
    def keyid(self) -> str:
        """What the key is known by."""
        return sha256_hex(self.raw)

    @property
    def pem(self) -> bytes:
        """The key as other programs read it (SubjectPublicKeyInfo)."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def accepts(self, signature: bytes, data: bytes) -> bool:
        """Whether a signature over these bytes was made with the private half."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    @classmethod
    def from_pem(cls, data: bytes) -> "PublicKey":
        """Read a public key.

        Raises:
            HarnessError: it is not an Ed25519 public key in PEM.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        try:
            key = load_pem_public_key(data)
        except (ValueError, UnsupportedAlgorithm):
            raise HarnessError("not a public key in PEM") from None
        if not isinstance(key, Ed25519PublicKey):
            raise HarnessError("not an Ed25519 key")
        return cls(key.public_bytes_raw())


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs. Its private half is in no text made from it."""

    public: PublicKey
    _private: "Ed25519PrivateKey" = field(repr=False, compare=False)

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of an Ed25519 signature."""
        return self._private.sign(data)


def run_key_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the run key lies: `$EDGEWARD_HOME`, else the user's state folder."""
    home = environment.get("EDGEWARD_HOME")
    if home:
        return Path(home) / "run-key.pem"
    state = environment.get("XDG_STATE_HOME")
    base = Path(state) if state else Path.home() / ".local" / "state"
    return base / "edgeward" / "run-key.pem"


def run_key(path: Path | None = None) -> SigningKey:
    """This machine's run key, made now if there is none; or the key that lies at a given path.

    Raises:
        HarnessError: it cannot be made or read, others can read it, or it is no Ed25519 key.
    """
    if path is not None:
        return load_signing_key(path)
    place = run_key_path()
    if not place.exists():
        _make(place)
    return load_signing_key(place)


def load_signing_key(path: Path) -> SigningKey:
    """Read a private key that only its owner can read.

    Raises:
        HarnessError: it cannot be read, others can read it, or it is no Ed25519 key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = read_personal(path)
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise HarnessError(f"{path}: not an unencrypted private key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise HarnessError(f"{path}: not an Ed25519 key")
    return SigningKey(PublicKey(key.public_key().public_bytes_raw()), key)


def load_public_keys(paths: Sequence[Path]) -> tuple[PublicKey, ...]:
    """The keys that are trusted.

    Raises:
        InputError: with every file that holds none.
    """
    keys: list[PublicKey] = []
    faults: list[str] = []
    for path in paths:
        try:
            keys.append(PublicKey.from_pem(read_whole(path, KEY_BYTES_MAX)))
        except OSError as fault:
            faults.append(f"{path}: {fault.strerror}")
        except HarnessError as fault:
            faults.append(f"{path}: {fault}")
    if faults:
        raise InputError("trusted keys", faults)
    return tuple(keys)


def read_personal(path: Path) -> bytes:
    """The bytes of a private key's file, which only its owner may be able to read.

    Raises:
        HarnessError: it cannot be read, or others can read it.
    """
    try:
        with open(open_regular(path), "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(KEY_BYTES_MAX)
    except OSError as fault:
        raise HarnessError(f"{path}: cannot read the key: {fault.strerror}") from None
    if mode & _PERSONAL:
        raise HarnessError(
            f"{path}: others can read this private key (mode {mode:04o}); "
            f"if no one else had it, `chmod 600 {path}`, else remove it and a new one is made"
        )
    return data


def _make(place: Path) -> None:
    """Make a key where there is none. A hard link is the one step in which only one run can win."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    beside = place.with_name(f".{place.name}.{os.getpid()}.{os.urandom(4).hex()}.new")
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            write_new(beside, pem, mode=0o600)
            os.link(beside, place)
        except FileExistsError:
            return  # another run was quicker: its key is whole, and is the one
        finally:
            beside.unlink(missing_ok=True)
        sync_folder(place.parent)
    except OSError as fault:
        raise refusal(place, fault, "no run key was made") from None
