"""`edgeward inspect`: verify a bundle offline and print what it holds.

Texts of a bundle go to the terminal with everything unprintable escaped: a bundle may be hostile.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeward_harness.cli.common import expect_short_life, printable, trusted_keys
from edgeward_harness.cli.expected import (
    add_keys,
    add_profiles,
    check_build,
    check_keys,
    profile_folders,
)
from edgeward_harness.cli.inspect_pack import is_pack
from edgeward_harness.cli.inspect_pack import run as inspect_pack
from edgeward_harness.errors import HarnessError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.evidence.bundle import Bundle
    from edgeward_harness.evidence.verification import Expectation, Verification

HELP = """\
Verify a bundle without a network, and print what it holds. Of a submission pack: verify the
signature over its list of files, each file, each bundle in it, make every document again from what
lies in it, to compare the bytes, and ask the gate again by the policy in it.

The signer is trusted when the bundle was signed by one of the keys given with --key, or, without
--key, by the run key of this user on this machine.

exit status:
  0  intact, complete, and signed by a trusted key (the verdict of the run is printed, and may be
     that it failed: `edgeward gate` decides whether it is good enough); a pack is what it says
  1  something was changed or forged, the run is incomplete, or it is of another build or profile
     than expected (--build, --profile); every fault is named
  2  intact, but the signer is not known here (pass --key), the pack was made by another harness and
     cannot be made again by this one, or its gate was asked by promises or suites that are not
     those here (pass --profiles, --suites), or there is no bundle to read
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="folder of the bundle or pack")
    add_keys(parser)
    parser.add_argument(
        "--build", metavar="SHA256", help="the build of the device's software it must be of"
    )
    parser.add_argument(
        "--profile",
        metavar="NAME_OR_PATH",
        help="the device profile it must be of, with the promises that it makes here",
    )
    add_profiles(parser)
    parser.add_argument(
        "--suites", metavar="DIR", type=Path, help="of a pack: suites that count (as shipped)"
    )
    parser.add_argument("--json", action="store_true", help="print it for programs")


def run(options: argparse.Namespace) -> int:
    """Verify and print; 0 intact and trusted, 1 changed or incomplete, 2 cannot decide.

    Raises:
        HarnessError: there is no bundle, a key given is none or lies in the bundle, or a build
            given is none.
        ProfileError: the profile that is expected cannot be used.
    """
    expect_short_life()
    from edgeward_harness.evidence.verify import verify_bundle

    if is_pack(options.bundle):
        return inspect_pack(options)
    if not (options.bundle / "manifest.json").is_file():
        raise HarnessError(f"{options.bundle}: no bundle, it holds no manifest.json")
    check_keys(options.key, [options.bundle])
    keys, note = trusted_keys(options.key)
    found = verify_bundle(options.bundle, keys, expected=_expected(options), derive=_twin)
    if options.json:
        print(json.dumps(_as_json(found), indent=2, sort_keys=True))
    else:
        lines = [*_about(found), "", *_table(found), "", *_integrity(found), *note]
        print("\n".join(map(printable, lines)))
    return exit_status(found)


def _expected(options: argparse.Namespace) -> "Expectation":
    """What the bundle must be of, as far as it was said."""
    from edgeward.profile import load_profile
    from edgeward_harness.evidence.verification import Expectation

    profile_sha256 = None
    if options.profile is not None:
        loaded = load_profile(options.profile, profile_folders(options.profiles))
        profile_sha256 = loaded.profile.sha256
    return Expectation(profile_sha256, check_build(options.build) or None)


def _twin(bundle: "Bundle") -> bytes | None:
    """The report's twin, if this version is the one that wrote it."""
    from edgeward_harness import __version__
    from edgeward_harness.report.render import twin

    return twin(bundle) if bundle.manifest.tool["version"] == __version__ else None


def exit_status(found: "Verification") -> int:
    """What a verification means to a script; see the help of the command."""
    from edgeward_harness.evidence.verification import FaultKind

    if not found.findings:
        return 0
    return 2 if found.only(FaultKind.UNKNOWN_SIGNER) else 1


def _about(found: "Verification") -> list[str]:
    """The head: the verdict, and what the run was of."""
    if found.bundle is None or found.assessment is None:
        return ["NOT READABLE: the manifest or the records cannot be read"]
    from edgeward_harness.evidence.identity import components

    manifest, ended = found.bundle.manifest, found.bundle.ended
    unit, tool = manifest.unit, manifest.tool
    verdict = found.assessment.verdict.value.replace("_", " ").upper()
    facts = [
        ("run", manifest.run),
        ("started", manifest.started_utc),
        ("ended", "never" if ended is None else ended.utc),
        ("profile", f"{manifest.profile.name} ({manifest.profile.sha256[:12]})"),
        ("unit", f"{unit.name}, {unit.realization} ({unit.driver}), serial {unit.serial or '-'}"),
        *(("device", name) for name in components(found.bundle.contexts)),
        ("suites", ", ".join(manifest.suites) or "all"),
        ("depth", f"{manifest.depth}, seed {manifest.seed}"),
        ("harness", f"{tool['name']} {tool['version']} ({tool['build_sha256'][:12]})"),
        ("signed by", found.signer or "nobody"),
    ]
    doubt = "" if not found.findings else " (not to be relied on, see below)"
    return [f"{verdict}{doubt}", *(f"{name:<10} {value}" for name, value in facts)]


def _table(found: "Verification") -> list[str]:
    """One line per requirement: what is known about it, and the first reason why."""
    if found.assessment is None:
        return []
    entries = found.assessment.requirements
    width = max(map(len, entries), default=0)
    return [
        f"{name:<{width}}  {entry.standing.value:<15}  {next(iter(entry.reasons), '')}".rstrip()
        for name, entry in sorted(entries.items())
    ] or ["no requirement is in scope"]


def _integrity(found: "Verification") -> list[str]:
    if not found.findings:
        return ["INTACT: nothing was changed since it was signed, by a trusted key."]
    if exit_status(found) == 2:
        return [
            "INTACT, BUT BY AN UNKNOWN SIGNER: nothing contradicts the signature, but the key is",
            f"not trusted here. If {found.signer} is the one you expect, pass its file with --key.",
        ]
    title = f"{_title(found)}: do not rely on this bundle."
    return [title, *(f"  - {text}" for text in found.faults)]


def _title(found: "Verification") -> str:
    """The gravest thing that was found."""
    from edgeward_harness.evidence.verification import FaultKind

    if not found.intact:
        return "CHANGED"
    other = found.only(FaultKind.OTHER, FaultKind.UNKNOWN_SIGNER)
    return "NOT WHAT WAS EXPECTED" if other else "INCOMPLETE"


def _as_json(found: "Verification") -> dict[str, Any]:
    value: dict[str, Any] = {
        "intact": found.intact,
        "complete": found.complete,
        "trusted": found.trusted,
        "signer": found.signer,
        "faults": [{"kind": fault.kind.value, "text": fault.text} for fault in found.findings],
        "exit_status": exit_status(found),
    }
    if found.bundle is not None and found.assessment is not None:
        value["run"] = found.bundle.manifest.run
        value["profile"] = found.bundle.manifest.profile.name
        value["unit"] = found.bundle.manifest.unit.name
        value["realization"] = found.bundle.manifest.unit.realization
        value["verdict"] = found.assessment.verdict.value
        value["reasons"] = list(found.assessment.reasons)
        value["requirements"] = {
            name: {"standing": entry.standing.value, "reasons": list(entry.reasons)}
            for name, entry in found.assessment.requirements.items()
        }
    return value
