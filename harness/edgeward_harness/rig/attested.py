"""What a device says of what runs on it, held against what ought to: by its key, once a nonce.

Read by what was written down about the token alone, not by the code that makes it. A token with the
root `software` shows what was changed by mistake; it does not show what an owner would hide.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

CONTEXT = b"edgeward attestation 1\0"
ROOTS = frozenset({"software"})
NONCE_BYTES = 32


class Attesting:
    """Asks devices, and judges what they say: each nonce is drawn here, and answered once."""

    def __init__(self, authority: x509.Certificate) -> None:
        """Believe the devices of this authority."""
        self._authority = authority
        self._asked: set[str] = set()

    def nonce(self) -> str:
        """A question that nobody has answered yet."""
        drawn = secrets.token_hex(NONCE_BYTES)
        self._asked.add(drawn)
        return drawn

    def faults(
        self, told: Mapping[str, Any], device: str, expected: Mapping[str, str]
    ) -> list[str]:
        """What is wrong with a token; nothing when this device runs what is expected."""
        try:
            statement = dict(told["statement"])
            faults = self._signed(told, statement, device)
            measured = dict(statement["measured"])
            nonce, root, named = statement["nonce"], statement["root"], statement["device"]
        except (KeyError, TypeError, ValueError) as error:
            return [f"{told!r:.120} is no token: {error!r}"]
        if named != device:
            faults.append(f"it speaks for {named!r:.80}; asked was {device!r}")
        if nonce not in self._asked:
            faults.append(f"nonce {nonce!r:.20}… was not asked for, or is answered already")
        self._asked.discard(nonce)
        if root not in ROOTS:
            faults.append(f"its root is {root!r:.40}; known: {', '.join(sorted(ROOTS))}")
        return faults + [
            f"{name}: {measured.get(name, 'nothing')!r:.80} is measured, {expected.get(name)!r:.80}"
            " is expected"
            for name in sorted(set(measured) | set(expected))
            if measured.get(name) != expected.get(name)
        ]

    def _signed(self, told: Mapping[str, Any], statement: dict[str, Any], device: str) -> list[str]:
        certificate = x509.load_pem_x509_certificate(told["chain"].encode())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        key = certificate.public_key()
        text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        faults = []
        if names.get_values_for_type(x509.DNSName) != [device]:
            faults.append(f"the certificate is not that of {device!r}")
        try:
            certificate.verify_directly_issued_by(self._authority)
            assert isinstance(key, ec.EllipticCurvePublicKey)
            signature = base64.b64decode(told["signature"], validate=True)
            key.verify(signature, CONTEXT + text.encode(), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            faults.append("it is not signed by a device of ours")
        return faults
