"""The record of a qualification: which seeded defects this tool caught on this machine.

It is one file: a DSSE envelope around an in-toto statement with the test-result predicate, whose
first configuration entry carries the record. What it comes to is never read from it, but counted
again from its rows.

| verdict | when |
|---|---|
| not_qualified | a defect survived, a sound device was accused, a probe was green, an edit unseen |
| undecided | none of these, and something could not be judged |
| qualified | everything else; what is out of reach of this bench is told beside it |
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.keys import PublicKey, SigningKey
from edgeward_harness.evidence.statement import PREDICATE_TYPE, STATEMENT_TYPE, read_statement
from edgeward_harness.evidence.strict import (
    BOOLEAN,
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
    one_of,
    table_of,
)

SCHEMA: Final = "edgeward-qualification/1"
RECORD: Final = "qualification"
AS_THEY_MUST: Final = ("caught", "held")
AGAINST: Final = ("survived", "accused", "astray")
DOUBTS: Final = ("error", "undecided")
BEYOND: Final = "out_of_reach"
OUTCOMES: Final = (*AS_THEY_MUST, *AGAINST, *DOUBTS, BEYOND)
REASONS_MAX: Final = 50


class Verdict(StrEnum):
    """What a qualification comes to."""

    QUALIFIED = "qualified"
    NOT_QUALIFIED = "not_qualified"
    UNDECIDED = "undecided"


EXIT_CODES: Final[Mapping[Verdict, int]] = {
    Verdict.QUALIFIED: 0,
    Verdict.NOT_QUALIFIED: 1,
    Verdict.UNDECIDED: 2,
}


@dataclass(frozen=True, slots=True)
class Qualification:
    """A record that was read, and who signed it. An unknown signer is nobody to rely on."""

    record: Mapping[str, Any]
    keyid: str
    trusted: bool

    @property
    def verdict(self) -> Verdict:
        """What its rows come to."""
        return verdict_of(self.record)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against it, or leaves it open."""
        return reasons_of(self.record)

    def of_suites(self) -> dict[str, Counter[str]]:
        """How many defects of each suite came to what."""
        counted: dict[str, Counter[str]] = {}
        for row in self.record["defects"]:
            counted.setdefault(row["suite"], Counter())[row["outcome"]] += 1
        return counted


def verdict_of(record: Mapping[str, Any]) -> Verdict:
    """What the rows of a record come to."""
    outcomes = {row["outcome"] for row in record["defects"]}
    wrong = any(row["observed"] != row["expected"] for row in record["probes"])
    unseen = any(row["made"] != row["found"] for row in record["tampering"])
    if outcomes & set(AGAINST) or wrong or unseen:
        return Verdict.NOT_QUALIFIED
    caught = outcomes & set(AS_THEY_MUST)
    whole = caught and record["probes"] and record["tampering"]
    return Verdict.UNDECIDED if outcomes & set(DOUBTS) or not whole else Verdict.QUALIFIED


def reasons_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What speaks against the tool, then what is open; the first ones of very many."""
    rows = record["defects"]
    told = [f"{r['id']}: {r['outcome']}: {r['reason']}" for r in rows if r["outcome"] in AGAINST]
    told += [f"probe {r['id']}: found {r['observed']!r}, expected {r['expected']!r}"
             for r in record["probes"] if r["observed"] != r["expected"]]  # fmt: skip
    told += [f"{r['class']}: {r['found']} of {r['made']} found"
             for r in record["tampering"] if r["made"] != r["found"]]  # fmt: skip
    told += [f"{r['id']}: {r['outcome']}: {r['reason']}" for r in rows if r["outcome"] in DOUBTS]
    if not record["probes"] or not record["tampering"]:
        told.append("the false-green battery and the tamper battery were not asked")
    return tuple(told[:REASONS_MAX])


def seal_qualification(record: Mapping[str, Any], key: SigningKey) -> bytes:
    """Sign a record, and read it back before anybody relies on it.

    Raises:
        InputError: the record is none.
    """
    ids: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for name, outcome in _tests(record):
        good = "passedTests" if outcome in AS_THEY_MUST else "warnedTests"
        ids["failedTests" if outcome in AGAINST else good].append(name)
    result = {Verdict.QUALIFIED: "PASSED", Verdict.UNDECIDED: "WARNED"}
    own = {"name": RECORD, "annotations": dict(record)}
    predicate = {"result": result.get(verdict_of(record), "FAILED"), "configuration": [own], **ids}
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": record["tool"][f"{name}_sha256"]}}
            for name in ("build", "suites", "seeded")
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    data = Envelope.sign(encode(statement), key).to_bytes()
    read_qualification(data, [key.public])
    return data


def _tests(record: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield from ((row["id"], row["outcome"]) for row in record["defects"])
    for row in record["probes"]:
        right = row["observed"] == row["expected"]
        yield f"probe:{row['id']}", "caught" if right else "survived"


def read_qualification(
    data: bytes, trusted: Sequence[PublicKey], source: str = RECORD
) -> Qualification:
    """Read a record strictly, and see who signed it.

    Raises:
        InputError: it is none, its signature is by none of the keys that are trusted although its
            key id says so, or what it claims is not what its rows come to; every fault is told.
    """
    envelope = Envelope.from_bytes(data, source)
    statement = read_statement(envelope.payload, source)
    signer = next((key for key in trusted if envelope.signed_by(key)), None)
    faults: list[str] = []
    if signer is None and any(key.keyid == envelope.keyid for key in trusted):
        faults.append(f"the signature is not good for the key {envelope.keyid}")
    if signer is not None and signer.keyid != envelope.keyid:
        faults.append(f"found the key id {envelope.keyid}, it was signed by {signer.keyid}")
    record = _record(statement.predicate["configuration"], faults)
    if not faults and record is not None:
        claimed = statement.predicate["result"]
        if (claimed == "PASSED") != (verdict_of(record) is Verdict.QUALIFIED):
            faults.append(f"it says {claimed}, its rows come to {verdict_of(record)}")
    if faults or record is None:
        raise InputError(source, faults)
    return Qualification(record, envelope.keyid, signer is not None)


def _record(configuration: list[Json], faults: list[str]) -> Mapping[str, Any] | None:
    if len(configuration) != 1 or configuration[0].get("name") != RECORD:
        faults.append(f"found {len(configuration)} configuration entries, expected the {RECORD}")
        return None
    record = configuration[0].get("annotations")
    if not check_fields(record, _RECORD, RECORD, faults):
        return None
    check_fields(record["tool"], _TOOL, f"{RECORD}.tool", faults)
    for name, rules in _ROWS.items():
        for number, row in enumerate(record[name]):
            check_fields(row, rules, f"{RECORD}.{name}[{number}]", faults)
    found: Mapping[str, Any] = record
    return found


_NAMES = list_of(IDENTIFIER)
_RECORD: Final = {
    "schema": one_of((SCHEMA,)),
    "tool": OBJECT,
    "packages": table_of(IDENTIFIER, IDENTIFIER),
    "host": table_of(IDENTIFIER, PROSE),
    "started_utc": UTC,
    "ended_utc": UTC,
    "depth": IDENTIFIER,
    "seed": COUNT.nullable(),
    "suites": _NAMES,
    "scope_complete": BOOLEAN,
    "defects": LIST,
    "argued": LIST,
    "probes": LIST,
    "tampering": LIST,
    "unseen": list_of(PROSE),
}
_TOOL: Final = {
    "name": IDENTIFIER,
    "version": IDENTIFIER,
    "build_sha256": HEX64,
    "suites_sha256": HEX64,
    "seeded_sha256": HEX64,
    "runtime_version": IDENTIFIER,
    "runtime_sha256": HEX64,
}
_ROWS: Final[Mapping[str, Mapping[str, Rule]]] = {
    "defects": {
        "id": IDENTIFIER,
        "kind": IDENTIFIER,
        "words": PROSE,
        "suite": IDENTIFIER,
        "cases": _NAMES,
        "requirements": _NAMES,
        "outcome": one_of(OUTCOMES),
        "reason": PROSE,
        "statement_sha256": HEX64.nullable(),
    },
    "argued": {"what": IDENTIFIER, "reason": PROSE},
    "probes": {"id": IDENTIFIER, "words": PROSE, "expected": PROSE, "observed": PROSE},
    "tampering": {"class": IDENTIFIER, "made": COUNT, "found": COUNT},
}
