"""No picture of this process is left when it crashes: its keys lie in its memory."""

import contextlib
import resource

CORE_BYTES_MAX = 1
"""Too short for any core file; and a limit of exactly one byte keeps Linux from handing a core to
a program too, which no other limit does (core(5), `fs/coredump.c`)."""


def leave_no_core() -> None:
    """Have the kernel leave none, whatever limit was set before; only CAP_SYS_RESOURCE lifts it."""
    hard_max = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard_max == resource.RLIM_INFINITY or hard_max >= CORE_BYTES_MAX:
        limit = CORE_BYTES_MAX
    else:
        limit = hard_max
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))
