"""`edgeward export`: what waits, sealed and signed, on a medium that somebody carries.

Exit status: 0 done, or nothing waits; 1 it could not be done, and why: nothing is lost, and asked
again it goes on from there; 2 wrong usage, or a daemon that does not answer.
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

MB = 1 << 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_state(parser)
    parser.add_argument(
        "--to", type=Path, required=True, metavar="DIR", help="a folder of a mounted medium"
    )
    parser.add_argument(
        "--max-mb",
        type=int,
        metavar="MB",
        help="the size of the bundle at the most (default: what fits)",
    )


def run(options: argparse.Namespace) -> int:
    """Write one bundle, or go on with the one that was begun there.

    Raises:
        EdgewardError: no daemon answers that should, or the keys are not those of the queue.
    """
    if options.max_mb is not None and options.max_mb < 1:
        print(f"edgeward: --max-mb {options.max_mb}: accepted: 1 or more", file=sys.stderr)
        return 2
    medium = options.to.absolute()
    bytes_max = None if options.max_mb is None else options.max_mb * MB
    try:
        told = _export(state_of(options), medium, bytes_max)
    except (CarryError, RefusedError, StoreError) as error:
        print(f"edgeward: {medium}: {error}; nothing is lost", file=sys.stderr)
        return 1
    print(said(told, medium))
    return 0


def _export(state: Path, medium: Path, bytes_max: int | None) -> dict[str, Any]:
    given = {"to": str(medium), "bytes_max": bytes_max}
    told = by_daemon(state, "outbox.export", given)
    if told is None:
        from edgeward.device.outgoing.at_rest import carrier_at_rest

        with carrier_at_rest(state) as carrier:
            told = carrier.export(medium, bytes_max).to_dict()
    return told


def said(told: dict[str, Any], medium: Path) -> str:
    """What became of it, in words."""
    if told["bundle"] is None:
        return "no record fits into a bundle of this size" if told["cut"] else "nothing waits"
    folder = medium / f"edgeward-{told['bundle']}"
    lines = [
        f"{folder}: {told['records']:,} records in {told['parts']} parts, {told['bytes']:,} bytes",
        "they stay queued until the receiver's answer is imported",
    ]
    if told["cut"]:
        lines.append("there was no room for all: the rest goes with another bundle")
    return "\n".join(lines)
