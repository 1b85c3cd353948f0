"""The manifest of a run: the plan, the host and the collected items, before the first case runs."""

import os
import platform
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeward_harness import __version__
from edgeward_harness.evidence.entries import (
    CaseEntry,
    ControlEntry,
    DeviationEntry,
    ProfileEntry,
    RequirementEntry,
    UnitEntry,
)
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.record import utc_text
from edgeward_harness.run.collect import Collected, CollectedTest
from edgeward_harness.run.plan import RunPlan
from edgeward_harness.run.scope import Scope
from edgeward_harness.run.tree import tree_sha256
from edgeward_harness.trace.fingerprint import fingerprint
from edgeward_harness.trace.model import Trace


def build_manifest(
    plan: RunPlan, found: Collected, scope: Scope, surroundings: Mapping[str, Any]
) -> Manifest:
    """Fix what this run is going to do, and what else could have a say in it."""
    return Manifest(
        run=plan.nonce,
        started_utc=utc_text(time.time_ns()),
        started_monotonic_ns=time.monotonic_ns(),
        tool={
            "name": "edgeward-harness",
            "version": __version__,
            "build_sha256": tree_sha256(Path(__file__).parents[1]),
            "suites_sha256": tree_sha256(plan.suites_folder),
            "python": platform.python_version(),
            "pytest": dict(surroundings),
        },
        host=_host(),
        profile=_profile(plan),
        unit=_unit(plan),
        depth=plan.depth.value,
        seed=plan.seed,
        suites=scope.suites,
        scope_complete=scope.complete,
        requirements=_requirements(plan.trace),
        hazards=_hazards(plan.trace),
        controls=_controls(plan.trace),
        cases=_cases(plan, found),
        items={entry.item: entry for entry in found.items.values()},
        deviations=_deviations(plan.trace),
    )


def _host() -> dict[str, Any]:
    """The machine and the tools that ran the protocol."""
    return {
        "system": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cores": sorted(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "scheduler": _scheduler(),
        "executable": Path(sys.executable).name,
        "packages": _packages(),
    }


def _packages() -> dict[str, str]:
    """The installed packages by the names of their metadata folders: none of them is opened.

    Of two that have one name, Python imports the first on its path.
    """
    found: dict[str, str] = {}
    for place in sys.path:
        try:
            names = os.listdir(place or ".")
        except OSError:  # not there, or an archive
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                package, _, version = name.rpartition(".")[0].partition("-")
                found.setdefault(package.replace("_", "-"), version.partition("-")[0])
    return dict(sorted(found.items()))


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    return next((one.partition(":")[2].strip() for one in lines if "model name" in one), "unknown")


def _scheduler() -> str:
    names = {os.SCHED_OTHER: "other", os.SCHED_FIFO: "fifo", os.SCHED_RR: "rr"}
    policy = os.sched_getscheduler(0)
    return names.get(policy, f"policy {policy}")


def _profile(plan: RunPlan) -> ProfileEntry:
    profile = plan.loaded.profile
    return ProfileEntry(
        name=profile.name,
        sha256=profile.sha256,
        resolved=profile.to_dict(),
        warnings=tuple(plan.loaded.warnings),
    )


def _unit(plan: RunPlan) -> UnitEntry:
    unit = plan.unit
    return UnitEntry(
        name=unit.name,
        driver=unit.driver,
        realization=unit.realization.value,
        serial=unit.serial,
        command=tuple(unit.command),
    )


def _requirements(trace: Trace) -> dict[str, RequirementEntry]:
    return {
        one.id: RequirementEntry(
            fingerprint=fingerprint(one),
            title=one.title,
            text=one.text,
            rationale=one.rationale,
            kind=str(one.kind),
            safety_class=str(one.safety_class),
            criterion=one.criterion,
            risks=tuple(one.risks),
            stage=one.stage,
        )
        for one in trace.requirements.values()
    }


def _hazards(trace: Trace) -> dict[str, dict[str, Any]]:
    return {
        one.id: {
            "title": one.title,
            "situation": one.situation,
            "harm": one.harm,
            "severity": str(one.severity),
            "fingerprint": fingerprint(one),
        }
        for one in trace.hazards.values()
    }


def _controls(trace: Trace) -> dict[str, ControlEntry]:
    cases = list(trace.cases.values())
    return {
        one.id: ControlEntry(
            title=one.title,
            fingerprint=fingerprint(one),
            hazards=tuple(one.hazards),
            implementation=tuple(case.id for case in cases if one.id in case.implements),
            effectiveness=tuple(case.id for case in cases if one.id in case.proves_effective),
        )
        for one in trace.controls.values()
    }


def _cases(plan: RunPlan, found: Collected) -> dict[str, CaseEntry]:
    samples = plan.sample_sizes
    planned = {}
    for one in plan.trace.cases.values():
        test = found.tests.get(one.id)
        planned[one.id] = CaseEntry(
            suite=one.suite,
            title=one.title,
            method=str(one.method),
            rationale=one.rationale,
            stage=str(one.stage),
            samples=samples.get(one.id),
            procedure=test.procedure if test else None,
            code_sha256=test.code_sha256 if test else None,
            fingerprint=fingerprint(one),
            requirements=tuple(one.requirements),
        )
    unplanned = found.tests.keys() - planned.keys()
    return planned | {name: _unplanned(found.tests[name]) for name in sorted(unplanned)}


def _unplanned(test: CollectedTest) -> CaseEntry:
    return CaseEntry(
        suite="unplanned",
        title="in no test plan",
        method="",
        rationale="",
        stage="",
        samples=None,
        procedure=test.procedure,
        code_sha256=test.code_sha256,
        fingerprint=test.code_sha256,
        requirements=(),
    )


def _deviations(trace: Trace) -> tuple[DeviationEntry, ...]:
    return tuple(
        DeviationEntry(
            id=one.id,
            requirements=tuple(one.requirements),
            cases=tuple(one.cases),
            reason=one.reason,
            owner=one.owner,
            expires=str(one.expires),
        )
        for one in trace.deviations.values()
    )
