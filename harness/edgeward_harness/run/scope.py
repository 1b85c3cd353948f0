"""Which suites a run was asked to run, and whether it was asked to leave something of them out."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from edgeward_harness.run.plan import RunPlan


@dataclass(frozen=True, slots=True)
class Scope:
    """The suites asked for; `complete` is false when part of them was deselected by hand."""

    suites: tuple[str, ...]
    complete: bool


def scope_of(plan: RunPlan, config: pytest.Config) -> Scope:
    """Read the scope from pytest's arguments."""
    folders = {suite: plan.suites_folder / suite for suite in _suites(plan)}
    asked = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    suites = tuple(
        name
        for name, folder in folders.items()
        if any(path == folder or path in folder.parents or folder in path.parents for path in asked)
    )
    option = config.option
    parts = any("::" in argument for argument in config.args)
    files = any(path.suffix == ".py" for path in asked)
    left_out = bool(option.keyword or option.markexpr or getattr(option, "deselect", None))
    return Scope(suites=suites, complete=not (parts or files or left_out))


def _suites(plan: RunPlan) -> list[str]:
    return sorted({case.suite for case in plan.trace.cases.values()})
