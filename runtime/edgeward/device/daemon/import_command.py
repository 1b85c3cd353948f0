"""`edgeward import`: the receiver's answers come back on a medium, and end what they are about.

Exit status: 0 done, or there is nothing for this device; 1 an answer for this device was refused,
or it could not be done, and why: asked again it goes on from there; 2 wrong usage, or a daemon that
does not answer.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from edgeward.device.daemon.carrying import by_daemon
from edgeward.device.daemon.control import RefusedError
from edgeward.device.daemon.folder import add_state, state_of
from edgeward.device.outgoing.carrying import CarryError
from edgeward.errors import StoreError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_state(parser)
    parser.add_argument(
        "--from", dest="medium", type=Path, required=True, metavar="DIR",
        help="the folder of the medium to which it was exported",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Do what the answers say; those to other devices are left for them.

    Raises:
        EdgewardError: no daemon answers that should, or the keys are not those of the queue.
    """
    medium = options.medium.absolute()
    try:
        told = _import(state_of(options), medium)
    except (CarryError, RefusedError, StoreError) as error:
        print(f"edgeward: {medium}: {error}", file=sys.stderr)
        return 1
    for one in told["refused"]:
        print(f"edgeward: {medium / one['name']}: refused: {one['reason']}", file=sys.stderr)
    print(said(told))
    return 1 if told["refused"] else 0


def _import(state: Path, medium: Path) -> dict[str, Any]:
    told = by_daemon(state, "outbox.import", {"from": str(medium)})
    if told is None:
        from edgeward.device.outgoing.at_rest import carrier_at_rest

        with carrier_at_rest(state) as carrier:
            told = carrier.take(medium).to_dict()
    return told


def said(told: dict[str, Any]) -> str:
    """What became of it, in words."""
    lines = [
        f"{len(told['answered'])} answers: the receiver has {told['delivered']:,} records more",
    ]
    if told["set_aside"]:
        lines.append(f"{told['set_aside']:,} records it refuses were set aside, and told as a gap")
    if told["others"]:
        lines.append(f"{told['others']} answers are for other devices, or were done before")
    return "\n".join(lines)
