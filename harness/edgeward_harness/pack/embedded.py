"""Signatures inside documents that people supplied: checked where they can be, labelled where not.

A signature that somebody embedded says nothing until somebody vouches for the root of its signer.
The roots are an input of the pack, the moment is the end of the day that the pack is of, and no
network is asked: whether a certificate was withdrawn is not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.util import find_spec
from pathlib import Path

from edgeward_harness.approval.apart import check_apart
from edgeward_harness.approval.pdf import MISSING, PdfSignature, PdfState
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.files import read_whole
from edgeward_harness.pack.submission import Submission, Supplied

PDF_BYTES_MAX = 64 << 20
_HEAD_BYTES = 1024
"""A PDF says so within so many bytes."""
LABELS = {
    PdfState.GOOD: "valid, signer known",
    PdfState.NOT_CHECKED: "valid, signer unknown",
    PdfState.BROKEN: "broken",
}


@dataclass(frozen=True, slots=True)
class Embedded:
    """What is known of the signatures in one document."""

    document: Supplied
    signatures: tuple[PdfSignature, ...] = ()
    never: str = ""
    """Why nothing in it was checked; empty when it was."""

    @property
    def told(self) -> str:
        """In one line."""
        if self.never:
            return f"never checked: {self.never}"
        labels = [LABELS[one.state] for one in self.signatures]
        parts = [f"{labels.count(each)} {each}" for each in dict.fromkeys(labels)]
        return "; ".join(parts) or "holds none"


def read_embedded(
    submission: Submission, roots: Sequence[bytes], as_of: date
) -> tuple[Embedded, ...]:
    """Every supplied document with what is known of its signatures.

    Args:
        submission: what people said; the files of its documents are there.
        roots: the certificates in DER that whoever makes the pack vouches for.
        as_of: the day on which certificates must be valid.

    Raises:
        HarnessError: there is a PDF among them, and the extra `pack` is not installed.
    """
    moment = datetime.combine(as_of, time(23, 59, 59), UTC)
    folder = submission.folder or Path()
    return tuple(_read(one, folder / one.file, roots, moment) for one in submission.supplied)


def _read(document: Supplied, path: Path, roots: Sequence[bytes], moment: datetime) -> Embedded:
    try:
        data = read_whole(path, PDF_BYTES_MAX)
    except OSError as fault:
        return Embedded(document, never=f"{fault.strerror}")
    if b"%PDF-" not in data[:_HEAD_BYTES]:
        return Embedded(document, never="no PDF")
    if find_spec("pyhanko") is None:
        raise HarnessError(MISSING)
    try:
        return Embedded(document, check_apart(data, roots, moment))
    except HarnessError as fault:
        return Embedded(document, never=str(fault))
