"""What a decision needs, from the options of a command: for `gate`, and for the one of a pack."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness import resources
from edgeward_harness.cli.common import trusted_keys
from edgeward_harness.cli.expected import (
    add_keys,
    add_profiles,
    check_build,
    check_keys,
    profile_folders,
)
from edgeward_harness.errors import HarnessError, InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.evidence.keys import PublicKey
    from edgeward_harness.gate.beside import Beside, Shown
    from edgeward_harness.gate.decide import Decision
    from edgeward_harness.gate.exhibit import Exhibit
    from edgeward_harness.gate.here import Here
    from edgeward_harness.gate.policy import Policy

APPROVALS = Path("approvals")
"""Where approvals lie by default, seen from where the command is typed."""
RECORD_BYTES_MAX = 64 << 20
"""A record of a qualification."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided, by which rules, on what."""

    policy: "Policy"
    source: Path
    """The file of the policy."""
    exhibits: "tuple[Exhibit, ...]"
    decision: "Decision"
    keys: "tuple[PublicKey, ...]"
    notes: tuple[str, ...]
    """What a reader is told about the keys that were trusted."""


def decided_by(options: argparse.Namespace, audit: tuple[str, ...] | None = None) -> Decided:
    """Decide on the bundles of a command.

    Args:
        options: with those of `configure_policy`, and `bundles`.
        audit: the rules of the self-audit that do not hold; None: it was not made.

    Raises:
        HarnessError: policy, keys, trace or a bundle's folder cannot be read.
        ProfileError: a profile that the bundles name has faults here.
    """
    from edgeward_harness.gate.decide import decide
    from edgeward_harness.gate.exhibit import examine, requirements_of
    from edgeward_harness.gate.policy import load_policy
    from edgeward_harness.trace.load import load_trace

    check_keys(options.key, options.bundles)
    suites = options.suites or resources.suites()
    source = policy_file(options)
    policy = load_policy(source)
    keys, notes = trusted_keys(options.key)
    trace = load_trace(suites) if policy.trace.fresh else None
    now = datetime.now(UTC)
    exhibits = examine(options.bundles, keys, trace, now.date())
    bundles = [one.bundle for one in exhibits if one.bundle is not None]
    here = here_of(options, policy, {bundle.manifest.profile.name for bundle in bundles})
    beside = _beside(options, keys, now, audit)
    wanted = requirements_of(trace) if trace else None
    decision = decide(policy, exhibits, now, wanted, here, beside)
    return Decided(policy, source, exhibits, decision, keys, tuple(notes))


def policy_file(options: argparse.Namespace) -> Path:
    """The policy that was asked for, else the one beside the suites, else the shipped one."""
    from edgeward_harness.gate.policy import FILE

    if options.policy is not None:
        return Path(options.policy)
    beside = (options.suites or resources.suites()) / FILE
    return beside if beside.exists() else resources.suites() / FILE


def configure_policy(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add the options that a decision needs."""
    parser.add_argument(
        "--policy",
        metavar="FILE",
        type=Path,
        help="the rules (default: beside the suites, else as shipped)",
    )
    add_keys(parser)
    parser.add_argument(
        "--suites", metavar="DIR", type=Path, help="today's trace (default: as shipped)"
    )
    add_profiles(parser)
    parser.add_argument(
        "--build", metavar="SHA256", help="the build of the device's software it must be"
    )
    _configure_beside(parser)


def _configure_beside(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
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
    parser.add_argument(
        "--qualification", metavar="FILE", type=Path, help="the record of edgeward qualify"
    )


def _beside(
    options: argparse.Namespace,
    keys: tuple["PublicKey", ...],
    now: datetime,
    audit: tuple[str, ...] | None,
) -> "Beside":
    """What lies beside the bundles: approvals, and the release before."""
    from edgeward.canonical import sha256_hex
    from edgeward_harness.approval.folder import read_folder
    from edgeward_harness.approval.keys import read_chain
    from edgeward_harness.gate.beside import Beside
    from edgeward_harness.gate.exhibit import examine

    check_approvals(options)
    roots = read_chain(options.authority) if options.authority else ()
    before = [options.baseline] if options.baseline else []
    check_keys(options.key, before)
    return Beside(
        approvals=read_folder(options.approvals, roots),
        audit=audit,
        baseline=next(iter(examine(before, keys, None, now.date())), None),
        authorities=tuple(map(sha256_hex, roots)),
        qualification=_shown(options.qualification, keys),
    )


def _shown(path: Path | None, keys: tuple["PublicKey", ...]) -> "Shown | None":
    from edgeward_harness.evidence.files import read_whole
    from edgeward_harness.gate.beside import shown

    if path is None:
        return None
    try:
        return shown(read_whole(path, RECORD_BYTES_MAX), keys, str(path))
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from fault


def check_approvals(options: argparse.Namespace) -> None:
    """Refuse a folder of approvals that was named and is none.

    Raises:
        InputError: it is not there.
    """
    if options.approvals != APPROVALS and not options.approvals.is_dir():
        raise InputError("--approvals", [f"found {str(options.approvals)!r}, accepted: a folder"])


def here_of(options: argparse.Namespace, policy: "Policy", names: Iterable[str]) -> "Here":
    """What lies here, as far as the policy asks: digests of whole folders take their time.

    Args:
        options: with those of `configure_policy`.
        policy: the rules.
        names: the profiles that bundles name.

    Raises:
        InputError: a folder of profiles is none, or a build given is none.
        ProfileError: a profile of these names has faults here.
    """
    from edgeward_harness.gate.here import Here, promises_of
    from edgeward_harness.run.tree import tree_sha256

    folders, asked = profile_folders(options.profiles), policy.evidence
    suites = options.suites or resources.suites()
    return Here(
        profiles=promises_of(names, folders) if asked.promises else {},
        suites_sha256=tree_sha256(suites) if asked.protocol else None,
        harness_sha256=tree_sha256(Path(__file__).parents[1]) if asked.protocol else None,
        build_sha256=check_build(options.build),
        seeded_sha256=tree_sha256(resources.seeded()) if policy.trust.qualification else None,
    )
