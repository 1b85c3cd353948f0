"""What `edgeward export` and `edgeward import` share: done by the daemon, or in its place.

The daemon has the queue open while it runs, and one process may: so it is asked to do it.
"""

import secrets
import time
from pathlib import Path
from typing import Any

from edgeward.device.daemon.control import NotRunningError, ask, ask_status

LOOK_S = 0.3


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
    job = secrets.token_hex(8)
    told = ask(state, method, {"job": job, **given})
    while not told["done"]:
        time.sleep(LOOK_S)
        told = ask(state, method, {"job": job, **given})
    return told
