"""What `edgeward export` and `edgeward import` share: done by the daemon, or in its place.

The daemon has the queue open while it runs, and one process may: so it is asked to do it.
"""

from pathlib import Path
from typing import Any

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.entropy import SystemEntropy
from edgeward.device.daemon.control import NotRunningError, ask, ask_status

LOOK_NS = 300_000_000


def by_daemon(state: Path, method: str, given: dict[str, Any]) -> dict[str, Any] | None:
    """What the daemon of this folder did; None where none runs.

    Raises:
        RefusedError: it refuses, or could not do it, and says why.
        NotRunningError: one ran, and answers no more.
    """
    try:
        ask_status(state)
    except NotRunningError:
        return None
    job = SystemEntropy().token(8).hex()
    told = ask(state, method, {"job": job, **given})
    while not told["done"]:
        SystemClock().sleep_ns(LOOK_NS)
        told = ask(state, method, {"job": job, **given})
    return told
