"""`edgeward agent-check`: does a device speak the protocol?"""

import argparse
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from edgeward_harness.errors import InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward.profile import Profile
    from edgeward_harness.target import Enforcement
    from edgeward_harness.target.conformance import Outcome
    from edgeward_harness.target.trial import Trial

HELP = """\
Start a device's command and try every rule of the device protocol (docs/protocol.md) on it.

  edgeward agent-check -- ./my-device --some-option

Prints a line for each check. Checks of capabilities the device does not offer are n/a.

exit status:
  0  every check that applies passed
  1  at least one failed: what was expected and what was seen is printed
  2  the command cannot be started, or the check itself broke down
"""
_PROFILE_SENT = "workstation"
_TIMEOUT_S = 10.0
_STARTUP_S = 30.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="hold the device to this profile's limits (name or path); without it, to none",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=_TIMEOUT_S,
        help="how long an answer may take (default: 10)",
    )
    parser.add_argument(
        "--startup",
        metavar="SECONDS",
        type=_seconds,
        default=_STARTUP_S,
        help="how long the device may take to its first answer (default: 30)",
    )
    parser.add_argument(
        "--transcripts", action="store_true", help="print the conversation before each failure"
    )
    parser.add_argument("command", metavar="CMD", nargs="+", help="the device's command, after --")


def run(options: argparse.Namespace) -> int:
    """Try every check; 0 all passed, 1 one failed.

    Raises:
        HarnessError: the command cannot be started, or the profile cannot be used.
    """
    from edgeward_harness.target.conformance import CHECKS, Verdict, run_checks

    held: list[Enforcement] = []
    trial = _trial(options, held)
    width = max(len(check.name) for check in CHECKS)
    counts: Counter[Verdict] = Counter()
    for outcome in run_checks(trial):
        counts[outcome.verdict] += 1
        if options.transcripts and outcome.transcript:
            print(outcome.transcript)
        print("\n".join(_printable(_lines(outcome, width))), flush=True)
    print()
    for row in held:
        print(f"{'held' if row.enforced else 'not held':<8}  {row.what}: {row.asked} ({row.how})")
    print(", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]))
    return 1 if counts[Verdict.FAIL] else 0


def _lines(outcome: "Outcome", width: int) -> list[str]:
    """A check on one line; of a failure what was expected, and each line of what was seen."""
    check = outcome.check
    head = f"{outcome.verdict:<7} {check.name:<{width}}"
    if not outcome.transcript and outcome.verdict != "FAIL":
        return [f"{head}  {outcome.seen}".rstrip()]
    seen = [f"{'':{width + 8}}  {line}" for line in outcome.seen.splitlines()]
    return [f"{head}  expected: {check.rule}", *seen]


def _printable(lines: Iterable[str]) -> Iterable[str]:
    """What a device said goes to the terminal escaped: it may be hostile."""
    from edgeward_harness.target.transcript import printable

    return (printable(line.encode("utf-8", "backslashreplace")) for line in lines)


def _trial(options: argparse.Namespace, seen: "list[Enforcement]") -> "Trial":
    """The device under check; what it is held to is told in `seen` whenever it is started."""
    from edgeward_harness.profile.unit import Driver, Realization, Unit
    from edgeward_harness.target import DeviceSession, open_device
    from edgeward_harness.target.trial import Trial

    unit = Unit("under check", Driver.PROCESS, tuple(options.command), None, Realization.EMULATED)
    held = _profile(options.profile) if options.profile else None
    sent = held or _profile(_PROFILE_SENT)

    def start() -> DeviceSession:
        session = open_device(unit, held, startup_s=options.startup)
        seen[:] = session.enforcement
        return session

    return Trial(
        open_session=start,
        profile=sent.to_dict(),
        timeout_s=options.timeout,
    )


def _profile(name: str) -> "Profile":
    """A profile, shipped or given by its path.

    Raises:
        InputError: there is none, or it is not valid.
    """
    from edgeward.profile import ProfileError, load_profile
    from edgeward_harness.resources import device_profiles

    try:
        return load_profile(name, [device_profiles()]).profile
    except ProfileError as error:
        raise InputError(name, error.faults) from error


def _seconds(text: str) -> float:
    """A positive number of seconds.

    Raises:
        argparse.ArgumentTypeError: the text is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return value
