"""The process that owns the bundle: manifest first, then a record for each report, then the seal.

On one process the tests hand it their records; on several, their workers' reports carry them.
"""

import gc
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.entries import ItemEntry
from edgeward_harness.evidence.ledger import Ledger
from edgeward_harness.evidence.record import Record, State, utc_text
from edgeward_harness.run.collect import Collected, Collector
from edgeward_harness.run.finish import Finished, finish
from edgeward_harness.run.manifest import build_manifest
from edgeward_harness.run.outcomes import PROPERTY, Sent
from edgeward_harness.run.plan import RunPlan, Shared
from edgeward_harness.run.scope import Scope

Listener = Callable[[Record], None]
SHARED = "edgeward_shared"
BROKE = "edgeward_broke"
_UNFINISHED = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)


class Recorder:
    """Writes the bundle of one run."""

    def __init__(
        self, plan: RunPlan, collector: Collector, scope: Scope, surroundings: Mapping[str, Any]
    ) -> None:
        """The collector is this process's own; with workers it stays empty and theirs is read."""
        self._surroundings = surroundings
        self._plan = plan
        self._collector = collector
        self._scope = scope
        self._ledger: Ledger | None = None
        self._items: Mapping[str, ItemEntry] = {}
        self._spool: Path | None = None  # where workers leave what they collected
        self._broken = False  # something besides a test raised, here or in a worker
        self.listeners: list[Listener] = []
        self.finished: Finished | None = None
        self.trouble: HarnessError | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Fix the manifest before the first case; workers' controllers do it when told."""
        if not session.config.option.collectonly and self._collector.found.items:
            self._begin(self._collector.found)
        # What collection left behind lives to the end: the garbage collector need not look again.
        gc.freeze()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist's own type
        """Tell a worker which run it belongs to and where to leave what it collected."""
        if self._spool is None:
            self._spool = Path(tempfile.mkdtemp(prefix="edgeward-"))
            node.config.pluginmanager.register(_Gatherer(self), "edgeward-gatherer")
        shared = Shared(
            nonce=self._plan.nonce,
            seed=self._plan.seed,
            out=str(self._plan.out),
            capabilities=self._collector.capabilities,
            spool=str(self._spool),
        )
        node.workerinput[SHARED] = asdict(shared)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any) -> None:  # noqa: ANN401 - as above
        """The first worker's collection fixes the manifest; xdist checks that all are equal."""
        if self._ledger is None and self._spool is not None:
            name = f"{node.workerinput['workerid']}.json"
            told = json.loads((self._spool / name).read_text(encoding="utf-8"))
            self._begin(Collected.from_json(told))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:  # noqa: ANN401
        """Deal out cases so that nothing runs beside those that are judged by time."""
        from edgeward_harness.run.lanes import Lanes  # only a run on several processes has xdist

        suites = self._plan.trace.suites.values()
        timed = {case for suite in suites for case in suite.alone}
        return Lanes(config, log, lambda node_id: self._items[node_id].case in timed)

    def pytest_internalerror(self) -> None:
        """What raised may have been what would have failed: such a run never counts as whole."""
        self._broken = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401 - as above
        """A worker that did not end in order has taken its last words with it."""
        broke = getattr(node, "workeroutput", {}).get(BROKE)
        if broke:
            node.config.get_terminal_writer().line(f"worker {node.gateway.id} ended in {broke}")
        self._broken = self._broken or bool(error or broke)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Close the records, judge, render and seal; the assessment decides the exit status."""
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)
        if self._ledger is None:
            return
        if self.trouble is not None:
            session.exitstatus = 2
            self._ledger.close()
            return
        interrupted = self._broken or exitstatus in _UNFINISHED
        try:
            self._ledger.end(utc_text(time.time_ns()), interrupted=interrupted)
            self.finished = finish(self._plan)
            session.exitstatus = self.finished.assessment.exit_code
        except HarnessError as error:
            self.trouble = error
            session.exitstatus = 2
        finally:
            self._ledger.close()
            # All that is left lives until the process ends; pytest looks through it twice more.
            gc.freeze()

    def _begin(self, found: Collected) -> None:
        self._items = found.items
        manifest = build_manifest(self._plan, found, self._scope, self._surroundings)
        try:
            self._ledger = Ledger(self._plan.out, manifest.to_bytes())
        except HarnessError as error:
            raise pytest.UsageError(error.diagnostics()) from error

    def deliver(self, report: pytest.TestReport, sent: Sent) -> None:
        """Write the record of a test that ran in this process.

        Raises:
            pytest.exit.Exception: the disk refused.
        """
        report.user_properties = []  # recorded; what pytest keeps of a test stays small
        self.write(sent)

    def write(self, sent: Sent, worker: str = "") -> None:
        """Write one record; a disk that refuses ends the run, and nothing is sealed.

        Raises:
            pytest.exit.Exception: the disk refused.
        """
        if self.trouble is not None:
            return
        record = sent.record._replace(worker=worker) if worker else sent.record
        try:
            if self._ledger is None:
                raise HarnessError("a test ran before the manifest was fixed")
            if sent.device is not None:
                record = record._replace(context=self._ledger.context(Context(**sent.device)))
            self._ledger.append(record)
        except HarnessError as error:
            self.trouble = error
            raise pytest.exit.Exception(error.diagnostics(), returncode=2) from error
        for listener in self.listeners:
            listener(record)

    def crashed(self, report: pytest.TestReport, worker: str) -> None:
        """Write that a worker died over a test; that is an error of the test."""
        entry = self._items.get(report.nodeid)
        if entry is None:
            return
        now_ns = time.monotonic_ns()
        record = Record(
            item=entry.item,
            state=State.ERROR,
            start_ns=now_ns,
            end_ns=now_ns,
            utc=utc_text(time.time_ns()),
            reason=f"the process that ran this test died: {report.longrepr}",
        )
        self.write(Sent(record, None), worker)


class _Gatherer:
    """Hooks of a controller: writes the records that its workers' reports carry."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the record that a finished test sent, or that its worker died over it."""
        worker = _worker_of(report)
        if report.when == "teardown":
            for name, fragment in report.user_properties:
                if name == PROPERTY:
                    self._recorder.write(_received(fragment), worker)
            report.user_properties = []
        elif report.when not in ("setup", "call"):
            self._recorder.crashed(report, worker)


def _worker_of(report: pytest.TestReport) -> str:
    """Who sent a report; for one that tells of a dead worker, that one."""
    node: Any = getattr(report, "node", None)
    worker: str = getattr(report, "worker_id", "") or (node.gateway.id if node else "")
    return worker


def _received(value: Any) -> Sent:  # noqa: ANN401 - what a worker sent as JSON
    return Sent.from_json(value)


class Spooler:
    """Hooks of a worker: leave what was collected where the controller reads it."""

    def __init__(self, collector: Collector, folder: Path, worker: str) -> None:
        """The folder is the controller's; the file carries the worker's name."""
        self._collector = collector
        self._path = folder / f"{worker}.json"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self) -> None:
        """Write the items before the controller hears that collection is over."""
        self._path.write_text(json.dumps(self._collector.found.to_json()), encoding="utf-8")

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Tell what raises at a worker's end; of itself it would reach nobody."""
        try:
            yield
        except BaseException as error:
            output: dict[str, Any] = vars(session.config)["workeroutput"]
            output[BROKE] = repr(error)
            raise
