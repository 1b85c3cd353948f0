"""Hooks of the process that runs the tests: judge each test, send its record with its report.

The record travels in the report, as JSON, so a run on several workers is the same as one on one.
"""

import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.record import Record, State, utc_text
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.keys import ITEM, MEASURE, PHASES
from edgeward_harness.run.outcome import Phases, take
from edgeward_harness.run.plan import RunPlan

PROPERTY = "edgeward"


class Outcomes:
    """Follows each test through its phases."""

    def __init__(self, plan: RunPlan, rig: Rig) -> None:
        """Attachments go into the bundle of this plan; devices are those the rig opened."""
        self._plan = plan
        self._rig = rig
        self._file: Path | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A device opened for the cases of another file says nothing about this one's."""
        if item.path != self._file:
            self._file = item.path
            self._rig.device_context = None

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Once the test's own code is through, its measurements decide."""
        result = yield
        measure = pyfuncitem.stash.get(MEASURE, None)
        if measure is not None:
            measure.settle()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take each phase; at the last, put the finished record on the report."""
        report = yield
        if ITEM not in item.stash:
            return report
        if call.when == "setup":
            begun_ns = time.monotonic_ns() - int(call.duration * 1e9)
            item.stash[PHASES] = Phases(start_ns=begun_ns)
        phases = item.stash[PHASES]
        take(phases, report, call.excinfo.value if call.excinfo else None)
        if call.when == "teardown":
            report.user_properties = [(PROPERTY, self._fragment(item, phases))]
        return report

    def _fragment(self, item: pytest.Item, phases: Phases) -> dict[str, Any]:
        """The finished record as JSON, and the device it was taken on."""
        measure = item.stash.get(MEASURE, None)
        taken = measure.taken if measure else ()
        if phases.state is State.PASSED and not taken:
            phases.worsen(State.NO_EVIDENCE, "the case recorded no measurement and no check")
        artifacts = dict(measure.artifacts) if measure else {}
        for name, data in phases.attachments.items():
            artifacts[name] = store_artifact(self._plan.out, data)
        if measure:
            del item.stash[MEASURE]
        record = Record(
            item=item.stash[ITEM],
            state=phases.state,
            start_ns=phases.start_ns,
            end_ns=time.monotonic_ns(),
            utc=utc_text(time.time_ns()),
            measurements=taken,
            artifacts=artifacts,
            reason=phases.reason(),
        )
        on_device = bool(taken) or phases.state in (State.FAILED, State.CANNOT_JUDGE)
        return {
            "record": record.to_json(),
            "device": self._rig.device_context if on_device else None,
        }
