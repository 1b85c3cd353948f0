"""`edgeward check`: whether this machine can carry the device that a profile describes.

Exit status: 0 all good, 1 a finding, 2 no finding, but something that should have been checked
could not be. What nobody asked for, or this version does not have, is not checked and never good.
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.device.daemon.folder import add_state, profiles_in, state_of
from edgeward.device.stored_model import add_model_store

if TYPE_CHECKING:
    from edgeward.device.daemon.checks.checked import Checked
    from edgeward.profile import Profile

SCHEMA = 1
"""Of the JSON; a field may be added under the same number, and none removed or changed."""
_WIDTH = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--profile", metavar="NAME", help="device profile to hold it against: its name, or its file"
    )
    parser.add_argument(
        "--profiles", type=Path, metavar="DIR", help="look for the profile in this folder first"
    )
    add_state(parser)
    add_model_store(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, with stable fields")


def run(options: argparse.Namespace) -> int:
    """Check and print.

    Raises:
        ProfileError: there is no such profile, or it cannot be used.
    """
    from edgeward.device.daemon.checks.checked import exit_status

    profile = _profile(options)
    state = state_of(options)
    checks = []
    for one in _checks(profile, state, options.model_store, options.model_trust):
        checks.append(one)
        if not options.json:
            print(as_text(one), flush=True)
    status = exit_status(checks)
    print(_as_json(checks, profile, state, status) if options.json else _summary(checks))
    return status


def _profile(options: argparse.Namespace) -> "Profile | None":
    from edgeward.profile import load_profile

    if options.profile is None:
        return None
    first = [] if options.profiles is None else [options.profiles]
    return load_profile(options.profile, [*first, *profiles_in()]).profile


def _checks(
    profile: "Profile | None", state: Path, store: Path | None, keys: Path | None
) -> Iterator["Checked"]:
    from edgeward.adapters.clock import SystemClock
    from edgeward.device.daemon.checks import host
    from edgeward.device.daemon.checks.stored import Stored, packages
    from edgeward.device.daemon.checks.trial import tried

    clock = SystemClock()
    yield host.software()
    yield host.clock_monotonic(clock)
    yield host.clock_wall(clock, state)
    yield host.disk_state(clock, state)
    yield from packages(store, keys, profile)
    if profile is None:
        yield _nobody_asked()
    else:
        yield host.disk_space(state, profile)
        yield host.cores(profile)
        yield host.memory(profile)
        yield from tried(profile, Stored(store, keys) if store and keys else None)
    yield host.certificates()


def _nobody_asked() -> "Checked":
    from edgeward.device.daemon.checks.checked import Checked, Verdict
    from edgeward.profile import profile_names

    names = ", ".join(profile_names(profiles_in())) or "none installed"
    return Checked(
        "profile",
        Verdict.NOT_CHECKED,
        "no profile was named, so nothing was held against one",
        f"--profile with one of: {names}",
        due=False,
    )


def as_text(one: "Checked") -> str:
    """One line for what is good; what would be accepted and what to do for the rest."""
    good = one.verdict.value == "good"
    said = one.verdict.value if good or not one.due else one.verdict.value.upper()
    lines = [f"{said:<12}{one.id:<19}{one.found}".replace("\n", " ")]
    if not good:
        lines.append(f"{'':<31}accepted: {one.accepted}")
    if one.advice:
        lines.append(f"{'':<31}to do: {one.advice}")
    return "\n".join(
        textwrap.fill(line, _WIDTH, subsequent_indent=" " * 31, break_on_hyphens=False)
        for line in lines
    )


def _summary(checks: list["Checked"]) -> str:
    counts: dict[str, int] = {}
    for one in checks:
        counts[one.verdict.value] = counts.get(one.verdict.value, 0) + 1
    return "\n" + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _as_json(checks: list["Checked"], profile: "Profile | None", state: Path, status: int) -> str:
    import edgeward

    named = None if profile is None else {"name": profile.name, "sha256": profile.sha256}
    document = {
        "schema": SCHEMA,
        "version": edgeward.__version__,
        "python": sys.version.partition(" ")[0],
        "profile": named,
        "state": str(state),
        "exit_status": status,
        "checks": [one.to_dict() for one in checks],
    }
    return json.dumps(document, indent=2)
