"""`edgeward gate`: release or refuse, by a policy file, with every reason.

Texts of a bundle go to the terminal with everything unprintable escaped: a bundle may be hostile.
"""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from edgeward_harness.cli.common import expect_short_life, printable, trusted_keys
from edgeward_harness.cli.deciding import configure_policy, decided_by
from edgeward_harness.cli.expected import check_keys

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.gate.decide import Decision
    from edgeward_harness.gate.policy import Policy

HELP = """\
Decide on a release by a policy. Every bundle is verified and assessed anew; no verdict that
stands in one is believed. Every rule of the policy is printed with what it found and what would
mend it. What people signed is read from the folder given with --approvals.

A signer is trusted when a bundle was signed by one of the keys given with --key, or, without
--key, by the run key of this user on this machine.

exit status:
  0  released: every rule is met
  1  refused: at least one rule is not met, or a bundle is broken or forged
  2  could not decide: the bench broke or was too noisy, or a file cannot be read
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "bundles", metavar="BUNDLE", type=Path, nargs="+", help="folder of a bundle"
    )
    configure_policy(parser)
    parser.add_argument(
        "--pack", metavar="DIR", type=Path, help="the pack of these bundles, for the self-audit"
    )
    parser.add_argument("--json", action="store_true", help="print it for programs")
    parser.add_argument("--sarif", metavar="FILE", type=Path, help="write it as SARIF 2.1.0")
    parser.add_argument(
        "--markdown", metavar="FILE", type=Path, help="write a summary for a pull request"
    )


def run(options: argparse.Namespace) -> int:
    """Decide and print; 0 released, 1 refused, 2 could not decide.

    Raises:
        HarnessError: policy, keys, trace or a bundle's folder cannot be read.
        ProfileError: a profile that the bundles name has faults here.
    """
    expect_short_life()
    from edgeward_harness.gate.told import about, as_json, headline, rulings

    decided = decided_by(options, _audit(options))
    decision, policy = decided.decision, decided.policy
    _write(options, decision, policy, decided.source)
    if options.json:
        print(json.dumps(as_json(decision, policy.title), indent=2, sort_keys=True))
    else:
        head = [f"policy  {policy.title}", *map(about, decided.exhibits), ""]
        notes = [f"note: {each}" for each in decision.notes]
        lines = [*head, *rulings(decision), "", headline(decision), *notes, *decided.notes]
        print("\n".join(map(printable, lines)))
    return decision.exit_code


def _audit(options: argparse.Namespace) -> tuple[str, ...] | None:
    """The rules of the self-audit that do not hold, asked anew of what lies in the pack.

    Raises:
        HarnessError: there is no pack, or it cannot be read.
    """
    if options.pack is None:
        return None
    from edgeward_harness.gate.exhibit import statement_digest
    from edgeward_harness.pack.build import not_holding
    from edgeward_harness.pack.inputs import wanted_of
    from edgeward_harness.pack.keeping import faults_of, read_contents
    from edgeward_harness.pack.load import load_source

    check_keys(options.key, [options.pack])
    keys, _ = trusted_keys(options.key)
    contents = read_contents(options.pack)
    faults = [*faults_of(options.pack, contents, keys), *([] if keys else ["no key is trusted"])]
    if faults:
        return tuple(f"{options.pack}: {fault}" for fault in faults)
    today = datetime.now(UTC).date()
    wanted = replace(wanted_of(options.pack, contents), as_of=today, trusted=keys)
    source = load_source(wanted)  # on this day and by the reader's keys, not the maker's
    given = {statement_digest(path) for path in options.bundles}
    if given != {one.readable.statement_sha256 for one in source.evidence}:
        return (f"{options.pack}: is of other bundles than those given",)
    return not_holding(source)


def _write(
    options: argparse.Namespace, decision: "Decision", policy: "Policy", source: Path
) -> None:
    from edgeward_harness.evidence.files import write_whole
    from edgeward_harness.gate.markdown import as_markdown
    from edgeward_harness.gate.sarif import as_sarif

    if options.sarif is not None:
        log = as_sarif(decision, _from_here(source))
        write_whole(options.sarif, json.dumps(log, indent=2, sort_keys=True).encode() + b"\n")
    if options.markdown is not None:
        write_whole(options.markdown, as_markdown(decision, policy.title).encode())


def _from_here(path: Path) -> str:
    """A path as the root of the project sees it, where it lies below it; else its name."""
    whole, here = path.resolve(), Path.cwd()
    return quote(whole.relative_to(here).as_posix() if whole.is_relative_to(here) else path.name)
