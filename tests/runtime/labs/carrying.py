"""A device that exports to a medium, and the receiver that reads it and answers."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.carried.book import Written
from edgeward.comms.carried.export import Exporter, Part
from edgeward.comms.carried.layout import AnswerFile, answer_of, write_answer
from edgeward.comms.carried.reading import Bundle, bundles_on, open_bundle
from edgeward.comms.trust.papers import Papers
from edgeward.ports import FileTree, Store
from edgeward_harness.rig.authority import Authority

DEVICE = "bed-7"
ISSUED = Authority.of_today(7).client(DEVICE)
PAPERS = Papers(ISSUED.key_pem, ISSUED.certificate_pem)
RECEIVER = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
RECEIVER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))


def trusted(device: str, chain_pem: bytes) -> EllipticCurvePublicKey | None:
    """The key of the one certificate that is believed here."""
    shown = x509.load_pem_x509_certificate(chain_pem)
    if device != DEVICE or shown != ISSUED.certificate:
        return None
    key = shown.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    return key


class Carrier:
    """A device with a queue of batches that only answers make shorter."""

    def __init__(self, store: Store | None = None, count: int = 5) -> None:
        self.store = store if store is not None else MemoryLog()
        self.queue = {number: f"batch {number} ".encode() * 10 for number in range(count)}
        self.starts = 0

    def export(self, medium: FileTree, bytes_max: int = 1 << 30, count_max: int = 99) -> Written:
        """As after a restart: with entropy that no start had before."""
        self.starts += 1
        public = RECEIVER.public_key().public_bytes_raw()
        entropy = SeededEntropy(self.starts)

        def parts(done: Sequence[dict[str, Any]]) -> Iterator[Part]:
            there = {about["number"] for about in done}
            left = [one for one in self.queue.items() if one[0] not in there]
            for number, data in left[: count_max - len(there)]:
                yield Part(data, {"number": number})

        exporter = Exporter(DEVICE, PAPERS, public, self.store, entropy)
        return exporter.export(medium, parts, bytes_max)


def opened(medium: FileTree, bundle: str, taken: Sequence[str] = ()) -> Bundle:
    return open_bundle(medium, bundle, RECEIVER, trusted, taken)


def complete_bundles(medium: FileTree) -> dict[str, list[bytes]]:
    """All that a receiver believes of a medium."""
    found = {}
    for name in bundles_on(medium):
        entries = medium.entries(f"edgeward-{name}")
        if any(entry.name == "manifest" for entry in entries):
            found[name] = list(opened(medium, name).batches())
    return found


def answer(medium: FileTree, bundle: str, device: str = DEVICE) -> bytes:
    """Put the answer of the receiver on the medium; its bytes."""
    body = json.loads('{"protocol": 1, "durable": []}')
    data = write_answer(AnswerFile(device, bundle, (body,)), RECEIVER_KEY)
    medium.create(answer_of(bundle), data)
    return data
