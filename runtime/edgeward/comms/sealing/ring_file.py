"""What a keyring knows beside its keys: whose they are, their versions, what was erased.

No patient is named here: a patient is known by a keyed digest of the name, so that who reads the
disk and not this blob learns nobody's name.
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from edgeward.canonical import canonical_json, digest
from edgeward.comms.sealing.secret import KEY_BYTES, Secret
from edgeward.errors import DamagedError

BLOB = "keyring.json"
SUBJECT_BYTES = 16
NOBODY, SPARE = "", "spare"
"""The tags of two subjects that are no patients."""
SPARE_SUBJECT = b"spare"
_FORMAT = 1
_FAULTS = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Version:
    """One key of a subject."""

    number: int
    created_ns: int


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody's keys, newest last."""

    subject: bytes | None
    """Sixteen bytes that stand for a patient; None for nobody."""
    tag: str
    """The keyed digest of the patient's name, `NOBODY`, or `SPARE`."""
    versions: tuple[Version, ...]
    drawn_ns: int
    """When a key was last drawn for records of theirs."""

    @property
    def current(self) -> Version:
        """The one that wraps new keys."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class Erased:
    """That every key of a patient was destroyed: what is shown to whoever asked for it."""

    subject: bytes
    tag: str
    at_ns: int
    versions: tuple[int, ...]
    """Of the keys that were destroyed; none of a patient of whom the ring had no key."""

    @property
    def digest(self) -> str:
        """Of all that is said here."""
        return digest(_erased_plain(self))


@dataclass(slots=True)
class RingState:
    """All of a keyring but the keys."""

    names_key: Secret
    subjects: dict[str, Subject] = field(default_factory=dict)
    """By tag; nobody's has the empty one."""
    erased: dict[str, Erased] = field(default_factory=dict)
    """By tag, oldest first: patients that have no keys until they are admitted again."""
    stays: dict[str, int] = field(default_factory=dict)
    """By tag: how often a patient was erased."""

    def tag(self, patient: str | None) -> str:
        """How a patient is known here."""
        if patient is None:
            return NOBODY
        return hmac.digest(self.names_key.material, patient.encode(), "sha256").hex()

    def subject(self, tag: str) -> bytes:
        """What stands for a patient, until the patient is erased: the same after any crash."""
        message = b"subject\0" + self.stays.get(tag, 0).to_bytes(8, "little") + tag.encode()
        return hmac.digest(self.names_key.material, message, "sha256")[:SUBJECT_BYTES]


def label(subject: bytes | None, version: int) -> str:
    """What the keystore calls a key."""
    names = {None: "nobody", SPARE_SUBJECT: "spare"}
    return f"{names.get(subject) or (subject or b'').hex()}.{version}"


def labels(subjects: Iterable[Subject]) -> set[str]:
    """What the keystore calls all keys of these."""
    return {label(one.subject, version.number) for one in subjects for version in one.versions}


def encoded(state: RingState) -> bytes:
    """The blob."""
    body = {
        "format": _FORMAT,
        "names_key": state.names_key.material.hex(),
        "subjects": [_subject_plain(one) for one in state.subjects.values()],
        "erased": [_erased_plain(one) for one in state.erased.values()],
        "stays": state.stays,
    }
    return canonical_json({**body, "digest": digest(body)})


def decoded(blob: bytes) -> RingState:
    """What a blob says.

    Raises:
        DamagedError: it is not what was written.
    """
    try:
        body: dict[str, Any] = json.loads(blob)
        told = body.pop("digest")
        if digest(body) == told and body["format"] == _FORMAT:
            return _state(body)
    except _FAULTS:
        pass
    raise DamagedError(
        f"{BLOB}: found {len(blob)} bytes that are no keyring of format {_FORMAT}; accepted: what"
        " this device wrote there, or a copy of it"
    )


def _state(body: dict[str, Any]) -> RingState:
    names_key = Secret(bytes.fromhex(body["names_key"]))
    if len(names_key.material) != KEY_BYTES:
        raise ValueError("no key")
    state = RingState(names_key)
    for one in body["subjects"]:
        versions = tuple(Version(int(n), int(created)) for n, created in one["versions"])
        if not versions:
            raise ValueError("a subject without a key")
        state.subjects[one["tag"]] = Subject(
            _bytes(one["subject"]), one["tag"], versions, int(one["drawn_ns"])
        )
    for one in body["erased"]:
        numbers = tuple(int(number) for number in one["versions"])
        subject = bytes.fromhex(one["subject"])
        state.erased[one["tag"]] = Erased(subject, one["tag"], int(one["at_ns"]), numbers)
    state.stays = {str(tag): int(times) for tag, times in body["stays"].items()}
    return state


def _subject_plain(one: Subject) -> dict[str, Any]:
    versions = [[version.number, version.created_ns] for version in one.versions]
    return {
        "subject": _hex(one.subject),
        "tag": one.tag,
        "versions": versions,
        "drawn_ns": one.drawn_ns,
    }


def _erased_plain(one: Erased) -> dict[str, Any]:
    return {
        "subject": one.subject.hex(),
        "tag": one.tag,
        "at_ns": one.at_ns,
        "versions": list(one.versions),
    }


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
