"""The record of a qualification, put together from what every run and every probe said."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import edgeward
import edgeward_harness
from edgeward_harness.evidence.qualification import SCHEMA
from edgeward_harness.evidence.strict import PROSE_CHARS_MAX
from edgeward_harness.qualify.catalogue import Catalogue
from edgeward_harness.qualify.defect import Defect
from edgeward_harness.qualify.probes import Answer
from edgeward_harness.qualify.tamper import SHOWN_MAX, Tampered
from edgeward_harness.qualify.trial import Trial
from edgeward_harness.run.tree import tree_sha256

PACKAGES: Final = ("cryptography", "hypothesis", "jinja2", "numpy", "onnxruntime", "pytest")
"""What judges with us: their versions are part of what was qualified."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked for."""

    suites: tuple[str, ...]
    complete: bool
    seed: int | None
    started_utc: str
    ended_utc: str


def compose(
    catalogue: Catalogue,
    qualified: Mapping[str, str],
    scope: Scope,
    trials: Iterable[tuple[Sequence[Defect], Trial]],
    answers: Sequence[Answer],
    tampered: Tampered,
) -> dict[str, Any]:
    """The record; its rows are in the order of the catalogue."""
    rows = {one.id: _row(one, trial, catalogue) for run, trial in trials for one in run}
    return {
        "schema": SCHEMA,
        "tool": dict(qualified),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "host": _host(),
        "started_utc": scope.started_utc,
        "ended_utc": scope.ended_utc,
        "depth": "quick",
        "seed": scope.seed,
        "suites": list(scope.suites),
        "scope_complete": scope.complete,
        "defects": [rows[one.id] for one in catalogue.defects if one.id in rows],
        "argued": [{"what": one.what, "reason": one.reason} for one in catalogue.argued],
        "probes": [_answer(one) for one in answers],
        "tampering": [
            {"class": kind, "made": made, "found": tampered.found[kind]}
            for kind, made in sorted(tampered.made.items())
        ],
        "unseen": tampered.unseen[:SHOWN_MAX],
    }


def tool(catalogue: Catalogue, suites: Path) -> dict[str, str]:
    """What is qualified: by version and by digest."""
    return {
        "name": "edgeward-harness",
        "version": edgeward_harness.__version__,
        "build_sha256": tree_sha256(Path(edgeward_harness.__file__).parent),
        "suites_sha256": tree_sha256(suites),
        "seeded_sha256": catalogue.sha256,
        "runtime_version": edgeward.__version__,
        "runtime_sha256": tree_sha256(Path(edgeward.__file__).parent),
    }


def _host() -> dict[str, str]:
    return {
        "system": platform.platform(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def _row(defect: Defect, trial: Trial, catalogue: Catalogue) -> dict[str, Any]:
    told = trial.told[defect.id]
    cases: Mapping[str, Any] = catalogue.trace.cases
    requirements = {name for case in defect.cases for name in cases[case].requirements}
    return {
        "id": defect.id,
        "kind": defect.kind.value,
        "words": defect.words,
        "suite": defect.suite,
        "cases": list(defect.cases),
        "requirements": sorted(requirements),
        "outcome": told.outcome.value,
        "reason": told.reason[:PROSE_CHARS_MAX],
        "statement_sha256": trial.statement_sha256 or None,
    }


def _answer(answer: Answer) -> dict[str, str]:
    probe = answer.probe
    return {"id": probe.id, "words": probe.words, "expected": probe.expected,
            "observed": answer.observed}  # fmt: skip
