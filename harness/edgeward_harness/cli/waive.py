"""`edgeward waive`: a person accepts in writing that something falls short, until a day."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness import resources
from edgeward_harness.cli.common import expect_short_life, printable
from edgeward_harness.cli.signing import (
    configure_signing,
    open_key,
    stamper_of,
    told,
    who_signs,
)
from edgeward_harness.errors import HarnessError, InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.evidence.entries import DeviationEntry
    from edgeward_harness.trace.model import Trace

HELP = """\
Accept a deviation: write it down beside the suites (deviations.toml) and sign exactly these words,
or sign one that stands there already.

  edgeward waive DEV-001                       sign what is written there
  edgeward waive REQ-... --reason TEXT --owner ROLE --expires DAY    write it down and sign it

The suites have changed then: run again, so that the run knows of it. The gate asks whether its
policy names the deviation, whether it has expired, and who signed it.

exit status:
  0  signed
  1  not signed: it has expired, or is for nothing that exists
  2  wrong use, a key that cannot be used, or a folder that cannot be written
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "ids", metavar="ID", nargs="+", help="a deviation, or requirements and cases"
    )
    parser.add_argument("--reason", metavar="TEXT", help="why it is acceptable, and what is done")
    parser.add_argument("--owner", metavar="ROLE", help="the role that answers for it")
    parser.add_argument("--expires", metavar="DAY", help="the last day on which it holds")
    parser.add_argument("--suites", metavar="DIR", type=Path, help="(default: as shipped)")
    configure_signing(parser)


def run(options: argparse.Namespace) -> int:
    """Write and sign; 0 signed, 1 must not be signed.

    Raises:
        HarnessError: an option, the key, the suites or the folder cannot be used.
    """
    expect_short_life()
    from edgeward_harness.approval.add import add
    from edgeward_harness.approval.deviations import restore, write_deviation
    from edgeward_harness.approval.plan import deviation_subject
    from edgeward_harness.approval.words import Meaning
    from edgeward_harness.trace.load import load_trace

    who, stamp, now = who_signs(options), stamper_of(options), datetime.now(UTC)
    suites = options.suites or resources.suites()
    entry, there = _entry(options, load_trace(suites))
    over = (now.date() - date.fromisoformat(entry.expires)).days
    if over > 0:
        print(printable(f"NOT SIGNED: {entry.id} expired {over} days ago, on {entry.expires}"))
        return 1
    signer = open_key(options)
    before = None
    if not there:
        try:
            before = write_deviation(suites, entry, now.date())
        except InputError as fault:
            print("\n".join(map(printable, f"NOT SIGNED: {fault}".splitlines())))
            return 1
    subject = deviation_subject(entry)
    try:
        signed = add(
            options.approvals, subject, Meaning.ACCEPTED_DEVIATION, who, signer, now, stamp
        )
    except HarnessError:
        if not there:
            restore(suites, before)
        raise
    lines = [*told(signed, options.approvals), f"  until   {entry.expires}"]
    if not there:
        lines += ["the suites have changed: run again, so that the run knows of it"]
    print("\n".join(map(printable, lines)))
    return 0


def _entry(options: argparse.Namespace, trace: "Trace") -> tuple["DeviationEntry", bool]:
    """The deviation, and whether it is written down already.

    Raises:
        InputError: the options do not say which, or what.
    """
    from edgeward_harness.approval.deviations import next_id
    from edgeward_harness.approval.plan import deviation_entry
    from edgeward_harness.evidence.entries import DeviationEntry

    given = [options.reason, options.owner, options.expires]
    if len(options.ids) == 1 and options.ids[0].startswith("DEV-"):
        found = trace.deviations.get(options.ids[0])
        if found is None:
            known = ", ".join(trace.deviations) or "none"
            raise InputError("ID", [f"found {options.ids[0]!r}, written down: {known}"])
        if any(one is not None for one in given):
            raise InputError(
                found.id, ["is written down: --reason, --owner, --expires say no more"]
            )
        return deviation_entry(found), True
    faults = [f"{name}: missing" for name, one in _named(options).items() if not one]
    if any(one.startswith("DEV-") for one in options.ids):
        faults.append("ID: expected one deviation, or only requirements and cases")
    if not _is_day(options.expires):
        faults.append(f"--expires: found {options.expires!r}, expected a day such as 2027-01-31")
    if faults:
        raise InputError("edgeward waive", faults)
    cases = tuple(one for one in options.ids if one.startswith("TC-"))
    others = tuple(one for one in options.ids if one not in cases)
    entry = DeviationEntry(
        next_id(trace), others, cases, options.reason, options.owner, options.expires
    )
    return entry, False


def _named(options: argparse.Namespace) -> dict[str, str | None]:
    return {"--reason": options.reason, "--owner": options.owner}


def _is_day(text: str | None) -> bool:
    try:
        return text is not None and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
