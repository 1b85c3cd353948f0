"""The folder of approvals: one file for each signature, and a trail that chains them.

```
trail.jsonl                          one line for each signature, tied to the line before
0001-approved_plan-ada.dsse.json     a signature
0001-approved_plan-ada.tsr           what a time stamp authority said of it, where one was asked
```
Rules:
- A line holds the digest of its file and of the line before; a signature holds the latter too. So a
  file or line that was edited, dropped, inserted or moved is found, unless it was the last.
- Times along the trail do not run backwards by more than clocks err.
- Nothing else lies in the folder. Reading never raises on what a file holds: it tells every fault.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from edgeward.canonical import sha256_hex
from edgeward_harness.approval.keys import PersonKey
from edgeward_harness.approval.statement import FIRST, Approval, read_approval
from edgeward_harness.approval.timestamp import TimestampError, stamped_at
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.dsse import IN_TOTO, Envelope, pae
from edgeward_harness.evidence.files import read_whole
from edgeward_harness.evidence.strict import (
    COUNT,
    HEX64,
    IDENTIFIER,
    UTC,
    check_fields,
    load_json,
    shown,
)

TRAIL = "trail.jsonl"
FILE_BYTES_MAX = 1 << 20
"""A signature with its certificates, or a time stamp."""
LINES_MAX = 10_000
BACKWARDS_MAX = timedelta(minutes=5)
"""The clocks of two people may differ by this much."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that is good for the key it names; whose key it is, a policy says."""

    file: str
    sha256: str
    approval: Approval
    keyid: str
    stamped: datetime | None = None
    """When a trusted authority saw it; None where none was asked, or none is trusted."""

    @property
    def moment(self) -> datetime:
        """When it was made: as an authority says, else as the signer's clock said."""
        return self.stamped or self.approval.moment


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the trail."""

    sequence: int
    previous: str
    file: str
    sha256: str
    timestamp: str | None
    utc: str
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder of approvals holds, and everything that is wrong with it."""

    path: Path
    signed: tuple[Signed, ...] = ()
    trail: tuple[Line, ...] = ()
    head: str = FIRST
    """The digest of the last line."""
    faults: tuple[str, ...] = field(default=())


def read_folder(path: Path, roots: tuple[bytes, ...] = ()) -> Folder:
    """Read a folder of approvals; one that does not exist is empty.

    Args:
        path: the folder.
        roots: the trusted roots of time stamp authorities, in DER.

    Raises:
        HarnessError: it is not a folder that can be read.
    """
    if not path.exists():
        return Folder(path)
    try:
        with os.scandir(path) as listing:
            names = sorted(entry.name for entry in listing)
    except OSError as fault:
        raise HarnessError(f"{path}: not a folder of approvals: {fault.strerror}") from fault
    return _Reader(path, roots).read(names)


class _Reader:
    """One reading under way."""

    def __init__(self, path: Path, roots: tuple[bytes, ...]) -> None:
        self.path = path
        self.roots = roots
        self.faults: list[str] = []
        self.head = FIRST
        self.latest: datetime | None = None

    def read(self, names: list[str]) -> Folder:
        lines = self.lines() if TRAIL in names else []
        signed = [one for line in lines if (one := self.signature(line)) is not None]
        known = {TRAIL, *(line.file for line in lines)}
        known |= {stamp_name(line.file) for line in lines if line.timestamp}
        self.faults += [f"{shown(name)} is not in the trail" for name in names if name not in known]
        return Folder(self.path, tuple(signed), tuple(lines), self.head, tuple(self.faults))

    def bytes_of(self, name: str, sha256: str | None = None) -> bytes | None:
        try:
            data = read_whole(self.path / name, FILE_BYTES_MAX * (64 if name == TRAIL else 1))
        except OSError as fault:
            self.faults.append(f"{name} cannot be read: {fault.strerror}")
            return None
        if sha256 is not None and sha256_hex(data) != sha256:
            self.faults.append(f"{name} was changed: its digest is not that of the trail")
            return None
        return data

    def lines(self) -> list[Line]:
        data = self.bytes_of(TRAIL)
        if data is None:
            return []
        *texts, rest = data.split(b"\n")
        if rest or len(texts) > LINES_MAX:
            self.faults.append(f"{TRAIL}: its last line was cut off, or it has too many")
            return []
        found = []
        for number, text in enumerate(texts, 1):
            line = self.line(text, number)
            if line is None:
                break
            found.append(line)
            self.head = sha256_hex(text)
        return found

    def line(self, text: bytes, number: int) -> Line | None:
        where = f"{TRAIL}, line {number}"
        try:
            value = load_json(text, where)
        except InputError as error:
            self.faults += [f"{where}: {fault}" for fault in error.faults]
            return None
        if not check_fields(value, _LINE_RULES, where, self.faults):
            return None
        line = Line(**value)
        if line.sequence != number or line.previous != self.head:
            self.faults.append(f"{where}: does not follow from the line before it")
            return None
        if line.file != file_name(number, line.what, line.who):
            self.faults.append(f"{where}: names {shown(line.file)}, which is not its file")
            return None
        return line

    def signature(self, line: Line) -> Signed | None:
        data = self.bytes_of(line.file, line.sha256)
        if data is None:
            return None
        try:
            signed = read_signature(data, line.file)
        except InputError as error:
            self.faults += [f"{line.file}: {fault}" for fault in error.faults]
            return None
        approval = signed.approval
        told = (approval.sequence, approval.previous, approval.signed_at, approval.user)
        if told != (line.sequence, line.previous, line.utc, line.who):
            self.faults.append(f"{line.file}: was not signed for its place in the trail")
            return None
        if approval.meaning.value != line.what:
            self.faults.append(f"{line.file}: says {approval.meaning}, the trail {line.what}")
            return None
        signed = self.stamped(line, signed, data)
        if self.latest is not None and signed.moment < self.latest - BACKWARDS_MAX:
            self.faults.append(f"{line.file}: is dated before the signature that it follows")
        self.latest = max(self.latest or signed.moment, signed.moment)
        return signed

    def stamped(self, line: Line, signed: Signed, data: bytes) -> Signed:
        """The signature with the moment an authority saw it; a token that is no good is a fault."""
        if line.timestamp is None:
            return signed
        name = stamp_name(line.file)
        token = self.bytes_of(name, line.timestamp)
        if token is None or not self.roots:
            return signed
        try:
            moment = stamped_at(token, data, self.roots)
        except TimestampError as fault:
            self.faults.append(f"{name}: {fault}")
            return signed
        return Signed(signed.file, signed.sha256, signed.approval, signed.keyid, moment)


def read_signature(data: bytes, file: str) -> Signed:
    """A signature that is good for the key it names.

    Raises:
        InputError: with every fault.
    """
    envelope = Envelope.from_bytes(data, file)
    if envelope.payload_type != IN_TOTO:
        raise InputError(file, [f"found {shown(envelope.payload_type)}, expected {IN_TOTO}"])
    approval = read_approval(envelope.payload, file)
    key = PersonKey(approval.key)
    faults = []
    if not key.accepts(envelope.signature, pae(envelope.payload_type, envelope.payload)):
        faults.append("the signature is not good: something of it was changed")
    elif envelope.keyid != key.keyid:
        faults.append("its key id is not that of its key")
    if approval.certificates and not _is_own(approval.certificates[0], key):
        faults.append("its certificate is not of its key")
    if faults:
        raise InputError(file, faults)
    return Signed(file, sha256_hex(data), approval, envelope.keyid)


def _is_own(certificate: bytes, key: PersonKey) -> bool:
    from edgeward_harness.approval.keys import certificate_key

    try:
        return certificate_key(certificate) == key
    except HarnessError:
        return False


def file_name(sequence: int, what: str, who: str) -> str:
    """The name of a signature's file; of the user id only what a file name may hold."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in who)
    return f"{sequence:04d}-{what}-{plain[:40]}.dsse.json"


def stamp_name(file: str) -> str:
    """The name of the time stamp of a signature."""
    return f"{file.removesuffix('.dsse.json')}.tsr"


def line_json(line: Line) -> Mapping[str, object]:
    """A line as it is written."""
    return {name: getattr(line, name) for name in _LINE_RULES}


_LINE_RULES = {
    "sequence": COUNT,
    "previous": HEX64,
    "file": IDENTIFIER,
    "sha256": HEX64,
    "timestamp": HEX64.nullable(),
    "utc": UTC,
    "who": IDENTIFIER,
    "what": IDENTIFIER,
}
