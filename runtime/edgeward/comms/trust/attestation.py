"""What runs on a device, said by the device: measured digests under its key and a fresh nonce.

It is labelled `software`: whoever owns the machine can make it say anything. It finds out what was
changed by mistake or left behind by an update; it does not find out an owner.
"""

import base64
import re
from collections.abc import Mapping
from typing import Any

from edgeward.canonical import canonical_json
from edgeward.comms.trust.papers import Papers
from edgeward.errors import TrustError

CONTEXT = b"edgeward attestation 1\0"
ROOT = "software"
_NONCE = re.compile("[0-9a-f]{32,128}")
_DIGEST = re.compile("[0-9a-f]{64}")


def attest(
    papers: Papers, device: str, nonce: str, measured: Mapping[str, str], earliest_ns: int
) -> dict[str, Any]:
    """A signed statement of what was measured: names and SHA-256 in hex.

    Raises:
        TrustError: the nonce or a digest is none.
    """
    if not _NONCE.fullmatch(nonce):
        raise TrustError(f"a nonce of {nonce!r:.80}; accepted: 32 to 128 hex digits")
    for name, digest in measured.items():
        if not _DIGEST.fullmatch(digest):
            raise TrustError(f"{name}: {digest!r:.80} is no SHA-256 in hex")
    statement = {
        "device": device,
        "nonce": nonce,
        "root": ROOT,
        "measured": dict(measured),
        "earliest_ns": earliest_ns,
    }
    signature = papers.sign(CONTEXT + canonical_json(statement))
    return {
        "statement": statement,
        "signature": base64.b64encode(signature).decode(),
        "chain": papers.chain_pem.decode(),
    }
