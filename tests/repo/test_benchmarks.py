"""A benchmark that misses, fails or cannot say never comes out as one that kept its goal."""

import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeward_harness.rig.stall import Stalls

PEERS = ("reactivex", "streamz", "bytewax")
WITHOUT = """
import runpy, sys
sys.path.insert(0, {folder!r})
sys.modules[{name!r}] = None
sys.argv = ["bench_peers.py"]
runpy.run_path({folder!r} + "/bench_peers.py", run_name="__main__")
"""


@pytest.fixture
def run_all(checkout: Path, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Runs benchmarks that end with these statuses; its own status and what it says in short."""

    def run(*statuses: int) -> tuple[int, str]:
        shutil.copy(checkout / "benchmarks/run_all.py", tmp_path)
        for number, status in enumerate(statuses):
            (tmp_path / f"bench_{number}.py").write_text(f"import sys; sys.exit({status})")
        command = [sys.executable, str(tmp_path / "run_all.py")]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return done.returncode, done.stdout.partition("in short\n")[2]

    return run


@pytest.mark.parametrize(
    ("statuses", "status", "said"),
    [
        ([0, 0], 0, ["kept", "kept"]),
        ([1, 0], 1, ["missed", "kept"]),
        ([0, 2], 2, ["kept", "no verdict"]),
        ([2, 1, 0], 1, ["no verdict", "missed", "kept"]),
        ([2, 77], 1, ["no verdict", "failed with status 77"]),
    ],
)
def test_all_run_and_the_worst_is_the_status(
    run_all: Callable[..., tuple[int, str]], statuses: list[int], status: int, said: list[str]
) -> None:
    ended, told = run_all(*statuses)
    lines = [line.split(maxsplit=1) for line in told.splitlines()]
    assert lines == [[f"bench_{number}.py", word] for number, word in enumerate(said)]
    assert ended == status


def test_nothing_to_run_is_no_pass(run_all: Callable[..., tuple[int, str]]) -> None:
    assert run_all()[0] == 2


@pytest.mark.parametrize("name", PEERS)
def test_without_a_peer_there_is_no_verdict(checkout: Path, name: str) -> None:
    program = WITHOUT.format(name=name, folder=str(checkout / "benchmarks"))
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert name in done.stderr
    assert "'.[bench]'" in done.stderr


def test_a_contender_that_does_another_job_is_refused(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(checkout / "benchmarks")
    compare = runpy.run_path(str(checkout / "benchmarks/bench_peers.py"))["compare"]
    right = [(0, 0, 1.5, True), (0, 1, 0.5, False)]
    compare("in another order", right[::-1], right)
    for wrong in ([], right[:1], [*right, right[0]], [right[0], (0, 1, 0.25, False)]):
        with pytest.raises(SystemExit, match="the first difference"):
            compare("wrong", wrong, right)


@pytest.mark.parametrize(("share", "missed", "status"), [
    (0.0, False, 0), (0.01, False, 0), (0.0, True, 1), (0.02, False, 2), (0.02, True, 2),
])  # fmt: skip
def test_an_unfit_host_makes_no_pass_and_no_miss(
    checkout: Path, share: float, missed: bool, status: int
) -> None:
    on_host = runpy.run_path(str(checkout / "benchmarks/verdict.py"))["on_host"]
    assert on_host(watched((0, round(share * 100e9))), missed=missed) == status


def test_a_busy_process_of_our_own_makes_no_host_unfit(checkout: Path) -> None:
    """Each a few slices of a scheduler: alone they are no stall, however many there are."""
    on_host = runpy.run_path(str(checkout / "benchmarks/verdict.py"))["on_host"]
    own = watched(*((at * 100_000_000, at * 100_000_000 + 5_000_000) for at in range(1000)))
    assert own.share == 0.05
    assert on_host(own, missed=False) == 0
    assert on_host(own, missed=True) == 1


def watched(*stalls: tuple[int, int]) -> Stalls:
    """What a probe of one core saw in 100 s."""
    seen = Stalls()
    seen.add([{"cpu": 0, "start_ns": 0, "end_ns": 100_000_000_000, "stalls": stalls}])
    return seen
