"""How a run is started: as a fork of a process that has loaded already what it needs.

There is a stem (`qualify.stem`) for each thread that starts runs. It ends with its thread, and a
run ends with its stem.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from edgeward_harness.run.supervise import SUPERVISOR

_SHUT_OUT: Final = (
    "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONSTARTUP",
)  # fmt: skip
_HERE = threading.local()


class _Stem:
    """The process, and the way to tell it what to do."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "edgeward_harness.qualify.stem"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**_surroundings(), SUPERVISOR: str(os.getpid())},
        )  # fmt: skip
        self.end = weakref.finalize(self, _end, self._process)

    def run(self, job: Mapping[str, object], timeout_s: float) -> bool:
        """Have a run made; whether it ended, however it did."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        answer = select.poll()  # `select` knows the first thousand descriptors only
        answer.register(self._process.stdout, select.POLLIN)
        return bool(answer.poll(timeout_s * 1000) and self._process.stdout.readline())


def start(words: Sequence[str], log: Path, timeout_s: float) -> None:
    """Run pytest with nothing loaded but our own plugin; what it says is kept in a file.

    It does not outlive us, nor its time.
    """
    stem = getattr(_HERE, "stem", None) or _Stem()
    job = {"words": list(words), "environment": _surroundings(), "log": str(log)}
    if stem.run(job, timeout_s):
        _HERE.stem = stem
        return
    stem.end()
    _HERE.stem = None
    with log.open("ab") as file:
        file.write(f"\nended before its end, or after {timeout_s:g} s\n".encode())


def _surroundings() -> dict[str, str]:
    """Our environment, and nothing in it that would change what a run is."""
    kept = {name: value for name, value in os.environ.items() if name not in _SHUT_OUT}
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()
