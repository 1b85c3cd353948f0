"""A run and the process that answers for it: `edgeward verify` believes no exit status.

The suites run in a process of their own, out of reach of whatever else this pytest would load. What
counts at the end is a sealed bundle of that run, verified and assessed anew; a process that ended
well without one has proven nothing. If the supervisor dies, so does the run, and its bundle says
incomplete; the devices of a run end with it (see `target.keeper`).
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeward_harness.errors import HarnessError
from edgeward_harness.run.place import check_empty

SUPERVISOR = "EDGEWARD_SUPERVISOR"
"""The variable that tells the run which process answers for it."""
_SHUT_OUT = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH", "PYTHONSTARTUP")
_PLUGINS = ("edgeward_harness.plugin", "_hypothesis_pytestplugin")
_PR_SET_PDEATHSIG = 1


def supervise(arguments: Sequence[str], out: Path, *, workers: str | None = None) -> int:
    """Run pytest on the suites; 0 only for a bundle that verifies and passes.

    Raises:
        HarnessError: the run ended without a bundle that can be relied on.
    """
    check_empty(out)  # what an earlier run left there must not answer for this one
    plugins = [*_PLUGINS, *(["xdist.plugin"] if workers else [])]
    loaded = [word for plugin in plugins for word in ("-p", plugin)]
    environment = {name: value for name, value in os.environ.items() if name not in _SHUT_OUT}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", SUPERVISOR: str(os.getpid())}
    command = [sys.executable, "-P", "-m", "pytest", *loaded, *arguments]
    status = _wait(subprocess.Popen(command, env=environment))
    if not (out / "manifest.json").exists():
        if status == 0:
            raise HarnessError(f"the run ended well, but left no bundle in {out}")
        return 2
    return _judge(out, status)


def end_with_supervisor() -> None:
    """Called by the run: from now on it does not outlive the process that answers for it."""
    supervisor = os.environ.pop(SUPERVISOR, None)  # not for what this run starts in its turn
    if supervisor is None:
        return
    import ctypes  # only a supervised run needs it

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if str(os.getppid()) != supervisor:  # it died before this line
        os.kill(os.getpid(), signal.SIGKILL)


def _wait(run: "subprocess.Popen[bytes]") -> int:
    """An interrupt from the keyboard reaches the run too, which then ends in order."""
    while True:
        try:
            return run.wait()
        except KeyboardInterrupt:
            continue


def _judge(out: Path, status: int) -> int:
    from edgeward_harness.evidence.verification import FaultKind
    from edgeward_harness.evidence.verify import verify_bundle

    verification = verify_bundle(out, [])
    faults = [
        fault.text
        for fault in verification.findings
        if fault.kind not in (FaultKind.UNKNOWN_SIGNER, FaultKind.INCOMPLETE)
    ]
    assessment = verification.assessment
    if faults or assessment is None:
        raise HarnessError(f"{out}: {'; '.join(faults) or 'cannot be read'}")
    if status == 0 and not verification.complete:
        raise HarnessError(f"{out}: the run ended well, but did not finish its bundle")
    return assessment.exit_code or min(status, 2)
