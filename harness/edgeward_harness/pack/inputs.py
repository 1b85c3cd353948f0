"""What a pack was made from, kept inside it: enough to make every document again and compare.

```
inputs/suites/       plans, requirements, hazards and deviations of the day
inputs/clauses/      the registry of clauses
inputs/submission/   what people said, and the documents they wrote
inputs/approvals/    signatures of people
inputs/trusted/      the keys that bundles were held against
inputs/baseline/     the release before
inputs/templates/    templates that replace the shipped ones
inputs/anomalies/    exports of issue trackers
inputs/pdf-roots/    certificates that vouch for signatures inside supplied documents
inputs/policy.toml   the rules of the gate; here.json: what lay where it was asked
inputs/authority.pem the root of the time stamp authority
inputs/decision.json, sbom.cdx.json, qualification.json
```
"""

import json
import os
import ssl
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from edgeward.canonical import canonical_json
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.files import read_whole
from edgeward_harness.evidence.keys import load_public_keys
from edgeward_harness.evidence.strict import HEX64, IDENTIFIER, check_fields, load_json, table_of
from edgeward_harness.gate.case import Finding, Outcome
from edgeward_harness.gate.decide import Decision, Ruling
from edgeward_harness.gate.here import Here
from edgeward_harness.pack.asked import asked_by
from edgeward_harness.pack.keeping import BUNDLES, INPUTS, Contents
from edgeward_harness.pack.load import Wanted
from edgeward_harness.pack.source import Asked, PackSource
from edgeward_harness.pack.submission import FILE as SUBMISSION
from edgeward_harness.trace.load import PLAN

_DECISION, _SBOM, _QUALIFICATION = "decision.json", "sbom.cdx.json", "qualification.json"
_SUITES, CLAUSES, _APPROVALS, _TRUSTED = "suites", "clauses", "approvals", "trusted"
_SAID, _BASELINE, _TEMPLATES = "submission", "baseline", "templates"
_ANOMALIES, _PDF_ROOTS = "anomalies", "pdf-roots"
_POLICY, _HERE, _AUTHORITY = "policy.toml", "here.json", "authority.pem"


def inputs_of(wanted: Wanted, source: PackSource) -> Iterator[tuple[str, bytes]]:
    """Every input by its path in the pack.

    Raises:
        HarnessError: a file cannot be read.
    """
    suites = [*wanted.suites.glob("*.toml"), *wanted.suites.glob(f"*/{PLAN}")]
    yield from _kept(_SUITES, wanted.suites, suites)
    yield from _kept(CLAUSES, wanted.clauses, wanted.clauses.glob("*.toml"))
    if wanted.submission is not None:
        folder = wanted.submission.resolve().parent
        yield f"{INPUTS}/{_SAID}/{SUBMISSION}", _bytes(wanted.submission)
        yield from _kept(_SAID, folder, [folder / one.file for one in source.submission.supplied])
    if wanted.approvals is not None and wanted.approvals.is_dir():
        yield from _kept(_APPROVALS, wanted.approvals, wanted.approvals.iterdir())
    if wanted.baseline is not None:
        found = [path for path in wanted.baseline.rglob("*") if path.is_file()]
        yield from _kept(_BASELINE, wanted.baseline, found)
    if wanted.templates is not None:
        found = [path for path in wanted.templates.rglob("*") if path.is_file()]
        yield from _kept(_TEMPLATES, wanted.templates, found)
    if wanted.authority is not None:
        yield f"{INPUTS}/{_AUTHORITY}", _bytes(wanted.authority)
    for export in source.exports:
        yield f"{INPUTS}/{_ANOMALIES}/{export.name}", export.data
    for number, root in enumerate(source.pdf_roots):
        pem = ssl.DER_cert_to_PEM_cert(root)
        yield f"{INPUTS}/{_PDF_ROOTS}/{number:03}.pem", pem.encode("ascii")
    for number, key in enumerate(source.trusted):
        yield f"{INPUTS}/{_TRUSTED}/{number:02}.pem", key.pem
    if source.sbom is not None:
        yield f"{INPUTS}/{_SBOM}", source.sbom
    if source.qualification is not None:
        yield f"{INPUTS}/{_QUALIFICATION}", source.qualification
    if source.decision is not None:
        told = {"policy": source.policy, **_decision(source.decision)}
        yield f"{INPUTS}/{_DECISION}", canonical_json(told)
    if source.asked is not None:
        yield f"{INPUTS}/{_POLICY}", source.asked.data
        yield f"{INPUTS}/{_HERE}", canonical_json(_here(source.asked.here))


def _here(here: Here) -> dict[str, Any]:
    """What lay where the gate was asked, but for the harness: the list of files names that one."""
    return {
        "build_sha256": here.build_sha256 or None,
        "profiles": dict(here.profiles),
        "seeded_sha256": here.seeded_sha256,
        "suites_sha256": here.suites_sha256,
    }


def _kept(
    name: str, folder: Path, paths: "Iterator[Path] | list[Path]"
) -> Iterator[tuple[str, bytes]]:
    for path in sorted(set(paths)):
        inside = PurePosixPath(os.path.relpath(path, folder))
        if ".." in inside.parts:
            raise HarnessError(f"{path}: lies outside {folder}; a pack keeps what is in it only")
        yield f"{INPUTS}/{name}/{inside}", _bytes(path)


def _bytes(path: Path) -> bytes:
    try:
        return read_whole(path)
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from fault


def wanted_of(folder: Path, contents: Contents) -> Wanted:
    """The inputs of a pack that lies in a folder."""
    inputs = folder / INPUTS
    return Wanted(
        bundles=tuple(sorted((folder / BUNDLES).iterdir())),
        suites=inputs / _SUITES,
        clauses=inputs / CLAUSES,
        as_of=date.fromisoformat(contents.as_of),
        trusted=load_public_keys(sorted((inputs / _TRUSTED).glob("*.pem"))),
        submission=_there(inputs / _SAID / SUBMISSION),
        baseline=_there(inputs / _BASELINE),
        sbom=_there(inputs / _SBOM),
        qualification=_there(inputs / _QUALIFICATION),
        approvals=_there(inputs / _APPROVALS),
        authority=_there(inputs / _AUTHORITY),
        templates=_there(inputs / _TEMPLATES),
        anomalies=tuple(sorted((inputs / _ANOMALIES).glob("*"))),
        pdf_roots=tuple(sorted((inputs / _PDF_ROOTS).glob("*.pem"))),
    )


def _there(path: Path) -> Path | None:
    return path if path.exists() else None


def kept_decision(folder: Path) -> tuple[str, Decision] | None:
    """The title of the policy and what the gate said when the pack was made; None: nobody asked.

    Raises:
        InputError: the file is not what this version writes.
    """
    path = _there(folder / INPUTS / _DECISION)
    if path is None:
        return None
    try:
        value = json.loads(_bytes(path))
        rulings = tuple(_ruling(one) for one in value["rulings"])
        profiles, notes = (tuple(map(_text, value[name])) for name in ("profiles", "notes"))
        return _text(value["policy"]), Decision(rulings, profiles, notes)
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise InputError(str(path), [f"cannot be read as a decision: {fault}"]) from fault


def kept_asked(folder: Path, contents: Contents) -> Asked | None:
    """The policy and what lay where it was asked; None: nobody asked.

    Raises:
        HarnessError: a file is not there, or not what this version writes.
    """
    policy, path = _there(folder / INPUTS / _POLICY), folder / INPUTS / _HERE
    if policy is None:
        return None
    value: Any = load_json(_bytes(path), str(path))
    faults: list[str] = []
    if not check_fields(value, _HERE_RULES, "here", faults):
        raise InputError(str(path), faults)
    build, harness = value["build_sha256"] or "", str(contents.tool.get("build_sha256"))
    suites, seeded = value["suites_sha256"], value["seeded_sha256"]
    return asked_by(policy, Here(value["profiles"], suites, harness, build, seeded))


_HERE_RULES = {
    "build_sha256": HEX64.nullable(),
    "profiles": table_of(IDENTIFIER, HEX64),
    "seeded_sha256": HEX64.nullable(),
    "suites_sha256": HEX64.nullable(),
}


def _ruling(value: dict[str, Any]) -> Ruling:
    findings = tuple(_finding(one) for one in value["findings"])
    rule, question = _text(value["rule"]), _text(value["question"])
    return Ruling(rule, question, Outcome(value["outcome"]), findings)


def _finding(value: dict[str, Any]) -> Finding:
    told: dict[str, Any] = {name: _text(said) for name, said in dict(value).items()}
    return Finding(**{**told, "outcome": Outcome(told["outcome"])})


def _text(value: object) -> str:
    """A text as it is; what is none is no part of a decision."""
    if not isinstance(value, str):
        raise TypeError(f"found {value!r}, expected a text")
    return value


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "profiles": list(decision.profiles),
        "notes": list(decision.notes),
        "rulings": [
            {
                "rule": one.rule,
                "question": one.question,
                "outcome": one.outcome.value,
                "findings": [
                    {part.name: _value(getattr(found, part.name)) for part in fields(Finding)}
                    for found in one.findings
                ],
            }
            for one in decision.rulings
        ],
    }


def _value(value: Any) -> str:  # noqa: ANN401 - a text or a word of a vocabulary
    return str(value)
