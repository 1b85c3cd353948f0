"""No exit status is believed: only a bundle that was finished, sealed and read again counts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import open_bundle

pytestmark = pytest.mark.slow  # each test is a whole run of its own
EDGEWARD = str(Path(sys.executable).with_name("edgeward"))
HEAD = "import pytest\n@pytest.mark.case('TC-SYN-001')\n"
GOOD = "def test_one(measure):\n    measure.check('it', True, expected='1', observed=1)\n"
BAD = "def test_one(measure):\n    measure.check('it', False, expected='1', observed=2)\n"


def lay_out(folder: Path, body: str, conftest: str = "") -> Path:
    suites = folder / "suites"
    suite = suites / "synthetic"
    suite.mkdir(parents=True)
    (suites / "requirements.toml").write_text(
        '[[requirement]]\nid = "REQ-SYN-001"\ntitle = "One"\ntext = "The device shall be there."\n'
        'rationale = "A test needs one."\nkind = "functional"\nsafety_class = "A"\n'
        'criterion = "the check holds"\nrisks = []\nstage = "release"\n',
        encoding="utf-8",
    )
    (suites / "hazards.toml").write_text("", encoding="utf-8")
    (suites / "deviations.toml").write_text("", encoding="utf-8")
    (suites / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (suite / "testplan.toml").write_text(
        '[suite]\ntitle = "Synthetic"\ngoal = "Try to pass"\ntopic = "SYN"\n\n'
        '[[case]]\nid = "TC-SYN-001"\ntitle = "One"\nrequirements = ["REQ-SYN-001"]\n'
        'method = "functional_test"\nstage = "release"\nrationale = "None but the test."\n',
        encoding="utf-8",
    )
    (suite / "test_synthetic.py").write_text(HEAD + body, encoding="utf-8")
    (suite / "conftest.py").write_text(conftest, encoding="utf-8")
    return suites


def words(suites: Path) -> list[str]:
    out = suites.parent / "out"
    return [EDGEWARD, "verify", "--profile", "bedside_monitor", "--suites", str(suites),
            "--out", str(out), "--formats", "none"]  # fmt: skip


def environment(folder: Path, **extra: str) -> dict[str, str]:
    return {**os.environ, "EDGEWARD_HOME": str(folder / "home"), **extra}


def verify(suites: Path, **extra: str) -> tuple[int, str]:
    done = subprocess.run(
        words(suites), cwd=suites.parent, env=environment(suites.parent, **extra),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_good_run_is_good(tmp_path: Path) -> None:
    status, output = verify(lay_out(tmp_path, GOOD))
    assert status == 0, output
    assert "VERIFIED: 1 of 1" in output


def test_a_case_that_ends_the_process_does_not_pass(tmp_path: Path) -> None:
    body = "def test_one(measure):\n    import os\n    os._exit(0)\n"
    status, output = verify(lay_out(tmp_path, body))
    assert status == 2, output
    assert "did not finish its bundle" in output


@pytest.mark.parametrize("words", ["--collect-only", "--help", "-p no:edgeward-recorder"])
def test_what_bends_pytest_does_not_reach_the_run(tmp_path: Path, words: str) -> None:
    status, output = verify(lay_out(tmp_path, BAD), PYTEST_ADDOPTS=words)
    assert status == 1, output
    assert "REFUSED" in output


def test_an_expected_failure_that_passed_stays_one(tmp_path: Path) -> None:
    body = "@pytest.mark.xfail(reason='broken')\n" + GOOD
    status, output = verify(lay_out(tmp_path, body), PYTEST_ADDOPTS="--runxfail")
    assert status == 1, output


@pytest.mark.parametrize("words", ["--runxfail", "-p no:edgeward-recorder"])
def test_pytest_itself_refuses_what_bends_a_run(tmp_path: Path, words: str) -> None:
    suites = lay_out(tmp_path, GOOD)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(suites), "--edgeward-profile=wearable", *words.split(),
         f"--edgeward-suites={suites}", f"--edgeward-out={tmp_path / 'out'}"],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode not in (0, 1), done.stdout
    assert "a verification run" in done.stdout + done.stderr


def test_a_case_taken_out_by_a_hook_is_missed(tmp_path: Path) -> None:
    conftest = (
        "import pytest\n@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items[:] = [one for one in items if '2' not in one.name]\n"
    )
    body = (
        "@pytest.mark.parametrize('n', [1, 2, 3])\ndef test_n(measure, n):\n"
        "    measure.check('it', n != 2, expected='not 2', observed=n)\n"
    )
    status, output = verify(lay_out(tmp_path, body, conftest))
    assert status == 2, output
    assert "partial" in output


def test_a_check_that_failed_once_stays_failed(tmp_path: Path) -> None:
    body = (
        "def test_one(measure):\n    for n in range(5):\n        try:\n"
        "            measure.check('it', n > 3, expected='> 3', observed=n)\n"
        "        except AssertionError:\n            pass\n"
    )
    status, output = verify(lay_out(tmp_path, body))
    assert status == 1, output


def test_a_key_that_cannot_sign_is_found_before_the_run(tmp_path: Path) -> None:
    suites = lay_out(tmp_path, GOOD)
    (tmp_path / "home").write_text("not a folder", encoding="utf-8")
    status, output = verify(suites)
    assert status == 2, output
    assert not (tmp_path / "out").exists()


def test_the_run_does_not_outlive_the_one_who_answers_for_it(tmp_path: Path) -> None:
    body = "def test_one(measure):\n    import time\n    time.sleep(60)\n"
    suites = lay_out(tmp_path, body)
    running = subprocess.Popen(
        words(suites),
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    records = tmp_path / "out" / "records.jsonl"
    for _ in range(600):
        if records.exists():
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=10)
    for _ in range(200):
        left = subprocess.run(["pgrep", "-f", str(suites)], capture_output=True, check=False).stdout
        if not left:
            break
        time.sleep(0.05)
    assert not left
    bundle = open_bundle(tmp_path / "out")
    assert not bundle.complete
    assert assess(bundle).exit_code == 2
