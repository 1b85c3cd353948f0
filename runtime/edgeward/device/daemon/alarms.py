"""`edgeward alarms`: what is up on a running device, and what an operator does about it.

Exit status: 0 done; 1 the device refuses, and says why; 2 none runs, or it does not answer.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edgeward.device.daemon.alarm_words import alarm_line, marks, numbers, summary
from edgeward.device.daemon.control import NotRunningError, RefusedError, ask, ask_status
from edgeward.device.daemon.folder import add_state, state_of

_BOUNDS = ("low_critical", "low_warning", "high_warning", "high_critical")
_VITALS = (
    "heart_rate", "pulse_rate", "spo2", "respiration_rate", "temperature", "pressure_systolic",
    "pressure_mean", "pressure_diastolic",
)  # fmt: skip
OFF = "off"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of each action; without one, the alarms are listed."""
    add_state(parser)
    parser.set_defaults(act=_list, patient=None, json=False)
    actions = parser.add_subparsers(metavar="ACTION", title="actions")
    one = _action(actions, "list", _list, "list what is up, the most urgent first", by=False)
    one.add_argument("--json", action="store_true", help="as JSON, as `edgeward status --json`")
    one = _action(actions, "acknowledge", _acknowledge, "say that somebody has taken notice")
    one.add_argument("alarm", metavar="ID", help="of the alarm, as it is listed")
    one = _action(actions, "pause", _pause, "take signals away for a time")
    one.add_argument("--seconds", type=int, required=True, metavar="S", help="for how long")
    one.add_argument("--sound-only", action="store_true", help="go on giving light")
    _action(actions, "resume", _resume, "give signals again")
    _action(actions, "reset", _reset, "end what is over and still signalled")
    one = _action(actions, "limits", _limits, "set limits; those that are not given stay")
    one.add_argument("vital", choices=_VITALS, metavar="VITAL", help=", ".join(_VITALS))
    one.add_argument("--unit", required=True, help="in which the limits are given, as /min")
    for bound in _BOUNDS:
        option = f"--{bound.replace('_', '-')}"
        one.add_argument(option, type=_bound, metavar="X", help=f"a number, or {OFF}")
    one = _action(actions, "switch", _switch, "judge a condition no longer, or again")
    one.add_argument("condition", metavar="CONDITION", help="its name, as it is listed")
    one.add_argument("on", choices=("on", "off"), metavar="on|off")


def _action(
    actions: Any,  # noqa: ANN401 - argparse does not name its type
    name: str,
    act: Any,  # noqa: ANN401 - kept for `run`
    said: str,
    *,
    by: bool = True,
) -> argparse.ArgumentParser:
    """One action, with what all have."""
    one: argparse.ArgumentParser = actions.add_parser(name, help=said, description=said)
    one.set_defaults(act=act)
    add_state(one, argparse.SUPPRESS)
    if name != "acknowledge":
        one.add_argument("--patient", help="whose (default: those of the device itself)")
    if by:
        one.add_argument("--by", required=True, metavar="WHO", help="who does it; it is recorded")
    return one


def _bound(text: str) -> float | str:
    return OFF if text == OFF else float(text)


def run(options: argparse.Namespace) -> int:
    """Do what was asked for.

    Raises:
        NotRunningError: no daemon answers.
    """
    try:
        return int(options.act(options, state_of(options)))
    except RefusedError as error:
        print(f"edgeward: the device refuses: {error}", file=sys.stderr)
        return 1


def _list(options: argparse.Namespace, state: Path) -> int:
    status = ask_status(state)
    watched = status["watched"]
    if watched is None:
        raise NotRunningError(f"{state}: nobody is watched there: {status['unwatched']}")
    if options.patient is not None:
        patient = options.patient
        watched = {
            **watched,
            "alarms": [one for one in watched["alarms"] if one["patient"] == patient],
            "inactive": [one for one in watched["inactive"] if one["patient"] == patient],
            "patients": {n: one for n, one in watched["patients"].items() if n == patient},
        }
    print(json.dumps(watched, indent=2) if options.json else _as_text(watched, options.patient))
    return 0


def _as_text(watched: dict[str, Any], patient: str | None) -> str:
    lines = [summary(watched), *marks(watched), *map(alarm_line, watched["alarms"])]
    if patient is not None:
        lines += [f"{name}  {numbers(found)}" for name, found in watched["patients"].items()]
    return "\n".join(lines)


def _acknowledge(options: argparse.Namespace, state: Path) -> int:
    ask(state, "alarm.acknowledge", {"alarm": options.alarm, "by": options.by})
    print(f"{options.alarm}: acknowledged")
    return 0


def _pause(options: argparse.Namespace, state: Path) -> int:
    pause = "audio_paused" if options.sound_only else "alarm_paused"
    given = {"state": pause, "duration_ms": 1000 * options.seconds}
    ask(state, "alarm.inactivate", {**_whose(options), **given})
    print(f"{pause.replace('_', ' ')} for {options.seconds} s")
    return 0


def _resume(options: argparse.Namespace, state: Path) -> int:
    ask(state, "alarm.resume", _whose(options))
    print("resumed")
    return 0


def _reset(options: argparse.Namespace, state: Path) -> int:
    ended = ask(state, "alarm.reset", _whose(options))["ended"]
    print(f"ended: {', '.join(ended)}" if ended else "nothing was over and still signalled")
    return 0


def _limits(options: argparse.Namespace, state: Path) -> int:
    given = {name: getattr(options, name) for name in _BOUNDS}
    bounds = {n: None if one == OFF else one for n, one in given.items() if one is not None}
    params = {**_whose(options), "vital": options.vital, "unit": options.unit, **bounds}
    found = ask(state, "alarm.limits", params)
    said = ", ".join(
        f"{name.replace('_', ' ')} {OFF if found[name] is None else format(found[name], 'g')}"
        for name in _BOUNDS
    )
    print(f"{options.vital.replace('_', ' ')} in {found['unit']}: {said}")
    return 0


def _switch(options: argparse.Namespace, state: Path) -> int:
    given = {"condition": options.condition, "on": options.on == "on"}
    ask(state, "alarm.switch", {**_whose(options), **given})
    print(f"{options.condition}: {options.on}")
    return 0


def _whose(options: argparse.Namespace) -> dict[str, Any]:
    return {"patient": options.patient, "by": options.by}
