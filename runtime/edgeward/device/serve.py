"""A device as a process: `edgeward agent`, `python -m edgeward.device`.

It serves the device protocol on standard input and output, or on a unix socket. Standard output
carries the protocol and nothing else: the real descriptor is taken aside at once, and whatever
prints lands on standard error.

Exit status: 0 after `shutdown` or when the input ended, 75 after `restart` (to be started again), 2
when the device could not start or could not write an answer to a peer that was there.

A simulated build, whose time moves only when it is told to, is had by naming the wall time with
which it starts in `EDGEWARD_SIMULATED_CLOCK` (nanoseconds since 1970).

A device with a seeded defect is a program of three lines: a subclass of `Device` (or `Agent`) and
`sys.exit(main(make_device=MyDevice))`.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.adapters.core_dumps import leave_no_core
from edgeward.device import streams
from edgeward.device.stored_model import (
    add_model_store,
    add_trial,
    stored_engine,
    trial_engine,
)
from edgeward.errors import EdgewardError, LinkClosedError, PackageError

if TYPE_CHECKING:
    from edgeward.device.agent import Agent
    from edgeward.device.device import Device, Parts
    from edgeward.model.engine import InferenceEngine
    from edgeward.ports import Clock, Link

    MakeDevice = Callable[[Parts], Device]
    MakeAgent = Callable[[Device, Link], Agent]

EXIT_CANNOT_START = 2
STATE_FOLDER = "EDGEWARD_STATE"
SIMULATED_CLOCK = "EDGEWARD_SIMULATED_CLOCK"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the device's process."""
    parser.add_argument(
        "--state",
        type=Path,
        default=os.environ.get(STATE_FOLDER) or None,
        metavar="DIR",
        help=f"keep identity and epoch in this folder (default: {STATE_FOLDER} in the environment);"
        " without one each start is the first, and the device does not offer `restart`",
    )
    parser.add_argument(
        "--socket",
        type=Path,
        metavar="PATH",
        help="listen on this unix socket, one peer at a time, instead of standard input and output",
    )
    add_model_store(parser)
    add_trial(parser)


def _engine(options: argparse.Namespace) -> "InferenceEngine | None":
    if options.model_trial is None:
        return stored_engine(options.model_store, options.model_trust, None)
    if options.model_store is not None:
        raise PackageError("--model-trial: found beside --model-store; accepted: one of them")
    sys.stderr.write("edgeward: a model without evidence runs, to be verified\n")
    return trial_engine(options.model_trial, options.model_trust)


def run(options: argparse.Namespace) -> int:
    """Run the device until it ends."""
    return serve(options)


def main(
    argv: Sequence[str] | None = None,
    *,
    make_device: "MakeDevice | None" = None,
    make_agent: "MakeAgent | None" = None,
) -> int:
    """Run a device with these arguments; another device or agent may be made in their place."""
    parser = argparse.ArgumentParser(
        prog="python -m edgeward.device", description="Serve the device protocol."
    )
    configure(parser)
    options = parser.parse_args(argv)
    try:
        return serve(options, make_device, make_agent)
    except EdgewardError as error:
        sys.stderr.write(f"edgeward: {error.diagnostics()}\n")
        return EXIT_CANNOT_START
    except KeyboardInterrupt:
        return 130


def serve(
    options: argparse.Namespace,
    make_device: "MakeDevice | None" = None,
    make_agent: "MakeAgent | None" = None,
) -> int:
    """Start the device that the options describe, and serve it until it ends.

    Raises:
        EdgewardError: it cannot start, or standard output cannot be written.
    """
    leave_no_core()
    read_fd, write_fd = _take_stdio()
    # The heavy imports come after standard output is safe from what they may print.
    from edgeward.adapters.scheduling import freeze_garbage
    from edgeward.device.agent import Agent
    from edgeward.device.assembly import system_parts
    from edgeward.device.device import Device

    engine = _engine(options)
    parts = system_parts(options.state, clock=_clock(), engine=engine)
    device = (make_device or Device)(parts)
    freeze_garbage()
    with contextlib.closing(device):
        return _serve(device, make_agent or Agent, options.socket, read_fd, write_fd)


def _serve(
    device: "Device", new_agent: "MakeAgent", socket_path: Path | None, read_fd: int, write_fd: int
) -> int:
    from edgeward.adapters.link import FileLink
    from edgeward.adapters.listener import UnixListener

    if socket_path is None:
        with contextlib.closing(FileLink(read_fd, write_fd, device.limits)) as file_link:
            kept = _Kept(file_link)
            return new_agent(device, kept).serve() or kept.exit_status()
    os.close(read_fd)
    os.close(write_fd)
    listener = UnixListener(socket_path, device.limits)
    with contextlib.closing(listener):
        while True:
            with contextlib.closing(listener.accept()) as link:
                status = new_agent(device, link).serve()
            if status is not None:
                return status


def _clock() -> "Clock":
    """The clock of the system, or a simulated one where the environment asks for it.

    Raises:
        EdgewardError: what stands in the environment is no instant.
    """
    from edgeward.adapters.clock import SimulatedClock, SystemClock

    wall_ns = os.environ.get(SIMULATED_CLOCK)
    if not wall_ns:
        return SystemClock()
    if not (wall_ns.isascii() and wall_ns.isdigit()):
        raise EdgewardError(
            f"{SIMULATED_CLOCK}: found {wall_ns[:80]!r}; accepted: nanoseconds since 1970"
        )
    return SimulatedClock(start_wall_ns=int(wall_ns))


class _Kept:
    """A link that remembers why it could not send: the agent takes that for the peer's end."""

    def __init__(self, link: "Link") -> None:
        self.receive = link.receive
        self.close = link.close
        self._send = link.send
        self._lost: LinkClosedError | None = None

    def send(self, line: bytes) -> None:
        try:
            self._send(line)
        except LinkClosedError as error:
            self._lost = error
            raise

    def exit_status(self) -> int:
        """0 when every answer was written, or the peer had gone.

        Raises:
            LinkClosedError: one could not be, though the peer was there.
        """
        cause = None if self._lost is None else self._lost.__cause__
        if not isinstance(cause, OSError) or isinstance(cause, ConnectionError):
            return 0
        raise LinkClosedError(f"an answer could not be written: {cause.strerror}") from cause


def _take_stdio() -> tuple[int, int]:
    """Take the real standard input and output; leave nothing and standard error in their place."""
    streams.fill_closed_descriptors()
    read_fd, write_fd = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return read_fd, write_fd
