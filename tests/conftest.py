"""Rules for every test: on a build server a skipped test is a failed one; quick tests look briefly.

Outside CI a test may skip when a real component, such as a browser, is not installed, and says
which. Under CI `.ci/run` installs every component first, so there a skip means that something was
not tested.

No property is refused for the time it takes: a busy host is no fault of the code. With
`--hypothesis-profile=quick` each is tried on a few inputs (`few`), other ones each time,
and `make quick` stays under two minutes. Everywhere else each is tried as often as it says.

A file of which no test would run is not even imported: importing all of them takes longer than
many a test, and each worker does it.
"""

import gc
import os
import re
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

EXAMPLES_QUICK = 10
"""Inputs for each property: most faults show in the first few, and `make test` tries them all."""
PART_QUICK = 4
"""A property that says how often is tried on this part of that: where it says few, each is dear."""
EXAMPLES_LEAST = 3
settings.register_profile(
    "full", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("full"), max_examples=EXAMPLES_QUICK)
settings.load_profile("full")
SETTINGS_OF_A_PROPERTY = "_hypothesis_internal_use_settings"
"""Where Hypothesis keeps what `@settings` said; `test_quick.py` sees it when that moves."""

ALL_SLOW = re.compile(r"^pytestmark = \[?pytest\.mark\.slow\b", re.MULTILINE)
"""The mark of a file that holds slow tests only."""
MARK_NEEDED = {"slow and not alone": "pytest.mark.slow", "alone": "pytest.mark.alone"}
"""Under these expressions nothing runs of a file without the mark; `test_quick.py` sees that no
mark comes from elsewhere."""

# What starts a build in the background has it ignore these, and a process keeps what it is given.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that keeps the reason; an expected failure is left alone."""
    if report.skipped and not hasattr(report, "wasxfail"):
        where = report.longrepr
        reason = where[2] if isinstance(where, tuple) else str(where)
        report.outcome = "failed"
        report.longrepr = f"A skip is a failure under CI: {reason}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whether nothing in it would run: the libraries that some import take seconds."""
    if collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return True if nothing_runs(config.getoption("markexpr"), text) else None


def nothing_runs(expression: str, text: str) -> bool:
    """Whether a file of tests has none that this expression of marks lets run."""
    if expression == "not slow":
        return ALL_SLOW.search(text) is not None
    return MARK_NEEDED.get(expression, "") not in text


def few(own: settings) -> int:
    """How often a quick run tries a property that says how often itself."""
    least = min(EXAMPLES_LEAST, own.max_examples)
    return max(least, min(EXAMPLES_QUICK, own.max_examples // PART_QUICK))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a quick run no property is tried more often than `few` of it."""
    if config.getoption("hypothesis_profile", None) != "quick":
        return
    for function in {getattr(item, "obj", None) for item in items}:
        inner = getattr(function, "__func__", function)
        own = getattr(inner, SETTINGS_OF_A_PROPERTY, None)
        if own is not None and own is not settings.default:
            setattr(inner, SETTINGS_OF_A_PROPERTY, settings(own, max_examples=few(own)))


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look through all of it again and again."""
    gc.collect()
    gc.freeze()


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
