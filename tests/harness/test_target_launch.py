"""The launcher: limits first, then the program; what fails is told, what is told is complete."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import edgeward_harness.target.launch as launch

LAUNCHER = Path(launch.__file__)
REPORT = (
    "import os, resource, signal; print(sorted(os.sched_getaffinity(0)),"
    " resource.getrlimit(resource.RLIMIT_AS)[0], signal.getsignal(signal.SIGPIPE))"
)


def started(
    *words: str, command: tuple[str, ...]
) -> tuple[subprocess.CompletedProcess[bytes], str]:
    """Run the launcher as the driver does: the result, and what it told."""
    read_fd, write_fd = os.pipe()
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER), f"status={write_fd}", *words, "--", *command],
        pass_fds=[write_fd],
        capture_output=True,
        check=False,
        timeout=60,
    )
    os.close(write_fd)
    with os.fdopen(read_fd, "rb") as told:
        return done, told.read().decode()


def test_the_limits_hold_in_the_program() -> None:
    core = min(os.sched_getaffinity(0))
    limit_bytes = 3 << 30
    done, told = started(
        f"cores={core}", f"memory={limit_bytes}", command=(sys.executable, "-S", "-c", REPORT)
    )
    assert told == ""
    # SIGPIPE is back at its default before exec; Python itself ignores it again at its start.
    assert done.stdout.decode().split("]")[0] == f"[{core}"
    assert str(limit_bytes) in done.stdout.decode()


def test_ignored_signals_are_not_inherited() -> None:
    done, _ = started(command=("cat", "/proc/self/status"))
    (line,) = [line for line in done.stdout.decode().splitlines() if line.startswith("SigIgn")]
    ours = ~(0b11 << 31)  # 32 and 33 belong to the C library; make leaves them ignored
    assert int(line.split()[1], 16) & ours == 0


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("cores=999999", "cores: "),
        ("memory=lots", "memory: "),
        ("group=/no/such/group", "group: [Errno 2]"),
        ("fifo=-5", "fifo: [Errno 22]"),
        ("colour=red", "colour: unknown limit"),
    ],
)
def test_a_limit_that_cannot_be_applied_is_told_and_the_program_runs(word: str, told: str) -> None:
    done, heard = started(word, command=("echo", "running"))
    assert heard.startswith(told)
    assert done.stdout == b"running\n"


def test_a_program_that_cannot_be_started_is_told() -> None:
    done, told = started(command=("no-such-program",))
    assert (done.returncode, told) == (127, "exec: No such file or directory\n")


def test_it_imports_nothing_of_ours() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(LAUNCHER.parent)!r}); import launch;"
        "print(sorted(name for name in sys.modules if 'edgeward' in name or name in"
        " ('json', 'subprocess', 're', 'asyncio')))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, check=True, timeout=60
    )
    assert run.stdout == b"[]\n"


def test_it_tells_the_keeper_its_number_before_anything_else() -> None:
    told_fd, keeper_fd = os.pipe()
    read_fd, write_fd = os.pipe()
    words = ("keeper=" + str(keeper_fd), f"status={write_fd}", "--", "ls", "/proc/self/fd")
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCHER), *words],
        pass_fds=[keeper_fd, write_fd],
        stdout=subprocess.PIPE,
    ) as running:
        listed, _ = running.communicate(timeout=60)
    for fd in (keeper_fd, write_fd, read_fd):
        os.close(fd)
    with os.fdopen(told_fd, "rb") as told:
        assert told.read() == str(running.pid).encode()
    assert listed.split() == [b"0", b"1", b"2", b"3"]  # 3: the listing; nothing else is inherited
