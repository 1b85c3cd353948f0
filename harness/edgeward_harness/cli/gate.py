"""`edgeward gate`: release or refuse, by a policy file, with every reason.

Texts of a bundle go to the terminal with everything unprintable escaped: a bundle may be hostile.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from edgeward_harness import resources
from edgeward_harness.cli.common import expect_short_life, printable, trusted_keys
from edgeward_harness.cli.expected import check_build, check_keys
from edgeward_harness.errors import InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.evidence.keys import PublicKey
    from edgeward_harness.gate.beside import Beside
    from edgeward_harness.gate.decide import Decision
    from edgeward_harness.gate.exhibit import Exhibit
    from edgeward_harness.gate.here import Here
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
APPROVALS = Path("approvals")
"""Where approvals lie by default, seen from where the command is typed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "bundles", metavar="BUNDLE", type=Path, nargs="+", help="folder of a bundle"
    )
    parser.add_argument(
        "--policy",
        metavar="FILE",
        type=Path,
        help="the rules (default: beside the suites, else as shipped)",
    )
    parser.add_argument(
        "--key",
        metavar="PUB",
        type=Path,
        action="append",
        default=[],
        help="a public key to trust (PEM; repeatable)",
    )
    parser.add_argument(
        "--suites", metavar="DIR", type=Path, help="today's trace (default: as shipped)"
    )
    parser.add_argument(
        "--profiles",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="profiles whose promises count (repeatable); the shipped ones come last",
    )
    parser.add_argument(
        "--build", metavar="SHA256", help="the build of the device's software it must be"
    )
    _configure_beside(parser)
    parser.add_argument("--json", action="store_true", help="print it for programs")
    parser.add_argument("--sarif", metavar="FILE", type=Path, help="write it as SARIF 2.1.0")
    parser.add_argument(
        "--markdown", metavar="FILE", type=Path, help="write a summary for a pull request"
    )


def _configure_beside(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--approvals",
        metavar="DIR",
        type=Path,
        default=APPROVALS,
        help="what people signed (default: approvals)",
    )
    parser.add_argument(
        "--authority",
        metavar="CERT",
        type=Path,
        help="the root certificate of the time stamp authority (PEM)",
    )
    parser.add_argument(
        "--baseline", metavar="BUNDLE", type=Path, help="a bundle of the release before"
    )


def run(options: argparse.Namespace) -> int:
    """Decide and print; 0 released, 1 refused, 2 could not decide.

    Raises:
        HarnessError: policy, keys, trace or a bundle's folder cannot be read.
        ProfileError: a profile that the bundles name has faults here.
    """
    expect_short_life()
    from edgeward_harness.gate.decide import decide
    from edgeward_harness.gate.exhibit import examine, requirements_of
    from edgeward_harness.gate.policy import FILE, load_policy
    from edgeward_harness.gate.told import about, as_json, headline, rulings
    from edgeward_harness.trace.load import load_trace

    check_keys(options.key, options.bundles)
    suites = options.suites or resources.suites()
    beside = suites / FILE
    shipped = beside if beside.exists() else resources.suites() / FILE
    policy = load_policy(options.policy or shipped)
    keys, note = trusted_keys(options.key)
    trace = load_trace(suites) if policy.trace.fresh else None
    now = datetime.now(UTC)
    exhibits = examine(options.bundles, keys, trace, now.date())
    here = _here(options, suites, policy, exhibits)
    beside = _beside(options, keys, now)
    wanted = requirements_of(trace) if trace else None
    decision = decide(policy, exhibits, now, wanted, here, beside)
    _write(options, decision, policy, options.policy or shipped)
    if options.json:
        print(json.dumps(as_json(decision, policy.title), indent=2, sort_keys=True))
    else:
        head = [f"policy  {policy.title}", *map(about, exhibits), ""]
        notes = [f"note: {each}" for each in decision.notes]
        lines = [*head, *rulings(decision), "", headline(decision), *notes, *note]
        print("\n".join(map(printable, lines)))
    return decision.exit_code


def _beside(options: argparse.Namespace, keys: tuple["PublicKey", ...], now: datetime) -> "Beside":
    """What lies beside the bundles: approvals, and the release before."""
    from edgeward.canonical import sha256_hex
    from edgeward_harness.approval.folder import read_folder
    from edgeward_harness.approval.keys import read_chain
    from edgeward_harness.gate.beside import Beside
    from edgeward_harness.gate.exhibit import examine

    if options.approvals != APPROVALS and not options.approvals.is_dir():
        raise InputError("--approvals", [f"found {str(options.approvals)!r}, accepted: a folder"])
    roots = read_chain(options.authority) if options.authority else ()
    before = [options.baseline] if options.baseline else []
    check_keys(options.key, before)
    return Beside(
        approvals=read_folder(options.approvals, roots),
        baseline=next(iter(examine(before, keys, None, now.date())), None),
        authorities=tuple(map(sha256_hex, roots)),
    )


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


def _here(
    options: argparse.Namespace, suites: Path, policy: "Policy", exhibits: tuple["Exhibit", ...]
) -> "Here":
    """What lies here, as far as the policy asks: digests of whole folders take their time."""
    from edgeward_harness.gate.here import Here, promises_of
    from edgeward_harness.run.tree import tree_sha256

    folders = _profile_folders(options.profiles)
    asked, bundles = policy.evidence, [one.bundle for one in exhibits if one.bundle is not None]
    names = {bundle.manifest.profile.name for bundle in bundles}
    return Here(
        profiles=promises_of(names, folders) if asked.promises else {},
        suites_sha256=tree_sha256(suites) if asked.protocol else None,
        harness_sha256=tree_sha256(Path(__file__).parents[1]) if asked.protocol else None,
        build_sha256=check_build(options.build),
    )


def _profile_folders(given: list[Path]) -> list[Path]:
    faults = [f"found {str(path)!r}, accepted: a folder" for path in given if not path.is_dir()]
    if faults:
        raise InputError("--profiles", faults)
    return [*given, resources.device_profiles()]
