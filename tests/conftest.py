"""Rules for every test: on a build server a skipped test is a failed one.

Outside CI a test may skip when a real component, such as a browser, is not installed, and says
which. Under CI `.ci/run` installs every component first, so there a skip means that something was
not tested.
"""

import os
from collections.abc import Generator
from typing import Any

import pytest

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that keeps the reason; an expected failure is left alone."""
    if report.skipped and not hasattr(report, "wasxfail"):
        where = report.longrepr
        reason = where[2] if isinstance(where, tuple) else str(where)
        report.outcome = "failed"
        report.longrepr = f"A skip is a failure under CI: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, pytest.TestReport]:
    """Look at each test's outcome."""
    report: pytest.TestReport = yield
    if IN_CI:
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, pytest.CollectReport]:
    """Look at each file's outcome: a whole file can skip itself."""
    report: pytest.CollectReport = yield
    if IN_CI:
        refuse_skip(report)
    return report
