"""What a test may throw at a run without a record being lost or an outcome meaning less."""

from pathlib import Path

import pytest
from run_lab import CASE, GOOD, TEST, lay_out, run, start

from edgeward_harness.evidence.record import State

pytestmark = pytest.mark.slow  # each test is a whole pytest run of its own
WORKERS = pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
SMALL_DISK = ("prlimit", "--fsize=65536")
HALF = "'\\ud83d'"


@pytest.mark.parametrize("part", ["skipping", "unittest"])
def test_what_gives_outcomes_their_meaning_stays_in(tmp_path: Path, part: str) -> None:
    """Without it a failure that was announced would count as a pass."""
    done = start(tmp_path, "@pytest.mark.xfail\n" + CASE + TEST + GOOD, "-p", f"no:{part}")
    assert f"-p no:{part}: outcomes would mean something else" in done.output
    assert done.status not in (0, 1)
    assert not done.out.exists() or not list(done.out.iterdir())


@WORKERS
def test_an_attachment_that_the_disk_refuses_takes_no_record_with_it(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    body = CASE + TEST + GOOD + "    raise Finding('too late', attachments={'a': b'x' * 100_000})\n"
    done = start(tmp_path, body, *workers, "--edgeward-formats=none", limits=SMALL_DISK)
    assert done.state() is State.FAILED, done.output
    assert done.status == 1
    (record,) = done.bundle.records
    assert "too late" in record.reason
    assert "'a' is not attached" in record.reason
    assert record.artifacts == {}


@WORKERS
def test_half_a_character_is_escaped_wherever_it_comes_from(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    body = (
        CASE + TEST + f"    measure.check('it', True, expected={HALF}, observed={HALF})\n"
        f"    raise Finding({HALF})\n"
    )
    done = start(tmp_path, body, *workers)
    assert done.state() is State.FAILED, done.output
    (record,) = done.bundle.records
    assert record.measurements[0].observed == record.measurements[0].expected == "\\ud83d"
    assert "\\ud83d" in record.reason


def test_the_record_of_a_worker_that_died_names_it(tmp_path: Path) -> None:
    done = start(tmp_path, CASE + TEST + "    import os\n    os._exit(3)\n", "-n", "1")
    assert [record.worker for record in done.bundle.records] == ["gw0"], done.output


@pytest.mark.parametrize(
    "hook", ["pytest_runtest_logfinish(nodeid)", "pytest_sessionfinish(session)"]
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_worker_that_breaks_beside_its_tests_leaves_no_pass(
    tmp_path: Path, workers: str, hook: str
) -> None:
    """What broke it may have been what would have failed."""
    breaks = f"""
import os
def {hook}:
    if "PYTEST_XDIST_WORKER" in os.environ:
        raise RuntimeError("broke beside the tests")
"""
    suite = lay_out(tmp_path, CASE + TEST + GOOD)
    (suite / "synthetic" / "conftest.py").write_text(breaks, encoding="utf-8")
    done = run(suite, "-n", workers)
    assert "broke beside the tests" in done.output
    assert done.status == 2, done.output
    assert not done.bundle.complete
    assert "the run was interrupted" in done.assessment.reasons, done.output
