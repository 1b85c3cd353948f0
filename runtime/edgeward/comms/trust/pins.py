"""Which keys a receiver may show: a signed set, and the way from one set to the next.

Rules:
1. A set holds two pins at least: the key in use, and one that lies in a safe for the day the first
   is lost.
2. A set is signed by the root key of the fleet, has a version, and names the set before it by
   digest. A device goes from one version to the next, never back, and leaves none out: whoever was
   away for years follows them one by one.
3. A set is proof of its own: it may come from anybody.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edgeward.canonical import canonical_json, sha256_hex
from edgeward.errors import TrustError

PINS_MIN = 2
PINS_MAX = 16
CONTEXT = b"edgeward pins 1\0"
"""What is signed begins with it: no other signed thing does."""
_HEX = re.compile("[0-9a-f]{64}")
_FIELDS = {"version", "pins", "before", "issued_ns"}


@dataclass(frozen=True, slots=True)
class PinSet:
    """The pins of one version."""

    version: int
    pins: tuple[str, ...]
    """SHA-256 of public keys, in hex."""
    before: str
    """The digest of the set before this one; empty for the first."""
    issued_ns: int
    """When it was signed, in nanoseconds since 1970 UTC."""

    def to_dict(self) -> dict[str, Any]:
        """As it is signed."""
        return {
            "version": self.version,
            "pins": list(self.pins),
            "before": self.before,
            "issued_ns": self.issued_ns,
        }

    @property
    def digest(self) -> str:
        """By which the next set names it."""
        return sha256_hex(canonical_json(self.to_dict()))

    @property
    def signed_bytes(self) -> bytes:
        """What the root key signs."""
        return CONTEXT + canonical_json(self.to_dict())


def read_signed(told: Any, root: Ed25519PublicKey) -> PinSet:  # noqa: ANN401 - whatever came
    """A set that the root key has signed: `{"set": …, "signature": base64}`.

    Raises:
        TrustError: it is none.
    """
    try:
        pins = _read(told["set"])
        signature = base64.b64decode(told["signature"], validate=True)
        root.verify(signature, pins.signed_bytes)
    except InvalidSignature:
        raise TrustError("a set of pins that the root key has not signed") from None
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise TrustError(f"{told!r:.80} is no signed set of pins: {error}") from error
    return pins


def follow(current: PinSet, told: Sequence[Any], root: Ed25519PublicKey) -> PinSet:
    """The last of the sets that follow the current one, each of which is signed: rule 2.

    Raises:
        TrustError: one of them does not follow the one before it. Those before it may be right, and
            none is taken.
    """
    for one in told:
        following = read_signed(one, root)
        if following.version != current.version + 1:
            raise TrustError(
                f"a set of pins of version {following.version} after {current.version};"
                f" accepted: {current.version + 1}"
            )
        if following.before != current.digest:
            raise TrustError(f"pins of version {following.version} follow another set than ours")
        if following.issued_ns < current.issued_ns:
            raise TrustError(f"pins of version {following.version} are older than those before")
        current = following
    return current


def _read(told: dict[str, Any]) -> PinSet:
    if set(told) != _FIELDS:
        raise ValueError(f"fields {sorted(told)}; accepted: {sorted(_FIELDS)}")
    pins = PinSet(
        _whole(told["version"]), tuple(told["pins"]), str(told["before"]), _whole(told["issued_ns"])
    )
    if not PINS_MIN <= len(set(pins.pins)) == len(pins.pins) <= PINS_MAX:
        raise ValueError(
            f"{len(pins.pins)} pins; accepted: {PINS_MIN} to {PINS_MAX}, all different"
        )
    for pin in pins.pins:
        if not isinstance(pin, str) or not _HEX.fullmatch(pin):
            raise ValueError(f"pin {pin!r:.80}; accepted: 64 hex digits")
    return pins


def _whole(value: Any) -> int:  # noqa: ANN401 - whatever came
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r:.40} is no count")
    return value
