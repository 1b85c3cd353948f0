"""A real process that records alarms is killed at any point: each one it told of is kept."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "labs" / "killed_journal.py"


def rounds(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Kill so many processes; the figures of all that was found afterwards."""
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, str(count), str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures: dict[str, int] = json.loads(done.stdout)
    return figures


def test_complete_to_the_last_high_after_a_kill(tmp_path: Path) -> None:
    figures = rounds(tmp_path / "device", 4, seed=1)
    assert figures["told"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_complete_to_the_last_high_after_many_kills(tmp_path: Path, seed: int) -> None:
    figures = rounds(tmp_path / "device", 100, seed)
    assert figures["told"] > 1000
    assert figures["from_box"] > 0, "no kill has come before a flush: this proved nothing"
