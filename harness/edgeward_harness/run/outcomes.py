"""Hooks of the process that runs the tests: judge each test, send its record with its report.

The record travels in the report, as JSON, so a run on several workers is the same as one on one.
"""

import gc
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.record import Record, State, utc_text
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.keys import ENTRY, MEASURE, measure_of
from edgeward_harness.run.measure import Measure
from edgeward_harness.run.outcome import Phases, take
from edgeward_harness.run.plan import RunPlan

PROPERTY = "edgeward"
GARBAGE_MAX = 200_000
"""Objects made and not freed since the last collection before one is due, between two cases."""
_NEEDS_DEVICE = "rig"
"""The fixture through which alone a case reaches a device."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A finished record on its way to the process that owns the bundle, and the device it is of."""

    record: Record
    device: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """The form that crosses from a worker."""
        return {"record": self.record.to_json(), "device": self.device}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Sent":
        """Read what a worker sent.

        Raises:
            InputError: it is not a record.
        """
        return cls(Record.from_json(value["record"]), value["device"])


class Outcomes:
    """Follows each test through its phases."""

    def __init__(self, plan: RunPlan, rig: Rig, *, worker: bool) -> None:
        """Attachments go into the bundle of this plan; devices are those the rig opened."""
        self._plan = plan
        self._rig = rig
        self._worker = worker
        self._phases = Phases(start_ns=0)  # of the test under way

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Once the test's own code is through, its measurements decide."""
        result = yield
        measure = measure_of(pyfuncitem)
        if measure is not None:
            measure.settle()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take each phase; at the last, put the finished record on the report."""
        report = yield
        if call.when == "setup":
            begun_ns = time.monotonic_ns() - int(call.duration * 1e9)
            self._phases = Phases(start_ns=begun_ns)
        plain = call.excinfo is None and report.outcome == "passed"
        if not plain or (call.when == "call" and hasattr(report, "wasxfail")):
            take(self._phases, report, call.excinfo.value if call.excinfo else None)
        if call.when == "teardown":
            sent = self._sent(item, self._phases)
            report.user_properties = [(PROPERTY, sent.to_json() if self._worker else sent)]
            if gc.get_count()[0] > GARBAGE_MAX:
                gc.collect()
        return report

    def _sent(self, item: pytest.Item, phases: Phases) -> Sent:
        """The finished record, and the device it was taken on."""
        measure = measure_of(item)
        taken = measure.taken if measure else ()
        kept = self._artifacts(measure, phases) if measure or phases.attachments else {}
        if phases.state is State.PASSED and not taken:
            phases.worsen(State.NO_EVIDENCE, "no measurement and no check")
        record = Record(
            item=item.stash[ENTRY].item,
            state=phases.state,
            start_ns=phases.start_ns,
            end_ns=time.monotonic_ns(),
            utc=utc_text(time.time_ns()),
            measurements=taken,
            artifacts=kept,
            reason=phases.reason(),
        )
        if measure:
            del item.stash[MEASURE]
        touched = _NEEDS_DEVICE in getattr(item, "fixturenames", ())
        return Sent(record, self._rig.device_context if touched else None)

    def _artifacts(self, measure: Measure | None, phases: Phases) -> dict[str, str]:
        kept = dict(measure.artifacts) if measure else {}
        for name, data in phases.attachments.items():
            kept[name] = store_artifact(self._plan.out, data)
        return kept
