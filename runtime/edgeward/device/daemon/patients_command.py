"""`edgeward patients`: which device shows whom, and who is watched.

Exit status: 0 done; 1 the device refuses, and says why; 2 none runs, or it does not answer.
"""

import argparse
import json
import sys
from typing import Any

from edgeward.device.daemon.alarm_words import numbers
from edgeward.device.daemon.control import NotRunningError, RefusedError, ask, ask_status
from edgeward.device.daemon.folder import add_state, state_of

_ACTIONS = (
    ("associate", ("device", "patient"), "a device shows a patient from now on"),
    ("transfer", ("device", "patient"), "a device of one patient shows another from now on"),
    ("dissociate", ("device",), "a device shows nobody any more"),
    ("swap", ("device", "other"), "two devices of two patients were mixed up"),
    ("discharge", ("patient",), "end the alarms and settings of a patient who is gone"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of each action; without one, all are listed."""
    add_state(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(action=None, names=())
    actions = parser.add_subparsers(metavar="ACTION", title="actions")
    for action, names, said in _ACTIONS:
        one = actions.add_parser(action, help=said, description=said)
        one.set_defaults(action=action, names=names)
        add_state(one, argparse.SUPPRESS)
        for name in names:
            one.add_argument(name, metavar=name.upper())
        one.add_argument("--by", required=True, metavar="WHO", help="who does it; it is recorded")


def run(options: argparse.Namespace) -> int:
    """Do what was asked for.

    Raises:
        NotRunningError: no daemon answers.
    """
    state = state_of(options)
    if options.action is None:
        status = ask_status(state)
        if status["watched"] is None:
            raise NotRunningError(f"{state}: nobody is watched there: {status['unwatched']}")
        print(json.dumps(status["watched"]) if options.json else _as_text(status["watched"]))
        return 0
    given = {name: getattr(options, name) for name in (*options.names, "by")}
    try:
        ask(state, f"patient.{options.action}", given)
    except RefusedError as error:
        print(f"edgeward: the device refuses: {error}", file=sys.stderr)
        return 1
    print(f"{options.action}: {', '.join(given[name] for name in options.names)}: done")
    return 0


def _as_text(watched: dict[str, Any]) -> str:
    lines = [f"{name}  {numbers(found)}" for name, found in watched["patients"].items()]
    for device, patient in watched["devices"].items():
        lines.append(f"device {device} shows {patient or 'nobody'}")
    lines += [f"{count:,} samples were nobody's: {why}" for why, count in watched["nobody"].items()]
    return "\n".join(lines) or "nobody is watched yet"
