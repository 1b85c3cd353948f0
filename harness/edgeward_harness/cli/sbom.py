"""`edgeward sbom`: the bill of materials of a device, and whether what ships is what was tested."""

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness.cli.common import expect_short_life, printable, trusted_keys
from edgeward_harness.cli.expected import check_keys
from edgeward_harness.errors import InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.evidence.bundle import Bundle
    from edgeward_harness.inventory.joined import Joined
    from edgeward_harness.inventory.notices import Notices

HELP = """\
Write the bill of materials of a device as CycloneDX 1.6: what its environment holds, every
installed file held against what was installed, with licences, nested bills, models and their data,
the SOUP list, and what files given say of flaws and anomalies. No network is asked and nothing of
the environment is run. The same environment gives the same bytes.

With --against, the bill is held against bundles: is the version that ships the one that was tested?
With --given, a bill that was made elsewhere is held, and none is written.

exit status:
  0  the environment is as it was installed, and all that was asked for holds
  1  a file is changed, missing or foreign; with --check, something is missing from the SOUP list,
     unsupported or unsettled; with --against, what ships was not shown to be what was tested
  2  a file, a bundle or an option cannot be used
"""
LINES_MAX = 60
"""Lines told of one kind; the bill has them all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("--distribution", metavar="NAME", default="edgeward", help="the device's own software")
    add("--extra", metavar="NAME", action="append", default=[], help="an extra that the device has")
    add("--environment", metavar="PREFIX", type=Path, default=Path(sys.prefix),
        help="the environment, or its bin/python (default: this one)")  # fmt: skip
    add("--model", metavar="PATH", type=Path, action="append", default=[],
        help="one more model: a package, or a card beside its model (repeatable)")  # fmt: skip
    add("--soup", metavar="FILE", type=Path, help="the SOUP list (default: as shipped)")
    add("--vex", metavar="FILE", type=Path, action="append", default=[],
        help="statements of exploitability: CycloneDX or OpenVEX (repeatable)")  # fmt: skip
    add("--anomalies", metavar="FILE", type=Path, action="append", default=[],
        help="published anomalies: CSV or JSON (repeatable)")  # fmt: skip
    add("--kev", metavar="FILE", type=Path, help="a catalogue of flaws known to be used (JSON)")
    add("--as-of", metavar="DAY", help="the day of the bill; without it, it has none")
    add("--check", action="store_true", help="refuse a SOUP list that is not whole and settled")
    add("--against", metavar="BUNDLE", type=Path, action="append", default=[],
        help="a bundle of what was tested (repeatable)")  # fmt: skip
    add("--key", metavar="PUB", type=Path, action="append", default=[],
        help="a public key to trust for bundles (PEM; repeatable)")  # fmt: skip
    add("--given", metavar="BILL", type=Path, help="a bill to hold, instead of making one")
    add("--spdx", metavar="FILE", type=Path, help="the same as SPDX 2.3 too; needs --as-of")
    add("--out", metavar="FILE", type=Path, help="where to (default: standard output)")


def run(options: argparse.Namespace) -> int:
    """Write the bill and tell what is wrong; 0 nothing, 1 something.

    Raises:
        HarnessError: an input cannot be used, or the disk refused.
    """
    expect_short_life()
    from edgeward_harness.inventory.files import read_limited

    as_of = _day(options.as_of)
    check_keys(options.key, options.against)
    if options.given is not None:
        if options.check or not options.against:
            told = "found it without --against, or with --check; accepted: a bill, and bundles"
            raise InputError("--given", [told])
        return _hold(read_limited(options.given), options)
    joined = _joined(options, as_of)
    data = _written(joined, options.out, options.spdx)
    faults = (
        joined.faults(as_of or datetime.now(UTC).date())
        if options.check
        else tuple(map(str, joined.inventory.findings))
    )
    _tell("is wrong", faults)
    held = _hold(data, options) if options.against else 0
    return 1 if faults else held


def _joined(options: argparse.Namespace, as_of: date | None) -> "Joined":
    from edgeward_harness import resources
    from edgeward_harness.inventory.joined import join
    from edgeward_harness.inventory.sites import Environment
    from edgeward_harness.inventory.soup import load_soup
    from edgeward_harness.inventory.take import take

    soup = load_soup(options.soup or resources.soup())
    notices = _notices(options)
    environment = Environment(options.environment)
    inventory = take(environment, options.distribution, options.extra, options.model)
    return join(inventory, soup, notices, as_of)


def _notices(options: argparse.Namespace) -> "Notices":
    from edgeward_harness.inventory.lists import load_anomalies, load_exploited
    from edgeward_harness.inventory.notices import Notices
    from edgeward_harness.inventory.vex import load_vex

    vex = [load_vex(path) for path in options.vex]
    anomalies = [one for path in options.anomalies for one in load_anomalies(path)]
    exploited = load_exploited(options.kev) if options.kev else None
    sources = {source for source, _ in vex} | {one.source for one in anomalies}
    return Notices(
        statements=tuple(one for _, statements in vex for one in statements),
        anomalies=tuple(anomalies),
        exploited=exploited,
        sources=tuple(sorted(sources | ({exploited.source} if exploited else set()))),
    )


def _written(joined: "Joined", out: Path | None, spdx: Path | None) -> bytes:
    """The bill, written once it is known to be valid; beside it the one in SPDX, if asked for."""
    from edgeward_harness.evidence.files import write_whole
    from edgeward_harness.inventory.bill import bill_bytes
    from edgeward_harness.inventory.validity import check_schema

    data = bill_bytes(joined)
    check_schema(data)
    if spdx is not None:
        from edgeward_harness.inventory.spdx import spdx_bytes

        write_whole(spdx, spdx_bytes(joined))
    if out is None:
        sys.stdout.write(data.decode("utf-8"))
    else:
        write_whole(out, data)
        print(out)
    return data


def _hold(data: bytes, options: argparse.Namespace) -> int:
    """Hold a bill against bundles; 1 where what ships was not shown to be what was tested."""
    from edgeward_harness.inventory.held import refusals
    from edgeward_harness.pack.tested import against

    bundles, broken = _bundles(options)
    found = against(data, bundles)
    refused = [*broken, *map(str, refusals(found))]
    _tell("was not shown to be what was tested", refused)
    _tell("is to be known", [str(one) for one in found if not one.refuses])
    if not refused:
        names = ", ".join(name for name, _ in bundles)
        print(printable(f"what ships is what was tested: {names}"), file=sys.stderr)
    return 1 if refused else 0


def _bundles(options: argparse.Namespace) -> tuple[list[tuple[str, "Bundle"]], list[str]]:
    """The bundles that hold together, and why the others do not."""
    from edgeward_harness.evidence.verify import verify_bundle

    keys, note = trusted_keys(options.key)
    found, broken = [], []
    for path in options.against:
        verified = verify_bundle(path, keys)
        broken += [f"{path}: {fault}" for fault in verified.faults]
        if verified.intact and verified.bundle is not None:
            found.append((path.name, verified.bundle))
    return found, [*broken, *(note if broken else ())]


def _tell(what: str, lines: Iterable[str]) -> None:
    told = list(lines)
    if told:
        print(f"edgeward: {len(told)} {'thing' if len(told) == 1 else 'things'}: {what}",
              file=sys.stderr)  # fmt: skip
    for line in told[:LINES_MAX]:
        print(printable(f"  - {line}"), file=sys.stderr)
    if len(told) > LINES_MAX:
        print(f"  - and {len(told) - LINES_MAX:,} more (the bill has them)", file=sys.stderr)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError("--as-of", [f"found {text!r}, accepted: a day as 2027-06-30"]) from None
