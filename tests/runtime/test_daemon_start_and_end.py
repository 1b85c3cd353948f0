"""How a daemon begins and ends: it claims its folder first, and says when an end was not good."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from playbacks import simulated_patients

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.notify import ServiceManager
from edgeward.adapters.store import MemoryStore
from edgeward.device.daemon.control import Control
from edgeward.device.daemon.daemon import Daemon, DaemonDevice
from edgeward.device.daemon.journal import FILE, Journal
from edgeward.device.daemon.report import closing, exit_status
from edgeward.device.daemon.slow import SlowSide
from edgeward.device.daemon.source import PlaybackSource
from edgeward.device.daemon.status import as_text, status_of
from edgeward.device.device import Parts
from edgeward.model.reference import load_reference_model
from edgeward.process.technical import Condition
from edgeward.profile import load_profile

COMMAND = str(Path(sys.executable).with_name("edgeward"))
PROFILES = Path(__file__).parents[2] / "device_profiles"
ENGINE = load_reference_model()


@pytest.fixture
def ended(tmp_path: Path) -> tuple[Daemon, SlowSide]:
    """A daemon that has played half a minute of two patients, and its slow side."""
    clock = SimulatedClock()
    device = DaemonDevice(Parts(clock, MemoryStore(), SeededEntropy(1), ENGINE))
    source = PlaybackSource(simulated_patients(2, 1, 250), clock, ENGINE.card.input, until_s=30)
    daemon = Daemon(device, source)
    daemon.run(lambda: False)
    slow = SlowSide(daemon, Journal(tmp_path), ServiceManager({}), clock)
    slow.round()
    return daemon, slow


def test_an_end_that_was_not_good_is_no_success(ended: tuple[Daemon, SlowSide]) -> None:
    daemon, slow = ended
    good = daemon.snapshot
    assert exit_status(good, slow) == 0
    for bad in (
        replace(good, counts={**good.counts, "late": 1}),
        replace(good, counts={**good.counts, "answered": good.counts["answered"] - 1}),
        replace(good, blocks={**good.blocks, "taken": 0}),
        replace(good, handed_over={**good.handed_over, "lost_results": 1}),
        replace(good, handed_over={**good.handed_over, "in_hand": 2}),
    ):
        assert exit_status(bad, slow) == 1
    slow.counts.unlogged = 1
    assert exit_status(good, slow) == 1


def test_a_device_that_could_judge_nobody_did_not_end_well(ended: tuple[Daemon, SlowSide]) -> None:
    daemon, slow = ended
    conditions = daemon.device.processor.conditions
    for condition, status in ((Condition.NOT_REAL_TIME, 0), (Condition.PATH_FAULT, 1)):
        conditions.raise_(condition, None, "as it is")
        snapshot = replace(daemon.snapshot, conditions=conditions.active())
        assert exit_status(snapshot, slow) == status


def test_blocks_given_up_are_not_said_to_be_taken(ended: tuple[Daemon, SlowSide]) -> None:
    daemon, slow = ended
    blocks = {"offered": 30, "taken": 20, "given_up": 10, "waiting": 0}
    said = closing(replace(daemon.snapshot, blocks=blocks), slow)
    assert "blocks     20 taken, 10 given up" in said
    assert "sums       add up" in said


def test_the_status_for_a_person_says_what_was_refused_and_lost(
    ended: tuple[Daemon, SlowSide],
) -> None:
    daemon, slow = ended
    profile = load_profile("wearable", [PROFILES]).profile
    assert "refused    nothing" in as_text(status_of(daemon, slow, profile))
    slow.counts.unlogged = 3
    refused = {"the checksum does not fit": 1200, "order": 2}
    daemon.snapshot = replace(daemon.snapshot, refused=refused)
    said = as_text(status_of(daemon, slow, profile))
    assert "refused    2 order, 1,200 the checksum does not fit" in said
    assert f"log        {slow.counts.logged} records, 3 lost" in said


def edgeward(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *map(str, words)], capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_second_daemon_touches_nothing_of_the_first(tmp_path: Path) -> None:
    state, lamp = tmp_path / "state", tmp_path / "lamp"
    control = Control(state, dict)
    lamp.write_text("1")  # an alarm is on
    begun = sorted(path.name for path in state.iterdir())
    done = edgeward("run", "--profile", "wearable", "--state", state, "--output", f"lamp={lamp}")
    control.close()
    assert done.returncode == 2
    assert "control.sock: cannot be listened on" in done.stderr
    assert lamp.read_text() == "1"
    assert sorted(path.name for path in state.iterdir()) == []
    assert begun == ["control.sock"]


@pytest.mark.slow
def test_what_ends_the_clinical_thread_leaves_what_was_told_in_the_log(tmp_path: Path) -> None:
    program = """
import sys
from edgeward.device.cli import main
from edgeward.device.daemon.simulated import SimulatedSource
played = SimulatedSource.receive
def broken(self, until_ns):
    if self._patients[0].ticks > 125:
        raise ZeroDivisionError("a defect nobody foresaw")
    return played(self, until_ns)
SimulatedSource.receive = broken
sys.exit(main(sys.argv[1:]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "--profile", "wearable", "--patients", "1",
         "--state", str(tmp_path), "--speed", "50", "--hours", "1", "--quiet"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode not in (0, 1)
    assert "a defect nobody foresaw" in done.stderr
    assert '"kind":"result"' in (tmp_path / FILE).read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--patients", "65"), "--patients 65: accepted: at most 64"),
        (("--hours", "inf"), "--hours inf: accepted: above 0"),
        (("--speed", "nan", "--patients", "0"), "--patients 0: accepted: above 0; --speed nan"),
    ],
)
def test_a_figure_nobody_can_use_is_refused(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = edgeward("run", "--profile", "gateway", "--state", tmp_path, *words)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert said in done.stderr
