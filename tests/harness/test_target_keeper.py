"""The keeper: a device does not outlive its harness, whoever of it is killed and in whatever way.

The devices here do not end when their input does, or leave a child in a session of its own behind.
"""

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edgeward_harness.profile.unit import Realization
from edgeward_harness.target import DeviceSession
from edgeward_harness.target.enforce import Asked
from edgeward_harness.target.family import end, marked, tree
from edgeward_harness.target.process import Command, ProcessDriver

HERE = Path(__file__).parent
HOSTILE = HERE / "hostile" / "device.py"
PATIENCE_MS = 30_000
OPEN = """
import os, signal, sys
from edgeward_harness.profile.unit import Realization
from edgeward_harness.target import DeviceSession
from edgeward_harness.target.enforce import Asked
from edgeward_harness.target.process import Command, ProcessDriver
def opened(*words):
    command = Command((sys.executable, "-I", "-S", *words))
    device = DeviceSession(ProcessDriver(command, Asked(), Realization.EMULATED))
    device.call("resources")
    return device
"""
HARNESS = f"""{OPEN}
device = opened(*sys.argv[1:])
if sys.argv[-1] == "good":
    device.freeze()
print(device.pid, flush=True)
signal.pause()
"""
CASE = f"""{OPEN}
import pytest
@pytest.mark.case("TC-SYN-001")
def test_one():
    device = opened({str(HOSTILE)!r}, "stays_with_a_child")
    with open(FIFO, "w") as ready:
        ready.write(str(os.getpid()))
    signal.pause()
"""


def watch(pids: list[int]) -> dict[int, int]:
    """A descriptor for each process, which stays true to it when its number is given anew."""
    return {pid: os.pidfd_open(pid) for pid in pids}


def still_running(watched: dict[int, int]) -> set[int]:
    """Those that have not ended after some patience."""
    left = set()
    for pid, fd in watched.items():
        ended = select.poll()
        ended.register(fd, select.POLLIN)
        if not ended.poll(PATIENCE_MS):
            left.add(pid)
            os.kill(pid, signal.SIGKILL)
        os.close(fd)
    return left


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize(
    ("mode", "processes"), [("stays_with_a_child", 4), ("leaves_a_child", 4), ("good", 3)]
)
def test_a_device_ends_with_its_harness(
    tmp_path: Path, mode: str, processes: int, how: signal.Signals
) -> None:
    words = [sys.executable, "-c", HARNESS, str(HOSTILE), mode]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, process_group=0, env=environment
    ) as harness:
        assert harness.stdout is not None
        pid = int(harness.stdout.readline())
        family = tree(harness.pid)
        assert len(family) == processes  # the harness, the keeper, the device and its child
        assert pid in family
        watched = watch(family)
        assert len(list(tmp_path.iterdir())) == 1  # the device's own folder
        os.killpg(harness.pid, how)
        assert still_running(watched) == set()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["run", "supervisor", "both"])
def test_a_device_ends_with_a_run_and_with_its_supervisor(tmp_path: Path, killed: str) -> None:
    fifo, suites = tmp_path / "ready", tmp_path / "suites"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    os.mkfifo(fifo)
    lay_out(suites, fifo)
    words = [
        str(Path(sys.executable).with_name("edgeward")), "verify", "--profile=bedside_monitor",
        f"--suites={suites}", f"--out={tmp_path / 'out'}", "--formats=none",
    ]  # fmt: skip
    with subprocess.Popen(
        words,
        env={**os.environ, "EDGEWARD_HOME": str(tmp_path / "home"), "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as supervisor:
        run = number_from(fifo)
        family = tree(supervisor.pid)
        assert run in family
        watched = watch(family)
        for pid, name in ((supervisor.pid, "supervisor"), (run, "run")):
            if killed in (name, "both"):
                os.kill(pid, signal.SIGKILL)
        assert still_running(watched) == set()
    assert list(temporary.glob("edgeward-device-*")) == []
    assert len(family) >= 5  # supervisor, run, keeper, device and child


def lay_out(suites: Path, fifo: Path) -> None:
    """One case that opens a device, tells its own number and never ends."""
    suite = suites / "synthetic"
    suite.mkdir(parents=True)
    (suites / "requirements.toml").write_text(
        '[[requirement]]\nid = "REQ-SYN-001"\ntitle = "One"\ntext = "The device shall be there."\n'
        'rationale = "A test needs one."\nkind = "functional"\nsafety_class = "A"\n'
        'criterion = "the check holds"\nrisks = []\nstage = "release"\n',
        encoding="utf-8",
    )
    for name in ("hazards.toml", "deviations.toml"):
        (suites / name).write_text("", encoding="utf-8")
    (suites / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (suite / "testplan.toml").write_text(
        '[suite]\ntitle = "Synthetic"\ngoal = "Hang"\ntopic = "SYN"\n\n'
        '[[case]]\nid = "TC-SYN-001"\ntitle = "One"\nrequirements = ["REQ-SYN-001"]\n'
        'method = "functional_test"\nstage = "release"\nrationale = "None but the test."\n',
        encoding="utf-8",
    )
    (suite / "test_synthetic.py").write_text(f"FIFO = {str(fifo)!r}\n{CASE}", encoding="utf-8")


def number_from(fifo: Path) -> int:
    """The number that somebody writes there."""
    fd = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        told = select.poll()
        told.register(fd, select.POLLIN)
        assert told.poll(PATIENCE_MS), "nobody wrote"
        return int(os.read(fd, 32))
    finally:
        os.close(fd)


def session(mode: str) -> DeviceSession:
    words = (sys.executable, "-I", "-S", str(HOSTILE), mode)
    return DeviceSession(ProcessDriver(Command(words), Asked(), Realization.EMULATED))


def test_a_device_outlives_the_thread_that_started_it() -> None:
    opened: list[DeviceSession] = []
    starter = threading.Thread(target=lambda: opened.append(session("good")))
    starter.start()
    starter.join()
    with opened[0] as device:
        assert device.call("resources")


def test_what_detached_itself_from_a_device_that_is_gone_is_found() -> None:
    with session("leaves_a_child") as device:
        child = int(device.call("resources")["child"]["value"])
        assert device.pid is not None
        leader, watched = watch([device.pid]), watch([child])
        os.kill(device.pid, signal.SIGKILL)
        assert still_running(leader) == set()  # from here on nobody knows whose child this was
    assert still_running(watched) == set()


CHAIN = """
import os, signal, sys, time
if os.fork():
    print(flush=True)
    signal.pause()
os.setsid()
end_s = time.monotonic() + 5
while time.monotonic() < end_s:
    if os.fork():
        os._exit(0)
    time.sleep(0.001)
print("survived", flush=True)
"""
OTHER_PROGRAMS = """
import os, signal, sys, time
if len(sys.argv) == 1:
    if os.fork():
        print(flush=True)
        signal.pause()
    os.setsid()
    sys.argv.append(str(time.monotonic() + 5))
if time.monotonic() > float(sys.argv[1]):
    print("survived", flush=True)
elif not os.fork():
    os.execv(sys.executable, [sys.executable, "-I", "-S", *sys.argv])
"""


@pytest.mark.parametrize("program", [CHAIN, OTHER_PROGRAMS], ids=["forks", "becomes_others"])
def test_a_chain_of_processes_that_each_outlive_their_parent_is_ended(
    tmp_path: Path, program: str
) -> None:
    """A new one is there before the one that was found is dead, or shows no environment just then.

    Each holds the pipe. One that is not ended says so when its time is over.
    """
    path = tmp_path / "program.py"
    path.write_text(program, encoding="utf-8")
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-I", "-S", str(path)],
            env={"EDGEWARD_STATE": str(tmp_path)},
            process_group=0,
            stdout=subprocess.PIPE,
        ) as leader:
            assert leader.stdout is not None
            leader.stdout.readline()
            end(leader.pid, f"EDGEWARD_STATE={tmp_path}", [])
            assert leader.stdout.read() == b""


def test_a_keeper_finds_a_device_whose_folder_is_no_text(tmp_path: Path) -> None:
    place = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(place)
    words = [sys.executable, "-c", HARNESS, str(HOSTILE), "leaves_a_child"]
    environment = {**os.environb, b"TMPDIR": place}
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline()
        watched = watch(tree(harness.pid))
        harness.kill()
        assert still_running(watched) == set()
    assert os.listdir(place) == []


def test_a_folder_whose_name_is_no_text_marks_a_device_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    with session("good") as device:
        assert device.call("resources")
        assert list(place.iterdir())
    assert list(place.iterdir()) == []


def test_a_mark_that_marks_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="accepted: NAME=value"):
        marked("")
    assert marked("EDGEWARD_STATE=/no/such/folder") == set()
