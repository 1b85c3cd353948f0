"""`edgeward report --pack`: the submission pack of one or more bundles."""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness import __version__, resources
from edgeward_harness.cli.common import printable
from edgeward_harness.cli.deciding import (
    check_approvals,
    configure_policy,
    here_of,
    policy_file,
)
from edgeward_harness.cli.expected import check_keys
from edgeward_harness.errors import InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.evidence.keys import SigningKey
    from edgeward_harness.pack.load import Wanted
    from edgeward_harness.pack.model import Pack
    from edgeward_harness.pack.source import PackSource


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options that only a pack has."""
    pack = parser.add_argument_group("of a pack")
    pack.add_argument("--pack", action="store_true", help="write the submission pack of bundles")
    pack.add_argument(
        "--submission", metavar="FILE", type=Path, help="what people say (submission.toml)"
    )
    pack.add_argument(
        "--anomalies",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="anomalies as an issue tracker exports them: CSV or JSON (repeatable)",
    )
    pack.add_argument(
        "--pdf-root",
        metavar="PEM",
        type=Path,
        action="append",
        default=[],
        help="certificates that vouch for signatures inside supplied documents (repeatable)",
    )
    pack.add_argument(
        "--sbom", metavar="FILE", type=Path, help="the bill of materials of the device"
    )
    pack.add_argument("--as-of", metavar="DAY", help="the day the pack is of (default: today)")
    pack.add_argument(
        "--sign", metavar="FILE", type=Path, help="private key (default: the run key)"
    )
    configure_policy(pack)


def run(options: argparse.Namespace) -> int:
    """Write the pack; 0 written, whatever the gate says of it.

    Raises:
        HarnessError: something a pack cannot rest on; nothing is written.
    """
    from edgeward_harness.evidence.keys import run_key
    from edgeward_harness.evidence.record import utc_text
    from edgeward_harness.pack.build import build_pack
    from edgeward_harness.pack.load import load_source

    made_utc = utc_text(time.time_ns())
    out = _out(options)
    key = run_key(options.sign)
    wanted = _wanted(options)
    source = load_source(wanted)
    source = _decided(options, source, made_utc)
    pack = build_pack(source)
    _write(wanted, source, pack, out, (key, made_utc))
    print("\n".join(map(printable, _told(source, pack, out))))
    return 0


def _told(source: "PackSource", pack: "Pack", out: Path) -> Iterator[str]:
    """Where the pack is, what the gate says, and for each rule that is not met what mends it."""
    from edgeward_harness.gate.told import fixes_of, headline

    lacking = sum(bool(one.missing) for one in pack.documents)
    yield f"  pack    {out}"
    yield f"  page    {out / 'index.html'}"
    yield f"  archive {out / 'submission.zip'}"
    yield f"  state   {pack.state}: {lacking} of {len(pack.documents)} documents say what they lack"
    decision = source.decision
    unmet = [one for one in decision.rulings if one.outcome != "met"] if decision else []
    if unmet:
        yield f"  what a release still needs, by paths as seen from {out}:"
    for ruling in unmet:
        if ruling.findings:
            yield f"  {ruling.rule}: {ruling.question} No: {ruling.findings[0].text}"
            yield from (f"    fix: {fix}" for fix in fixes_of(ruling))
    if decision is not None:
        yield f"  {headline(decision)}"


def _out(options: argparse.Namespace) -> Path:
    if options.out is None:
        raise InputError("--out", ["missing, expected the folder that the pack becomes"])
    out = Path(options.out).resolve()
    inside = [str(one) for one in options.bundles if out.is_relative_to(one.resolve())]
    if inside or out.exists():
        raise InputError("--out", [f"found {out}, expected a new folder outside the bundles"])
    return out


def _wanted(options: argparse.Namespace) -> "Wanted":
    from edgeward_harness.cli.common import trusted_keys
    from edgeward_harness.pack.load import Wanted

    check_keys(options.key, [*options.bundles, *filter(None, [options.baseline])])
    check_approvals(options)
    return Wanted(
        bundles=tuple(options.bundles),
        suites=options.suites or resources.suites(),
        clauses=resources.clauses(),
        as_of=_day(options.as_of),
        trusted=trusted_keys(options.key)[0],
        submission=options.submission,
        baseline=options.baseline,
        sbom=options.sbom,
        qualification=options.qualification,
        approvals=options.approvals if options.approvals.is_dir() else None,
        authority=options.authority,
        templates=Path(options.templates) if options.templates else None,
        anomalies=tuple(options.anomalies),
        pdf_roots=tuple(options.pdf_root),
    )


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError("--as-of", [f"found {text!r}, accepted: a day, 2026-01-31"]) from None
    today = datetime.now(UTC).date()
    if day > today:
        told = f"found {text}, which is yet to come; accepted: a day up to today, {today}"
        raise InputError("--as-of", [told])
    return day


def _decided(options: argparse.Namespace, source: "PackSource", made_utc: str) -> "PackSource":
    """With what the gate says of it at the moment at which it is made."""
    from edgeward_harness.gate.policy import load_policy
    from edgeward_harness.pack.asked import answer, asked_by

    file = policy_file(options)
    asked = asked_by(file, here_of(options, load_policy(file), source.profiles))
    moment = datetime.fromisoformat(made_utc.replace("Z", "+00:00"))
    decision = answer(source, asked, moment)
    return replace(source, decision=decision, policy=asked.policy.title, asked=asked)


def _write(
    wanted: "Wanted",
    source: "PackSource",
    pack: "Pack",
    out: Path,
    by: "tuple[SigningKey, str]",
) -> None:
    """Write it; `by` is who makes it and when."""
    from edgeward_harness.pack.files import files_of
    from edgeward_harness.pack.inputs import inputs_of
    from edgeward_harness.pack.keeping import write_pack
    from edgeward_harness.run.tree import tree_sha256

    def everything() -> Iterator[tuple[str, bytes]]:
        yield from inputs_of(wanted, source)
        yield from files_of(pack, source.trace, wanted.templates, _progress)

    tool = {"version": __version__, "build_sha256": tree_sha256(Path(__file__).parents[1])}
    bundles = {one.place: path for one in source.evidence if (path := one.bundle.folder)}
    write_pack(pack, everything(), bundles, out, *by, tool)
    _progress("")


def _progress(what: str) -> None:
    """One line that is written over, where a person watches; nothing at the end."""
    if sys.stderr.isatty():
        said = f"  writing {printable(what)}" if what else ""
        print(f"\r\x1b[K{said}", end="", file=sys.stderr, flush=True)
