"""What a person signs: an in-toto statement that names one thing by its digest, and who says what.

The subject is the digest of the thing; the predicate is the person (printed name, user id, role),
the meaning of the signature, the moment (UTC), the place in the audit trail and the public key.
All of it is signed: nobody can put a signature under something else, or under another name, meaning
or date. The form is read strictly, as all evidence is.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edgeward_harness.approval.keys import CERTIFICATES_MAX
from edgeward_harness.approval.words import Meaning, SubjectKind
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.statement import STATEMENT_TYPE
from edgeward_harness.evidence.strict import (
    COUNT,
    HEX64,
    IDENTIFIER,
    LIST,
    OBJECT,
    PROSE,
    UTC,
    Json,
    Rule,
    check_fields,
    encode,
    list_of,
    load_json,
    one_of,
)

PREDICATE_TYPE = "urn:edgeward:approval:1"
"""The predicate of this form; any change of a field is a new number."""
FIRST = "0" * 64
"""What stands where the first line of a trail would name the one before it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is signed: a thing of a kind, by digest, and what a reader is told of it."""

    kind: SubjectKind
    name: str
    sha256: str
    about: Mapping[str, Any]
    """Texts and lists of texts; for a deviation, the deviation itself."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One signature of one person, as it is signed."""

    subject: Subject
    meaning: Meaning
    name: str
    user: str
    role: str
    signed_at: str
    sequence: int
    previous: str
    """The digest of the line of the trail before its own."""
    components: int
    key: bytes
    certificates: tuple[bytes, ...] = ()

    @property
    def moment(self) -> datetime:
        """When it was signed, by the clock of the person's machine."""
        return datetime.fromisoformat(self.signed_at.replace("Z", "+00:00"))

    def to_bytes(self) -> bytes:
        """The canonical bytes that are signed."""
        subject = self.subject
        return encode(
            {
                "_type": STATEMENT_TYPE,
                "subject": [{"name": subject.name, "digest": {"sha256": subject.sha256}}],
                "predicateType": PREDICATE_TYPE,
                "predicate": {
                    "kind": subject.kind.value,
                    "about": dict(subject.about),
                    "meaning": self.meaning.value,
                    "said": self.meaning.said,
                    "name": self.name,
                    "user": self.user,
                    "role": self.role,
                    "signed_at": self.signed_at,
                    "sequence": self.sequence,
                    "previous": self.previous,
                    "components": self.components,
                    "key": base64.b64encode(self.key).decode(),
                    "certificates": [base64.b64encode(one).decode() for one in self.certificates],
                },
            }
        )


def read_approval(payload: bytes, source: str) -> Approval:
    """Read a statement strictly.

    Raises:
        InputError: with every fault.
    """
    value = load_json(payload, source)
    faults: list[str] = []
    if not check_fields(value, _STATEMENT_RULES, "statement", faults):
        raise InputError(source, faults)
    (subject,), told = value["subject"], value["predicate"]
    if check_fields(subject, _SUBJECT_RULES, "subject[0]", faults):
        check_fields(subject["digest"], {"sha256": HEX64}, "subject[0].digest", faults)
    if check_fields(told, _PREDICATE_RULES, "predicate", faults):
        _check_sense(told, faults)
    if faults:
        raise InputError(source, faults)
    return Approval(
        subject=Subject(
            SubjectKind(told["kind"]), subject["name"], subject["digest"]["sha256"], told["about"]
        ),
        meaning=Meaning(told["meaning"]),
        name=told["name"],
        user=told["user"],
        role=told["role"],
        signed_at=told["signed_at"],
        sequence=told["sequence"],
        previous=told["previous"],
        components=told["components"],
        key=base64.b64decode(told["key"]),
        certificates=tuple(map(base64.b64decode, told["certificates"])),
    )


def _check_sense(told: Mapping[str, Any], faults: list[str]) -> None:
    meaning, kind = Meaning(told["meaning"]), SubjectKind(told["kind"])
    if kind not in meaning.fits:
        accepted = ", ".join(sorted(meaning.fits))
        faults.append(f"predicate.kind: found {kind}, expected for {meaning} one of {accepted}")
    if told["said"] != meaning.said:
        faults.append(f"predicate.said: expected {meaning.said!r}, what {meaning} means")


def _is_base64(value: Json) -> bool:
    try:
        again = base64.b64encode(base64.b64decode(value, validate=True)).decode()
    except (binascii.Error, TypeError, ValueError):
        return False
    return bool(again == value)


def _is_about(value: Json) -> bool:
    return type(value) is dict and all(
        IDENTIFIER.accepts(key) and (PROSE.accepts(part) or list_of(IDENTIFIER).accepts(part))
        for key, part in value.items()
    )


_BASE64 = Rule(lambda v: type(v) is str and v.isascii() and _is_base64(v), "base64")
_STATEMENT_RULES = {
    "_type": one_of((STATEMENT_TYPE,)),
    "subject": Rule(lambda v: LIST.accepts(v) and len(v) == 1, "a list of one subject"),
    "predicateType": one_of((PREDICATE_TYPE,)),
    "predicate": OBJECT,
}
_SUBJECT_RULES = {"name": IDENTIFIER, "digest": OBJECT}
_PREDICATE_RULES = {
    "kind": one_of(tuple(SubjectKind)),
    "about": Rule(_is_about, "an object of texts and lists of texts"),
    "meaning": one_of(tuple(Meaning)),
    "said": IDENTIFIER,
    "name": IDENTIFIER,
    "user": IDENTIFIER,
    "role": IDENTIFIER,
    "signed_at": UTC,
    "sequence": Rule(lambda v: COUNT.accepts(v) and v > 0, "an integer from 1"),
    "previous": HEX64,
    "components": Rule(lambda v: type(v) is int and v in (1, 2), "1 or 2"),
    "key": _BASE64,
    "certificates": Rule(
        lambda v: list_of(_BASE64).accepts(v) and len(v) <= CERTIFICATES_MAX,
        f"a list of at most {CERTIFICATES_MAX} certificates in base64",
    ),
}
