"""What the command and the plugin add to a bare start.

`edgeward --help` against an interpreter that does nothing, and pytest with the plugin against
pytest without it. The two of a pair are started in turn, so a change of the host's load meets both;
the figure is the difference of their medians. Processor time is what the code costs, wall time what
a person waits for.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 15
LIMIT_MS = 50.0
EDGEWARD = str(Path(sys.executable).with_name("edgeward"))
PYTEST = str(Path(sys.executable).with_name("pytest"))


@dataclass(frozen=True, slots=True)
class Start:
    """What one start of a program took."""

    wall_ms: float
    cpu_ms: float


def start(command: Sequence[str], folder: Path) -> Start:
    """Run a program to its end in a folder.

    Raises:
        SystemExit: the program failed, so its time means nothing.
    """
    began_ns = time.perf_counter_ns()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall_ns = time.perf_counter_ns() - began_ns
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} ended with status {process.returncode}")
    return Start(wall_ms=wall_ns / 1e6, cpu_ms=(used.ru_utime + used.ru_stime) * 1e3)


def compare(name: str, bare: Sequence[str], ours: Sequence[str], folder: Path) -> bool:
    """Print the medians of both, and what ours adds; whether that is within the limit."""
    within = True
    start(bare, folder), start(ours, folder)  # the first of each fills the disk cache
    pairs = [(start(bare, folder), start(ours, folder)) for _ in range(ROUNDS)]
    print(f"{name}, medians of {ROUNDS} starts")
    for label, figure in (("wall", "wall_ms"), ("cpu", "cpu_ms")):
        without = statistics.median(getattr(pair[0], figure) for pair in pairs)
        with_ours = statistics.median(getattr(pair[1], figure) for pair in pairs)
        added = with_ours - without
        within &= added <= LIMIT_MS
        verdict = "within" if added <= LIMIT_MS else "ABOVE"
        print(
            f"  {label:4} bare {without:6.1f} ms, ours {with_ours:6.1f} ms, "
            f"adds {added:5.1f} ms: {verdict} the limit of {LIMIT_MS:.0f} ms"
        )
    return within


def main() -> int:
    """Measure both pairs; 1 when one is above the limit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing(): pass\n")
        command = compare(
            "edgeward --help above python -c pass",
            [sys.executable, "-c", "pass"],
            [EDGEWARD, "--help"],
            folder,
        )
        pytest = [PYTEST, "-q", "-p", "no:cacheprovider"]
        plugin = compare(
            "pytest with the plugin above pytest -p no:edgeward",
            [*pytest, "-p", "no:edgeward"],
            pytest,
            folder,
        )
    return 0 if command and plugin else 1


if __name__ == "__main__":
    sys.exit(main())
