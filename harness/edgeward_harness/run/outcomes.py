"""Hooks of the process that runs the tests: judge each test and deliver its record.

Where that process owns the bundle too, the record is written at once; a worker sends it as JSON
with its report. It is the same record.
"""

import gc
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from edgeward_harness.errors import CannotJudge, Finding, HarnessError
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.record import Record, State, utc_text
from edgeward_harness.evidence.strict import whole
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


Deliver = Callable[[pytest.TestReport, Sent], None]
"""Takes the finished record of a test, with the report of its last phase."""


def send(report: pytest.TestReport, sent: Sent) -> None:
    """How a worker delivers: with the report, which crosses to the controller."""
    report.user_properties = [(PROPERTY, sent.to_json())]


def _sendable(shown: Any) -> Any:  # noqa: ANN401 - whatever pytest shows of a failure
    """The same, or its text where no worker could send it: half a character ends a worker."""
    if isinstance(shown, tuple):
        return tuple(whole(part) if isinstance(part, str) else part for part in shown)
    text = str(shown)
    return shown if whole(text) == text else whole(text)


def _settled(item: pytest.Item) -> pytest.ExceptionInfo[BaseException] | None:
    """What the measurements of a test say against it, as if its own code had raised it."""
    measure = measure_of(item)
    if measure is not None:
        try:
            measure.settle()
        except (Finding, CannotJudge) as broken:
            return pytest.ExceptionInfo.from_exception(broken)
    return None


class Outcomes:
    """Follows each test through its phases."""

    def __init__(self, plan: RunPlan, rig: Rig, deliver: Deliver) -> None:
        """Attachments go into the bundle of this plan; devices are those the rig opened."""
        self._plan = plan
        self._rig = rig
        self._deliver = deliver
        self._phases = Phases(start_ns=0)  # of the test under way

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Once the test's own code is through, its measurements decide; at the end, deliver."""
        if call.when == "call" and call.excinfo is None:
            call.excinfo = _settled(item)
        report = yield
        if call.when == "setup":
            begun_ns = time.monotonic_ns() - int(call.duration * 1e9)
            self._phases = Phases(start_ns=begun_ns)
        plain = call.excinfo is None and report.outcome == "passed"
        if not plain or (call.when == "call" and hasattr(report, "wasxfail")):
            take(self._phases, report, call.excinfo.value if call.excinfo else None)
            report.longrepr = _sendable(report.longrepr)
        if call.when == "teardown":
            self._deliver(report, self._sent(item, self._phases))
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
            try:
                kept[name] = store_artifact(self._plan.out, data)
            except HarnessError as error:  # the record says more than what was attached to it
                phases.worsen(State.ERROR, f"{name!r} is not attached: {error}")
        return kept
