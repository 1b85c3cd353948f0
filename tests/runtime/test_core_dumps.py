"""A process that crashes leaves no core, on a host that leaves one of others."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

CRASH = """
import os, resource, sys
from edgeward.adapters.core_dumps import leave_no_core
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
if sys.argv[1] == "careful":
    leave_no_core()
print(*resource.getrlimit(resource.RLIMIT_CORE), flush=True)
os.abort()
"""


def crash(folder: Path, how: str) -> tuple[bool, str]:
    """Whether the kernel says that a core was dumped, and which limits held."""
    process = subprocess.Popen(
        [sys.executable, "-c", CRASH, how], stdout=subprocess.PIPE, cwd=folder, text=True
    )
    ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    said, _ = process.communicate()
    assert process.returncode == -signal.SIGABRT
    return ended.si_code == os.CLD_DUMPED, said.strip()


def test_no_core_is_left(tmp_path: Path) -> None:
    dumped, said = crash(tmp_path, "careful")
    assert not dumped
    assert said in {"1 1", "0 0"}
    assert not list(tmp_path.iterdir())


def test_without_it_one_is_where_this_host_leaves_any(tmp_path: Path) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text("utf-8")
    hard_max = resource.getrlimit(resource.RLIMIT_CORE)[1]
    dumped, said = crash(tmp_path, "careless")
    assert said == f"{hard_max} {hard_max}"
    if hard_max != 0 and not pattern.startswith(("|", "@", "/")):
        assert dumped
        assert [path.name.partition(".")[0] for path in tmp_path.iterdir()] == ["core"]
