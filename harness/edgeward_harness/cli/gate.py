"""`edgeward gate`: release or refuse, by a policy file, with every reason.

Texts of a bundle go to the terminal with everything unprintable escaped: a bundle may be hostile.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from edgeward_harness.cli.common import expect_short_life, printable
from edgeward_harness.cli.deciding import configure_policy, decided_by

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

    decided = decided_by(options)
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
