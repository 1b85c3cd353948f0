"""Every way a test can end has its own state, and none but a pass with a measurement is verified.

Each test runs a real pytest on a suite of its own and reads the bundle that it left.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from run_lab import CASE, GOOD, TEST, Run, command, lay_out, start
from run_lab import run as start_run

from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.standing import RunVerdict, Standing

Runner = Callable[..., Run]


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    return partial(start, tmp_path)


pytestmark = pytest.mark.slow  # each test is a whole pytest run of its own
DOCUMENTED = (
    CASE + "@pytest.mark.parametrize('n', range(20))\ndef test_n(measure, n):\n"
    '    """It holds for <b>each</b> \u2264 n.\n\n    Method: asked\n    once.\n    """\n' + GOOD
)


def test_a_pass_with_a_measurement_is_verified(run: Runner) -> None:
    done = run(CASE + TEST + GOOD)
    assert done.standing() is Standing.VERIFIED, done.output
    assert done.status == 0
    assert "VERIFIED: 1 of 1" in done.output


def test_the_terminal_says_what_the_report_says_and_names_what_does_not_apply(
    tmp_path: Path,
) -> None:
    second = "@pytest.mark.case('TC-SYN-002')\ndef test_two(measure):\n" + GOOD
    suites = lay_out(tmp_path, CASE + TEST + GOOD + second, cases=2)
    plan = suites / "synthetic" / "testplan.toml"
    needs = 'needs = { capabilities = ["clock"] }\n'
    plan.write_text(plan.read_text(encoding="utf-8") + needs, encoding="utf-8")
    done = start_run(suites, "--edgeward-formats=json")
    assert done.status == 0, done.output
    said = json.loads((done.out / "report.json").read_bytes())["headline"]
    assert said["word"] == "Verified"
    assert said["sentence"].startswith("1 of 1 requirement of synthetic holds on bedside_monitor")
    assert said["sentence"].endswith(" Not applicable: REQ-SYN-002.")
    assert f"VERIFIED: {said['sentence']}" in done.output


@pytest.mark.parametrize(
    ("code", "state", "standing", "status"),
    [
        ("    pass\n", State.NO_EVIDENCE, Standing.NO_EVIDENCE, 2),
        (GOOD + "    pytest.skip('not today')\n", State.SKIPPED, Standing.SKIPPED, 2),
        (GOOD + "    pytest.xfail('known')\n", State.KNOWN_ANOMALY, Standing.KNOWN_ANOMALY, None),
        (GOOD + "    raise Finding('too late')\n", State.FAILED, Standing.FAILED, 1),
        (GOOD + "    assert 1 == 2\n", State.FAILED, Standing.FAILED, 1),
        (GOOD + "    pytest.fail('no')\n", State.FAILED, Standing.FAILED, 1),
        (GOOD + "    raise CannotJudge('noise')\n", State.CANNOT_JUDGE, Standing.CANNOT_JUDGE, 2),
        (GOOD + "    raise HarnessError('ours')\n", State.ERROR, Standing.ERROR, 2),
        (GOOD + "    {}['missing']\n", State.ERROR, Standing.ERROR, 2),
        (
            "    measure.check('it', False, expected='1', observed=2)\n",
            State.FAILED,
            Standing.FAILED,
            1,
        ),
        (
            (
                "    try:\n        measure.check('it', False, expected='1', observed=2)\n"
                "    except AssertionError:\n        pass\n"
            ),
            State.FAILED,
            Standing.FAILED,
            1,
        ),
    ],
)
def test_each_end_has_its_own_state(
    run: Runner, code: str, state: State, standing: Standing, status: int | None
) -> None:
    done = run(CASE + TEST + code)
    assert done.state() is state, done.output
    assert done.standing() is standing
    assert done.status != 0
    assert status is None or done.status == status
    assert "VERIFIED" not in done.output


@pytest.mark.parametrize("strict", ["True", "False"])
def test_an_unexpected_pass_is_not_a_pass(run: Runner, strict: str) -> None:
    mark = f"@pytest.mark.xfail(reason='broken', strict={strict})\n"
    done = run(CASE + mark + TEST + GOOD)
    assert done.state() is State.UNEXPECTED_PASS, done.output
    assert done.status != 0


def test_one_failing_parameter_of_three_fails_the_requirement(run: Runner) -> None:
    done = run(
        CASE + "@pytest.mark.parametrize('n', [1, 2, 3])\ndef test_n(measure, n):\n"
        "    measure.check('it', n != 2, expected='not 2', observed=n)\n"
    )
    assert done.standing() is Standing.FAILED, done.output
    assert done.state("TC-SYN-001[1]") is State.PASSED
    assert done.state("TC-SYN-001[2]") is State.FAILED
    assert done.status == 1


def test_a_deselected_parameter_leaves_the_requirement_partial(run: Runner) -> None:
    body = CASE + "@pytest.mark.parametrize('n', [1, 2, 3])\ndef test_n(measure, n):\n" + GOOD
    done = run(body, "-k", "test_n and not 2")
    assert done.standing() is Standing.PARTIAL, done.output
    assert done.state("TC-SYN-001[2]") is State.NOT_EXECUTED
    assert done.status == 2


def test_a_planned_case_without_a_test_was_not_executed(run: Runner) -> None:
    done = run(CASE + TEST + GOOD, cases=2)
    assert done.standing("REQ-SYN-001") is Standing.VERIFIED, done.output
    assert done.standing("REQ-SYN-002") is Standing.NOT_EXECUTED
    assert done.status == 2


def test_a_teardown_error_is_an_error(run: Runner) -> None:
    fixture = "@pytest.fixture\ndef rest():\n    yield\n    raise OSError('gone')\n"
    done = run(fixture + CASE + "def test_one(measure, rest):\n" + GOOD)
    assert done.state() is State.ERROR, done.output
    assert done.status == 2


def test_a_finding_in_setup_is_the_devices(run: Runner) -> None:
    fixture = (
        "@pytest.fixture\ndef dead():\n    raise Finding('died', attachments={'t.txt': b'x'})\n"
    )
    done = run(fixture + CASE + "def test_one(dead, measure):\n" + GOOD)
    assert done.state() is State.FAILED, done.output
    assert done.status == 1
    assert "t.txt" in done.bundle.records[0].artifacts


def test_an_orphan_is_seen(run: Runner) -> None:
    other = "@pytest.mark.case('TC-SYN-077')\ndef test_two(measure):\n    pass\n"
    done = run(CASE + TEST + GOOD + other)
    assert done.assessment.cases["TC-SYN-077"].orphan, done.output
    assert done.status != 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (TEST + GOOD, "names no test case"),
        (CASE + TEST + GOOD + CASE + "def test_two(measure):\n" + GOOD, "is another test already"),
        (DOCUMENTED + CASE + "def test_two(measure):\n" + GOOD, "is another test already"),
        (CASE + TEST + f"    '{'x' * 10_001}'\n" + GOOD, "found 10001 characters of docstring"),
        (CASE + TEST + "    '\\ud800'\n" + GOOD, "found '\\ud800' in its docstring"),
    ],
)
def test_a_suite_that_breaks_the_rules_does_not_run(run: Runner, body: str, said: str) -> None:
    done = run(body)
    assert said in done.output
    assert done.status not in (0, 1)
    assert not done.out.exists() or not list(done.out.iterdir())


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_a_test_says_of_itself_is_in_the_manifest_once(
    run: Runner, workers: tuple[str, ...]
) -> None:
    done = run(DOCUMENTED, *workers)
    assert done.standing() is Standing.VERIFIED, done.output
    case = done.bundle.manifest.cases["TC-SYN-001"]
    assert case.procedure == "It holds for <b>each</b> \u2264 n.\n\nMethod: asked\nonce."
    assert len(done.bundle.manifest.items) == 20
    assert (case.rationale, case.stage, case.samples) == ("None but the test.", "release", None)


def test_a_test_that_says_nothing_of_itself_runs_and_leaves_no_procedure(run: Runner) -> None:
    done = run(CASE + TEST + GOOD)
    assert done.standing() is Standing.VERIFIED, done.output
    assert done.bundle.manifest.cases["TC-SYN-001"].procedure is None


def test_a_falsifying_example_is_in_the_record(run: Runner) -> None:
    body = (
        "from hypothesis import given, strategies as st\n"
        + CASE
        + "@given(n=st.integers())\ndef test_n(measure, n):\n"
        "    measure.check('small', n < 1000, expected='< 1000', observed=n)\n"
    )
    done = run(body)
    assert done.state() is State.FAILED, done.output
    record = done.bundle.records[0]
    assert "n=1000" in record.reason
    assert record.measurements[0].observed == "1000"


def test_generated_examples_are_counted(run: Runner) -> None:
    body = (
        "from hypothesis import given, strategies as st\n"
        + CASE
        + "@given(n=st.integers())\ndef test_n(measure, n):\n"
        "    measure.check('integral', n == int(n), expected='whole', observed=n)\n"
    )
    done = run(body)
    assert done.standing() is Standing.VERIFIED, done.output
    assert done.bundle.records[0].measurements[0].n >= 50


def test_workers_leave_the_same_evidence(run: Runner) -> None:
    body = (
        CASE + "@pytest.mark.parametrize('n', range(20))\ndef test_n(measure, n):\n"
        "    measure.check('it', n != 13, expected='not 13', observed=n)\n"
    )
    done = run(body, "-n", "2")
    assert done.status == 1, done.output
    assert len(done.bundle.records) == 20
    assert {record.worker for record in done.bundle.records} <= {"gw0", "gw1"}
    failed = [i for i, one in done.assessment.items.items() if one.state is State.FAILED]
    assert failed == ["TC-SYN-001[13]"]


def test_a_worker_that_dies_is_an_error_of_its_test(run: Runner) -> None:
    body = CASE + TEST + "    import os\n    os._exit(3)\n"
    done = run(body, "-n", "1")
    assert done.state() is State.ERROR, done.output
    assert done.status == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_cut_short_says_incomplete(tmp_path: Path, number: signal.Signals) -> None:
    body = (
        CASE + TEST + GOOD + "@pytest.mark.case('TC-SYN-002')\ndef test_two(measure):\n"
        "    import time\n    time.sleep(60)\n" + GOOD
    )
    folder = lay_out(tmp_path, body, cases=2)
    running = subprocess.Popen(
        command(folder),
        cwd=tmp_path,
        env={**os.environ, "EDGEWARD_HOME": str(tmp_path / "home")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    records = tmp_path / "out" / "records.jsonl"
    for _ in range(600):
        if records.exists() and b'"TC-SYN-001"' in records.read_bytes():
            break
        time.sleep(0.05)
    running.send_signal(number)
    assert running.wait(timeout=30) != 0
    bundle = open_bundle(tmp_path / "out")
    assert len(bundle.records) >= 1
    assert not bundle.complete
    assert assess(bundle).verdict in (RunVerdict.INCOMPLETE, RunVerdict.CANNOT_JUDGE)


def test_the_plugin_is_inert_unless_asked(tmp_path: Path) -> None:
    """Without a profile nothing of a run is imported and nothing is written."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_it():\n"
        "    assert not [m for m in sys.modules if m.startswith('edgeward_harness.run')]\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] in ([], ["__pycache__"])


def test_a_full_disk_is_an_error_and_nothing_is_half_written(tmp_path: Path) -> None:
    """A limit on the size of files stands for a full disk: the run ends, its bundle is unsealed."""
    body = (
        CASE + "@pytest.mark.parametrize('n', range(200))\ndef test_n(measure, n):\n"
        "    measure.check('it', True, expected='x' * 200, observed=n)\n"
    )
    done = start(tmp_path, body, limits=("prlimit", "--fsize=65536"))
    assert done.status == 2, done.output
    assert "NO VERDICT" in done.output
    assert "records.jsonl" in done.output
    out = done.out
    assert not (out / "statement.dsse.json").exists()
    assert (out / "records.jsonl").read_bytes().endswith(b"\n")
    bundle = open_bundle(out)
    assert not bundle.torn
    assert 0 < len(bundle.records) < 200
    assert assess(bundle).verdict is RunVerdict.INCOMPLETE
