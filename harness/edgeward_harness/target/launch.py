"""The few instructions between a fresh process and the device's program: limits first, then exec.

Run by path with `python -I -S` (nothing of ours is imported, so it starts fast and the device
inherits no trace of it). Arguments are `key=value` words up to `--`, then the command:

- `status=FD`: where failures are told, one line each, `what: why`. The descriptor closes when the
  device's program takes over; an end without a line means that everything was applied.
- `keeper=FD`: where this process tells its number, to be ended with the harness (see `keeper`);
- `group=FOLDER`: a control group to enter; may be given several times;
- `cores=0,1`: the processors the device may use;
- `memory=BYTES`: the limit of the address space, for hosts without memory control groups;
- `fifo=PRIORITY`: real-time scheduling.

A limit that cannot be applied is told and the program is started all the same: the harness reads
back from outside what holds. Only a program that cannot be started is fatal (status 127).
"""

import os
import resource
import signal
import sys


def apply(key: str, value: str) -> None:
    """Apply one limit to this process.

    Raises:
        OSError: the system refuses.
        ValueError: the value is not what the key takes, or the limit is over the hard one.
    """
    if key == "keeper":
        with os.fdopen(int(value), "wb", buffering=0) as keeper:
            keeper.write(str(os.getpid()).encode("ascii"))
    elif key == "group":
        with open(f"{value}/cgroup.procs", "w", encoding="ascii") as procs:
            procs.write("0")
    elif key == "cores":
        os.sched_setaffinity(0, {int(core) for core in value.split(",")})
    elif key == "memory":
        resource.setrlimit(resource.RLIMIT_AS, (int(value), int(value)))
    elif key == "fifo":
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(int(value)))
    else:
        raise ValueError(f"unknown limit {key!r}")


def _tell(status_fd: int, what: str, why: object) -> None:
    os.write(status_fd, f"{what}: {why}\n".encode("utf-8", "backslashreplace"))


def main(words: list[str]) -> int:
    """Apply the limits and become the command; returns only when it cannot be started."""
    split = words.index("--")
    command = words[split + 1 :]
    pairs = [word.partition("=")[::2] for word in words[:split]]
    status_fd = next(int(value) for key, value in pairs if key == "status")
    os.set_inheritable(status_fd, False)  # noqa: FBT003 - the only way to call it
    for key, value in pairs:
        if key == "status":
            continue
        try:
            apply(key, value)
        except (OSError, ValueError) as error:
            _tell(status_fd, key, error)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; a program expects them
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the command we are asked to start, no shell
    except OSError as error:
        _tell(status_fd, "exec", error.strerror)
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
