"""Putting a signature into the folder: written whole, read back, and only onto a trail that holds.

The file of the signature comes first and its line in the trail last, under a lock: of two people
who sign at once each gets a place, and a signature whose line was never written is found and named.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edgeward.canonical import sha256_hex
from edgeward_harness.approval.folder import (
    BACKWARDS_MAX,
    TRAIL,
    Folder,
    Line,
    Signed,
    file_name,
    line_json,
    read_folder,
    stamp_name,
)
from edgeward_harness.approval.keys import Signer
from edgeward_harness.approval.statement import Approval, Subject
from edgeward_harness.approval.words import Meaning
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.dsse import IN_TOTO, Envelope, pae
from edgeward_harness.evidence.files import read_whole, refusal, sync_folder, write_new, write_whole
from edgeward_harness.evidence.strict import encode

Stamp = Callable[[bytes], bytes]
"""Asks a time stamp authority about some bytes; gives its answer, which must already be good."""


@dataclass(frozen=True, slots=True)
class Who:
    """The person who signs, as it is printed."""

    name: str
    user: str
    role: str


def add(
    folder: Path,
    subject: Subject,
    meaning: Meaning,
    who: Who,
    signer: Signer,
    now: datetime,
    stamp: Stamp | None = None,
) -> Signed:
    """Sign a subject and append the signature to the folder, which is made when there is none.

    Raises:
        HarnessError: the meaning does not fit, the folder does not hold, or the disk refused.
    """
    if subject.kind not in meaning.fits:
        raise HarnessError(f"{meaning}: cannot be said about a {subject.kind}")
    with _locked(folder):
        there = read_folder(folder)
        if there.faults:
            told = "; ".join(there.faults)
            raise HarnessError(f"{folder}: nothing is added to a trail that does not hold: {told}")
        _check_clock(there, now)
        approval = Approval(
            subject=subject,
            meaning=meaning,
            name=who.name,
            user=who.user,
            role=who.role,
            signed_at=_utc(now),
            sequence=len(there.trail) + 1,
            previous=there.head,
            components=signer.components,
            key=signer.key.spki,
            certificates=signer.certificates,
        )
        payload = approval.to_bytes()
        signature = signer.sign(pae(IN_TOTO, payload))
        envelope = Envelope(payload, IN_TOTO, signer.key.keyid, signature).to_bytes()
        token = stamp(envelope) if stamp else None
        return _append(folder, approval, envelope, token)


def _append(folder: Path, approval: Approval, envelope: bytes, token: bytes | None) -> Signed:
    name = file_name(approval.sequence, approval.meaning.value, approval.user)
    line = Line(
        sequence=approval.sequence,
        previous=approval.previous,
        file=name,
        sha256=sha256_hex(envelope),
        timestamp=None if token is None else sha256_hex(token),
        utc=approval.signed_at,
        who=approval.user,
        what=approval.meaning.value,
    )
    trail = folder / TRAIL
    written: list[Path] = []
    try:
        before = read_whole(trail) if trail.exists() else b""
        for place, data in ((folder / name, envelope), (folder / stamp_name(name), token)):
            if data is not None:
                write_new(place, data)
                written.append(place)
        write_whole(trail, before + encode(line_json(line)) + b"\n")
        found = read_folder(folder)
        if found.faults:
            write_whole(trail, before)
            raise HarnessError(f"{folder}: what was written does not read back: {found.faults[0]}")
    except (OSError, HarnessError) as fault:
        for place in written:
            place.unlink(missing_ok=True)
        if isinstance(fault, OSError):
            raise refusal(folder, fault, "nothing was signed") from fault
        raise
    return found.signed[-1]


def _check_clock(there: Folder, now: datetime) -> None:
    latest = max((one.moment for one in there.signed), default=now)
    if now < latest - BACKWARDS_MAX:
        raise HarnessError(
            f"{there.path}: it is {_utc(now)} by this machine's clock, and the last signature is "
            f"of {_utc(latest)}; set the clock"
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as fault:
        raise refusal(folder, fault, "nothing was signed") from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        sync_folder(folder)
        yield
    finally:
        os.close(descriptor)


def _utc(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
