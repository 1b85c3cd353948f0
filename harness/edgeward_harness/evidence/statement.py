"""The statement that is signed: an in-toto Statement v1 with the test-result predicate.

Its subjects are all files of the bundle by SHA-256; its predicate is what `assess` says of the
records, so that the two can be held against each other by anyone. A run that is incomplete,
undecided or failed has the result FAILED and says which in the annotations of its first
configuration entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.identity import components
from edgeward_harness.evidence.ledger import MANIFEST
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import RunVerdict
from edgeward_harness.evidence.strict import (
    HEX64,
    IDENTIFIER,
    LIST,
    OBJECT,
    TEXT,
    Json,
    check_fields,
    list_of,
    load_json,
    one_of,
    shown,
)

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
FAILED_STATES = frozenset({State.FAILED, State.ERROR, State.FLAKY, State.UNEXPECTED_PASS})
"""The states listed as failed tests. Those that neither passed nor apply are listed as warned."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement read strictly."""

    subjects: Mapping[str, str]
    predicate: Mapping[str, Any]

    @property
    def run(self) -> str:
        """The run it says it is about; empty when it does not say."""
        for entry in self.predicate["configuration"]:
            if entry.get("name") == MANIFEST and isinstance(entry.get("annotations"), dict):
                return str(entry["annotations"].get("run", ""))
        return ""


def build_statement(
    bundle: Bundle, assessment: Assessment, subjects: Mapping[str, str]
) -> dict[str, Any]:
    """The statement about a bundle; the same bundle always gives the same statement."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [_resource(name, sha256) for name, sha256 in sorted(subjects.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate(bundle, assessment),
    }


def predicate(bundle: Bundle, assessment: Assessment) -> dict[str, Any]:
    """The test result. PASSED only when the run passed and every item that applies did."""
    passed, warned, failed = [], [], []
    for name, item in sorted(assessment.items.items()):
        if item.state is State.PASSED:
            passed.append(name)
        elif item.state in FAILED_STATES:
            failed.append(name)
        elif item.state is not State.NOT_APPLICABLE:
            warned.append(name)
    result = "FAILED"
    if assessment.verdict is RunVerdict.PASSED:
        result = "WARNED" if warned or failed else "PASSED"
    return {
        "result": result,
        "configuration": _configuration(bundle, assessment),
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }


def _configuration(bundle: Bundle, assessment: Assessment) -> list[dict[str, Any]]:
    """What the run was taken with: manifest, profile, harness, and the device's own components."""
    manifest = bundle.manifest
    about = {
        "run": manifest.run,
        "verdict": assessment.verdict.value,
        "complete": bundle.complete,
        "profile": manifest.profile.name,
        "unit": manifest.unit.name,
        "realization": manifest.unit.realization,
        "depth": manifest.depth,
    }
    tool = manifest.tool
    return [
        {**_resource(MANIFEST, bundle.digests[MANIFEST]), "annotations": about},
        _resource(f"profile {manifest.profile.name}", manifest.profile.sha256),
        _resource(f"harness {tool['name']} {tool['version']}", tool["build_sha256"]),
        *(_resource(name, sha256) for name, sha256 in components(bundle.contexts).items()),
    ]


def _resource(name: str, sha256: str) -> dict[str, Any]:
    """An in-toto resource descriptor."""
    return {"name": name, "digest": {"sha256": sha256}}


def read_statement(payload: bytes, source: str = "statement") -> Statement:
    """Read a statement strictly.

    Raises:
        InputError: with every fault.
    """
    value = load_json(payload, source)
    faults: list[str] = []
    subjects: dict[str, str] = {}
    if check_fields(value, _STATEMENT_RULES, "statement", faults):
        for number, subject in enumerate(value["subject"]):
            _read_subject(subject, f"subject[{number}]", subjects, faults)
        check_fields(value["predicate"], _PREDICATE_RULES, "predicate", faults)
    if faults:
        raise InputError(source, faults)
    return Statement(subjects, value["predicate"])


def _read_subject(value: Json, path: str, subjects: dict[str, str], faults: list[str]) -> None:
    if not check_fields(value, _SUBJECT_RULES, path, faults):
        return
    if not check_fields(value["digest"], _DIGEST_RULES, f"{path}.digest", faults):
        return
    if value["name"] in subjects:
        faults.append(f"{path}: {shown(value['name'])} is named twice")
    subjects[value["name"]] = value["digest"]["sha256"]


_STATEMENT_RULES = {
    "_type": one_of((STATEMENT_TYPE,)),
    "subject": LIST,
    "predicateType": one_of((PREDICATE_TYPE,)),
    "predicate": OBJECT,
}
_SUBJECT_RULES = {"name": IDENTIFIER, "digest": OBJECT}
_DIGEST_RULES = {"sha256": HEX64}
_PREDICATE_RULES = {
    "result": one_of(("PASSED", "WARNED", "FAILED")),
    "configuration": list_of(OBJECT),
    "passedTests": list_of(TEXT),
    "warnedTests": list_of(TEXT),
    "failedTests": list_of(TEXT),
}
