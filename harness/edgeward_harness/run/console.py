"""What a person sees while a device is verified, and the verdict at the end.

Under `edgeward verify` it replaces pytest's own output with a line for each case and, on a
terminal, the progress of a long one; under pytest it only adds the verdict.
"""

import shutil
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest

from edgeward_harness.evidence.record import Record
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.plan import RunPlan
from edgeward_harness.run.recorder import Recorder
from edgeward_harness.run.summary import Line, case_line, heading, trouble, verdict_lines

PROGRESS_INTERVAL_S = 0.2


class Verdict:
    """Prints the verdict at the end of any run."""

    def __init__(self, plan: RunPlan, recorder: Recorder) -> None:
        """The recorder knows how the run ended."""
        self._plan = plan
        self._recorder = recorder

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the verdict, or why there is none."""
        if self._recorder.trouble is not None:
            print_lines(terminalreporter, trouble(self._recorder.trouble))
        if self._recorder.finished is not None:
            print_lines(terminalreporter, verdict_lines(self._plan, self._recorder.finished))


class Console:
    """Prints a run as it goes, through pytest's own terminal."""

    def __init__(self, plan: RunPlan, recorder: Recorder, rig: Rig) -> None:
        """Listen to each record and, on a terminal, to the progress of the case under way."""
        self._plan = plan
        self._terminal: pytest.TerminalReporter | None = None
        self._item = ""
        self._shown_at_s = 0.0
        self._in_place = False
        recorder.listeners.append(self._ended)
        if sys.stdout.isatty():
            rig.progress = self._progress

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say what is about to be verified."""
        self._begin(session.config, len(session.items))

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config) -> None:
        """Keep what is told of processes out of the way, too."""
        reporter: Any = config.pluginmanager.get_plugin("terminaldistreporter")
        if reporter is not None:
            reporter.rewrite = reporter.write_line = lambda *_, **__: None

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:  # noqa: ANN401
        """The same, where other processes collect: once one of them has."""
        if self._terminal is None:
            self._begin(node.config, len(ids))

    def _begin(self, config: pytest.Config, items: int) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if isinstance(reporter, pytest.TerminalReporter):
            self._terminal = reporter
            print_lines(reporter, heading(self._plan, items))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport | pytest.CollectReport
    ) -> tuple[str, str, str] | None:
        """Keep pytest's dots out of the way; its counts stay."""
        if isinstance(report, pytest.CollectReport):
            return None
        return (report.outcome if report.when == "call" or report.failed else ""), "", ""

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember which case is under way."""
        self._item = nodeid.rpartition("::")[2]

    def _ended(self, record: Record) -> None:
        if self._terminal is not None:
            self._wipe()
            print_lines(self._terminal, [case_line(self._plan, record)])

    def _progress(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if self._terminal is None or (now_s - self._shown_at_s < PROGRESS_INTERVAL_S):
            return
        self._shown_at_s = now_s
        self._in_place = True
        bar = "█" * (20 * done // total) + "░" * (20 - 20 * done // total)
        text = f"  {bar} {done}/{total}  {self._item}"
        columns = shutil.get_terminal_size().columns
        self._terminal.write("\r" + text[: columns - 1], flush=True)

    def _wipe(self) -> None:
        if self._in_place and self._terminal is not None:
            self._in_place = False
            self._terminal.write("\r\x1b[K", flush=True)


def print_lines(terminal: pytest.TerminalReporter, lines: list[Line]) -> None:
    """Print lines on pytest's terminal, coloured where it can."""
    for line in lines:
        terminal.write_line(line.text, **line.markup)
