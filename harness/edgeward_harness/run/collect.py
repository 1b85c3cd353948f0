"""From pytest's items to the items of the manifest, before any of them is left out.

Every test of a suite names its case. Deselected and not applicable ones stay in the manifest, so
that a run that leaves something out cannot look complete. The docstring of a test is the procedure
that a reader of the evidence is told: it is taken along with the first item of each case.
"""

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edgeward_harness.evidence.entries import ItemEntry
from edgeward_harness.evidence.strict import PROSE_CHARS_MAX
from edgeward_harness.profile.applicability import applies
from edgeward_harness.run.keys import ENTRY
from edgeward_harness.run.plan import RunPlan
from edgeward_harness.run.tree import tree_sha256


class CollectedTest(NamedTuple):
    """What a reader of the evidence is told of the one test of a case."""

    procedure: str | None
    """Its docstring, if it has one."""
    code_sha256: str
    """A test rests on all code of its suite, and so does this digest."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run may execute: an item for each of pytest's, and the tests of their cases."""

    items: dict[str, ItemEntry] = field(default_factory=dict)
    """By pytest's node id."""
    tests: dict[str, CollectedTest] = field(default_factory=dict)
    """By case."""

    def to_json(self) -> dict[str, Any]:
        """The form that crosses from a worker."""
        return {"items": self.items, "tests": self.tests}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Collected":
        """Read what a worker wrote."""
        return cls(
            items={node_id: ItemEntry(*entry) for node_id, entry in value["items"].items()},
            tests={case: CollectedTest(*test) for case, test in value["tests"].items()},
        )


class _Case(NamedTuple):
    """What the first item of a case settles for the others."""

    inapplicable: str | None
    parent: pytest.Collector | None
    test: str


class Collector:
    """Hooks of each process that collects tests."""

    def __init__(self, plan: RunPlan, capabilities: Sequence[str] | None) -> None:
        """Applicability is decided on these capabilities; None when the device did not tell."""
        self._plan = plan
        self.capabilities = capabilities
        self._cases: dict[str, _Case] = {}
        self._digests: dict[Path, str] = {}
        self.found = Collected()
        self._items: list[pytest.Item] = []

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """See each test as it is found, before anybody can take it out again."""
        self._items.append(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Note every item, then take out those that do not concern this device."""
        _settle_generated(items, self._plan.seed)
        taken: set[str] = set()
        faults = [fault for item in self._items if (fault := self._note(item, taken))]
        if faults:
            self.found.items.clear()
            raise pytest.UsageError("\n".join(faults))
        left_out = [item for item in items if not item.stash[ENTRY].applies]
        if left_out:
            items[:] = [item for item in items if item.stash[ENTRY].applies]
            config.hook.pytest_deselected(items=left_out)

    def _note(self, item: pytest.Item, taken: set[str]) -> str:
        mark = item.get_closest_marker("case")
        if mark is None or len(mark.args) != 1 or not isinstance(mark.args[0], str):
            return f"{item.nodeid}: names no test case, expected @pytest.mark.case('TC-...')"
        case_id: str = mark.args[0]
        spec = getattr(item, "callspec", None)
        name = case_id if spec is None else f"{case_id}[{spec.id}]"
        case, fault = self._cases.get(case_id), ""
        if case is None:
            case = self._cases[case_id] = _Case(self._why_not(case_id), item.parent, _test(item))
            procedure, fault = _procedure(item)
            self.found.tests[case_id] = CollectedTest(procedure, self._code(item.path.parent))
        if name in taken or case.parent is not item.parent or case.test != _test(item):
            fault = f"{name} is another test already; a case is one test function"
        if fault:
            return f"{item.nodeid}: {fault}"
        taken.add(name)
        parameter = None if spec is None else spec.id
        entry = ItemEntry(name, case_id, parameter, case.inapplicable)
        item.stash[ENTRY] = self.found.items[item.nodeid] = entry
        return ""

    def _why_not(self, case_id: str) -> str | None:
        """Why a case does not concern this device; None when it does. Its items share it."""
        planned = self._plan.trace.cases.get(case_id)
        if planned is None:
            return None
        profile, unit = self._plan.loaded.profile, self._plan.unit
        verdict = applies(planned.needs, profile, unit, self.capabilities)
        return None if verdict.applies else verdict.reason

    def _code(self, folder: Path) -> str:
        if folder not in self._digests:
            self._digests[folder] = tree_sha256(folder)
        return self._digests[folder]


def _test(item: pytest.Item) -> str:
    """The name of the test function, which all parameters of a case share."""
    return getattr(item, "originalname", None) or item.name


def _procedure(item: pytest.Item) -> tuple[str | None, str]:
    """The docstring of a test, None without one; and why it cannot be evidence, if it cannot."""
    written = getattr(getattr(item, "function", None), "__doc__", None)
    text = inspect.cleandoc(written) if isinstance(written, str) else ""
    if len(text) > PROSE_CHARS_MAX:
        return None, f"found {len(text)} characters of docstring, accepted: {PROSE_CHARS_MAX}"
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            half = ascii(text[error.start])
            return None, f"found {half} in its docstring, accepted: text, not half a character"
    return text or None, ""


def _settle_generated(items: list[pytest.Item], seed: int) -> None:
    """Make generated examples fit a device under test; nothing is imported for cases without.

    A case that brings settings of its own keeps them.
    """
    if "hypothesis" not in sys.modules:
        return
    import hypothesis

    fitting = hypothesis.settings(
        deadline=None,
        database=None,
        suppress_health_check=[
            hypothesis.HealthCheck.function_scoped_fixture,
            hypothesis.HealthCheck.too_slow,
        ],
    )
    hypothesis.core.global_force_seed = seed  # type: ignore[assignment]
    settled: set[int] = set()
    for item in items:
        test = getattr(item, "obj", None)
        if test is None or id(test) in settled or not hypothesis.is_hypothesis_test(test):
            continue
        settled.add(id(test))
        if not getattr(test, "_hypothesis_internal_settings_applied", False):
            fitting(test)
