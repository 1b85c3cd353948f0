"""`edgeward gate`: release or refuse, by a policy file, with every reason.

Texts of a bundle go to the terminal with everything unprintable escaped: a bundle may be hostile.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeward_harness import resources
from edgeward_harness.cli.common import expect_short_life, printable, trusted_keys
from edgeward_harness.cli.expected import check_build, check_keys
from edgeward_harness.errors import InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.gate.decide import Decision, Ruling
    from edgeward_harness.gate.exhibit import Exhibit
    from edgeward_harness.gate.here import Here
    from edgeward_harness.gate.policy import Policy

HELP = """\
Decide on a release by a policy. Every bundle is verified and assessed anew; no verdict that
stands in one is believed. Every rule of the policy is printed with what it found.

A signer is trusted when a bundle was signed by one of the keys given with --key, or, without
--key, by the run key of this user on this machine.

exit status:
  0  released: every rule is met
  1  refused: at least one rule is not met, or a bundle is broken or forged
  2  could not decide: the bench broke or was too noisy, or a file cannot be read
"""
FINDINGS_MAX = 12
"""Findings printed for a rule; --json has them all."""
WORDS = {"met": "met", "refused": "REFUSED", "undecided": "UNDECIDED"}
VERDICTS = {"released": "RELEASE", "refused": "REFUSED", "undecided": "UNDECIDED"}


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
    parser.add_argument("--json", action="store_true", help="print it for programs")


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
    decision = decide(policy, exhibits, now, requirements_of(trace) if trace else None, here)
    if options.json:
        print(json.dumps(_as_json(decision, policy), indent=2, sort_keys=True))
    else:
        head = [f"policy  {policy.title}", *map(_about, exhibits), ""]
        lines = [*head, *_rulings(decision), "", *_verdict(decision), *note]
        print("\n".join(map(printable, lines)))
    return decision.exit_code


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


def _about(exhibit: "Exhibit") -> str:
    bundle, assessment = exhibit.bundle, exhibit.assessment
    if bundle is None or assessment is None:
        return f"bundle  {exhibit.name}: cannot be read"
    manifest = bundle.manifest
    told = (
        manifest.profile.name,
        manifest.unit.realization.replace("_", " "),
        f"depth {manifest.depth}",
        f"run {manifest.run[:12]}",
        assessment.verdict.value.replace("_", " "),
    )
    return f"bundle  {exhibit.name}: {', '.join(told)}"


def _rulings(decision: "Decision") -> list[str]:
    lines = []
    for ruling in decision.rulings:
        lines.append(f"{WORDS[ruling.outcome]:<11}{ruling.rule:<14}{ruling.question}")
        lines += _findings(ruling)
    return lines


def _findings(ruling: "Ruling") -> list[str]:
    told = [f"{'':<11}- {one.text}" for one in ruling.findings[:FINDINGS_MAX]]
    more = len(ruling.findings) - FINDINGS_MAX
    return told if more <= 0 else [*told, f"{'':<11}- and {more:,} more (--json has them all)"]


def _verdict(decision: "Decision") -> list[str]:
    word = VERDICTS[decision.verdict]
    short = [ruling.rule for ruling in decision.rulings if ruling.outcome != "met"]
    told = f"{', '.join(decision.profiles)}: all {len(decision.rulings)} rules are met"
    if short:
        told = f"{len(short)} of {len(decision.rulings)} rules not met: {', '.join(short)}"
    return [f"{word}: {told}", *(f"note: {note}" for note in decision.notes)]


def _as_json(decision: "Decision", policy: "Policy") -> dict[str, Any]:
    return {
        "verdict": decision.verdict.value,
        "exit_status": decision.exit_code,
        "policy": policy.title,
        "profiles": list(decision.profiles),
        "notes": list(decision.notes),
        "rules": [
            {
                "rule": ruling.rule,
                "question": ruling.question,
                "outcome": ruling.outcome.value,
                "findings": [
                    {"text": one.text, "outcome": one.outcome.value} for one in ruling.findings
                ],
            }
            for ruling in decision.rulings
        ],
    }
