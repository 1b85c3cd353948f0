"""What a receiver does with a medium that is brought: bundles in, answers out, by the document.

It shares no code with what wrote them. A bundle is believed whole or not at all.
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID

from edgeward_harness.rig.sink.decode import BadBatchError, Batch, read_batch
from edgeward_harness.rig.sink.opening import UnreadableError
from edgeward_harness.rig.sink.receiver import Receiver

MANIFEST_BYTES_MAX: Final = 4 << 20
PART_BYTES_MAX: Final = (16 << 20) + 1024
PARTS_MAX: Final = 16_384
_FOLDER: Final = re.compile("edgeward-([0-9a-f]{16})")
_FAULTS = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


class BadBundleError(Exception):
    """A folder that is no bundle to be believed."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One that is whole, and from a device of this authority."""

    name: str
    device: str
    ordinal: int
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes media for one receiver, and believes devices of one authority."""

    receiver: Receiver
    authority: x509.Certificate
    seed: int

    @property
    def key(self) -> Ed25519PrivateKey:
        """Signs the answers."""
        material = hashlib.sha256(f"answer key/{self.seed}".encode()).digest()
        return Ed25519PrivateKey.from_private_bytes(material)

    @property
    def public_key(self) -> str:
        """What a device is told to believe answers by, in base64."""
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return base64.b64encode(self.key.public_key().public_bytes(*raw)).decode()

    def take(self, medium: Path) -> list[Bundle]:
        """Keep all that the bundles of a medium hold, and lay an answer beside each.

        What is no bundle gets no answer, and stands in the ledger.
        """
        taken = []
        for name in bundles_on(medium):
            try:
                bundle = self.read(medium, name)
            except BadBundleError as error:
                self.receiver.ledger.refusal("", "bundle", str(error))
                continue
            lay_answer(medium, bundle.name, bundle.device, self.keep(bundle), self.key)
            taken.append(bundle)
        return taken

    def keep(self, bundle: Bundle) -> list[dict[str, Any]]:
        """Keep what a bundle holds; the answers to its batches."""
        refuse = self.receiver.faults.refuse
        ledger = self.receiver.ledger
        return [ledger.take(batch, refuse).answer(batch.name) for batch in bundle.batches]

    def read(self, medium: Path, name: str) -> Bundle:
        """A bundle, checked to its last byte.

        Raises:
            BadBundleError: it is none, or nobody known has signed it.
        """
        folder = medium / f"edgeward-{name}"
        told = self._manifest(_bytes(folder / "manifest", MANIFEST_BYTES_MAX), name)
        batches = []
        for number, size, digest in told["parts"]:
            data = _bytes(folder / f"part-{number:06d}", PART_BYTES_MAX)
            if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
                raise BadBundleError(f"{name}: part {number} is not the one that was signed for")
            info = b"edgeward part 1\0" + told["device"].encode() + b"\0" + name.encode()
            batches.append(self._batch(data, info + number.to_bytes(4, "little"), told["device"]))
        return Bundle(name, told["device"], told["ordinal"], tuple(batches))

    def _batch(self, data: bytes, info: bytes, device: str) -> Batch:
        try:
            batch = read_batch(self.receiver.opener.carried(data, info))
        except (UnreadableError, BadBatchError) as error:
            raise BadBundleError(f"a part is none: {error}") from error
        if batch.device != device:
            raise BadBundleError(f"{device!r} carries a batch of {batch.device!r}")
        return batch

    def _manifest(self, data: bytes, name: str) -> dict[str, Any]:
        info = b"edgeward manifest 1\0" + name.encode()
        whole, signature = data[:-64], data[-64:]
        if whole[:4] != b"EWM1":
            raise BadBundleError(f"{name}: its manifest begins with {whole[:4]!r}")
        try:
            told = json.loads(self.receiver.opener.carried(whole[4:], info))
            _check_form(told, name)
            chain = x509.load_pem_x509_certificates(told["chain"].encode())
        except (UnreadableError, *_FAULTS) as error:
            raise BadBundleError(f"{name}: its manifest is none: {error!r:.200}") from error
        key = self._key_of(chain[0], told["device"])
        both = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        try:
            key.verify(encode_dss_signature(*both), info + whole, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise BadBundleError(f"{name}: {told['device']!r} has not signed it") from None
        return dict(told)

    def _key_of(self, shown: x509.Certificate, device: str) -> ec.EllipticCurvePublicKey:
        """The key of a certificate that our authority issued to this device."""
        try:
            shown.verify_directly_issued_by(self.authority)
            extensions = shown.extensions
            names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
            raise BadBundleError(f"{device!r} shows papers of nobody known: {error!r}") from error
        key = shown.public_key()
        named = names.get_values_for_type(x509.DNSName)
        client = ExtendedKeyUsageOID.CLIENT_AUTH in uses
        if named != [device] or not client or not isinstance(key, ec.EllipticCurvePublicKey):
            raise BadBundleError(f"{device!r} shows the papers of {named!r}")
        return key


def bundles_on(medium: Path) -> list[str]:
    """The names of the folders of bundles, whole or not."""
    found = (_FOLDER.fullmatch(path.name) for path in sorted(medium.iterdir()) if path.is_dir())
    return [one[1] for one in found if one]


def lay_answer(
    medium: Path,
    name: str,
    device: str,
    answers: Sequence[dict[str, Any]],
    key: Ed25519PrivateKey,
) -> Path:
    """Lay an answer beside a bundle, signed by this key; where it lies."""
    told = {"format": 1, "device": device, "bundle": name, "answers": list(answers)}
    body = b"EWA1" + json.dumps(told).encode()
    path = medium / f"edgeward-{name}.answer"
    path.write_bytes(body + key.sign(b"edgeward answer 1\0" + body))
    return path


def _bytes(path: Path, bytes_max: int) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise BadBundleError(f"{path.parent.name}: there is no {path.name}")
    if path.stat().st_size > bytes_max:
        raise BadBundleError(f"{path.parent.name}: {path.name} is longer than {bytes_max} bytes")
    return path.read_bytes()


def _check_form(told: Any, name: str) -> None:  # noqa: ANN401 - whatever was encrypted
    """Refuse a manifest of another form, by the error of whatever is missing."""
    numbers = [number for number, _, _ in told["parts"]]
    whole = [*numbers, *(size for _, size, _ in told["parts"]), told["ordinal"]]
    if (told["format"], told["bundle"]) != (1, name) or not isinstance(told["device"], str):
        raise ValueError(f"format {told['format']!r} of bundle {told['bundle']!r}")
    if any(type(one) is not int or one < 0 for one in whole) or len(numbers) > PARTS_MAX:
        raise ValueError(f"{len(numbers)} parts that are none")
    if numbers != sorted(set(numbers)):
        raise ValueError("parts out of order")
