"""Why a peer, or what it shows, is not believed."""

from enum import StrEnum

from edgeward.errors import TrustError


class Refusal(StrEnum):
    """The reasons, each of them alone enough."""

    OLD_PROTOCOL = "TLS older than 1.3"
    CIPHER = "a cipher that the profile does not name"
    AUTHORITY = "no authority of ours"
    SELF_SIGNED = "self-signed"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    REVOKED = "revoked"
    USE = "not for this use"
    NAME = "another name"
    UNPINNED = "a key that is not pinned"
    WEAK = "too weak"
    OTHER = "not accepted"


IMPOSTORS = frozenset({Refusal.AUTHORITY, Refusal.SELF_SIGNED, Refusal.NAME})
"""It never was our receiver: a portal, a proxy, a wrong address."""


class PeerError(TrustError):
    """A peer is refused; nothing was sent to it."""

    def __init__(self, why: Refusal, text: str) -> None:
        """Keep the reason, and say what was found."""
        super().__init__(f"the receiver is refused, {why.value}: {text}")
        self.why = why
