"""Where a daemon keeps its state, and how its commands find it and the profile."""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from edgeward.device.discovery import profile_folders

STATE_VARIABLE = "EDGEWARD_STATE"
PROFILES_VARIABLE = "EDGEWARD_PROFILES"
SYSTEM_PROFILES = Path("/etc/edgeward/profiles")


def default_state(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder named in the environment, by the service manager, or the user's own."""
    for name in (STATE_VARIABLE, "STATE_DIRECTORY"):
        if environment.get(name):
            return Path(environment[name].partition(":")[0])
    base = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "edgeward"


def add_state(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add `--state`; a subcommand takes `argparse.SUPPRESS`, so that it keeps what came before."""
    parser.add_argument(
        "--state",
        type=Path,
        default=default,
        metavar="DIR",
        help=f"the daemon's folder (default: {STATE_VARIABLE}, the service manager's"
        " STATE_DIRECTORY, or ~/.local/state/edgeward)",
    )


def state_of(options: argparse.Namespace) -> Path:
    """The folder that was given, or the default."""
    given: Path | None = options.state
    return default_state() if given is None else given


def profiles_in(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where a profile is looked for by its name, first to last."""
    named = environment.get(PROFILES_VARIABLE, "")
    folders = [Path(one) for one in named.split(os.pathsep) if one]
    return [*folders, SYSTEM_PROFILES, *profile_folders()]
