"""What `edgeward run` can be told."""

import argparse
from pathlib import Path

from edgeward.device.daemon.folder import add_state
from edgeward.device.stored_model import add_model_store
from edgeward.errors import EdgewardError


class OptionError(EdgewardError):
    """Options that do not go together, or a value nobody can use."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--profile", required=True, metavar="NAME", help="device profile: its name, or its file"
    )
    parser.add_argument(
        "--profiles", type=Path, metavar="DIR", help="look for the profile in this folder first"
    )
    add_state(parser)
    parser.add_argument(
        "--source",
        default="simulated",
        metavar="WHERE",
        help="simulated (the default), a WFDB record or its .hea file, udp:HOST:PORT, unix:PATH,"
        " or mqtt://HOST:PORT/TOPIC",
    )
    parser.add_argument(
        "--reorder-ms",
        type=int,
        metavar="MS",
        help="wait so long for frames that are missing before later ones (default: not at all)",
    )
    _add_simulation(parser)
    parser.add_argument(
        "--hours", type=float, metavar="H", help="end after so many hours of signal"
    )
    parser.add_argument(
        "--speed", type=float, default=1.0, help="times as fast as the sensors (default 1)"
    )
    parser.add_argument(
        "--mode",
        choices=("real_time", "streaming", "event_driven", "batch"),
        default="real_time",
        help="when blocks are worked off (default real_time)",
    )
    parser.add_argument(
        "--rules", type=Path, metavar="FILE", help="rules on the samples of every stream, as TOML"
    )
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a file that rules with this action switch to 1 and 0, as a GPIO pin (repeatable)",
    )
    _add_watching(parser)
    add_model_store(parser)
    parser.add_argument("--metrics", metavar="HOST:PORT", help="serve Prometheus metrics there")
    parser.add_argument(
        "--quiet", action="store_true", help="no line about the progress each few seconds"
    )


def _add_simulation(parser: argparse.ArgumentParser) -> None:
    """Who is simulated."""
    parser.add_argument(
        "--patients",
        type=int,
        metavar="N",
        help="how many to simulate, or to take from a network (default: as many as the profile has"
        " devices, at least 1)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the simulated patients (default 1)")
    parser.add_argument(
        "--scenario",
        default="busy_day",
        metavar="NAME",
        help="what the simulated patients go through (default busy_day, a day of each patient's"
        " own); a name that does not exist is answered with all there are",
    )


def _add_watching(parser: argparse.ArgumentParser) -> None:
    """Whether patients are watched, and as whom."""
    parser.add_argument(
        "--category",
        choices=("adult", "paediatric", "neonate"),
        default="adult",
        help="whose limits apply to patients who are new (default adult)",
    )
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="DEVICE",
        help="a device that has to send: that it never did is an alarm (repeatable)",
    )
    parser.add_argument(
        "--without-alarms",
        action="store_true",
        help="judge windows only: nobody is watched, and nobody's alarm is raised",
    )
