"""On several processes: all cases once, and nothing beside one that is judged by time."""

import itertools
from pathlib import Path

import pytest
from run_lab import GOOD, Run, lay_out, run

from edgeward_harness.evidence.record import State

pytestmark = pytest.mark.slow  # each test is a whole pytest run of its own

CASES = 12
ALONE = (2, 3, 9)
DIES = """\
    import os, pathlib
    mark = pathlib.Path({!r})
    if not mark.exists():
        mark.touch()
        os._exit(3)
"""


def _case(number: int, more: str = "") -> str:
    return (
        f"@pytest.mark.case('TC-SYN-{number:03d}')\ndef test_{number}(measure):\n"
        f"    import time\n    time.sleep(0.15)\n{more}{GOOD}\n"
    )


def _started(folder: Path, more: dict[int, str], *workers: str) -> Run:
    body = "".join(_case(each, more.get(each, "")) for each in range(1, CASES + 1))
    suites = lay_out(folder, body, cases=CASES)
    plan = suites / "synthetic" / "testplan.toml"
    named = ", ".join(f'"TC-SYN-{each:03d}"' for each in ALONE)
    head = 'topic = "SYN"\n'
    plan.write_text(plan.read_text().replace(head, f"{head}alone = [{named}]\n"))
    return run(suites, *workers)


def _beside(done: Run) -> set[frozenset[str]]:
    """Which items ran at the same time."""
    return {
        frozenset((one.item, other.item))
        for one, other in itertools.combinations(done.bundle.records, 2)
        if one.start_ns < other.end_ns and other.start_ns < one.end_ns
    }


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_what_is_judged_by_time_has_nothing_beside_it(tmp_path: Path, workers: int) -> None:
    done = _started(tmp_path, {}, "-n", str(workers), "--edgeward-console")

    assert "standard, 12 cases" in done.output
    assert done.output.count("✓") == CASES
    assert "bringing up" not in done.output
    assert "VERIFIED: 12 of 12" in done.output
    assert len(done.bundle.records) == CASES
    alone = {f"TC-SYN-{each:03d}" for each in ALONE}
    together = _beside(done)
    assert not [pair for pair in together if pair & alone]
    assert bool(together) == (workers > 1)
    last = sorted(done.bundle.records, key=lambda record: record.start_ns)[-len(ALONE) :]
    assert [one.item for one in last] == sorted(alone)
    assert len({one.worker for one in last}) == 1


@pytest.mark.parametrize("dying", [5, 9])
def test_a_process_that_dies_costs_its_own_case_only(tmp_path: Path, dying: int) -> None:
    mark = str(tmp_path / "died")
    done = _started(tmp_path, {dying: DIES.format(mark)}, "-n", "2")

    states = {item: one.state for item, one in done.assessment.items.items()}
    assert len(states) == CASES, done.output
    assert states.pop(f"TC-SYN-{dying:03d}") is State.ERROR
    assert set(states.values()) == {State.PASSED}, done.output
    alone = {f"TC-SYN-{each:03d}" for each in ALONE}
    assert not [
        pair for pair in _beside(done) if pair & alone and f"TC-SYN-{dying:03d}" not in pair
    ]
