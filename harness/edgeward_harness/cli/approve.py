"""`edgeward approve`: a person signs the digest of a plan, of results or of a document."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness import resources
from edgeward_harness.cli.common import expect_short_life, printable, trusted_keys
from edgeward_harness.cli.expected import check_keys
from edgeward_harness.cli.signing import (
    configure_signing,
    open_key,
    stamper_of,
    told,
    who_signs,
)
from edgeward_harness.errors import HarnessError, InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.approval.keys import Signer
    from edgeward_harness.approval.statement import Subject
    from edgeward_harness.approval.words import Meaning

HELP = """\
Sign as a person. What is signed is a digest, so it holds for exactly this thing and no other.

  edgeward approve plan --profile NAME    the plan, before it is run
  edgeward approve BUNDLE                 results; a bundle that does not verify is not signed
  edgeward approve FILE                   a document, such as a page of the pack
  edgeward approve key --key PEM          signs nothing: prints the key's line for a policy

Each signature says who, as what, what it means and when, and is appended to a trail that shows if
one is edited or taken out. Whether it counts is for the policy of `edgeward gate` to say.

exit status:
  0  signed
  1  not signed: it does not verify, or it is your own work
  2  wrong use, a key that cannot be used, or a folder that cannot be written
"""


class RefusalError(HarnessError):
    """What was to be signed must not be."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("thing", metavar="THING", help="plan, key, or the path of a bundle or file")
    parser.add_argument("--meaning", metavar="WORD", help="what your signature means")
    configure_signing(parser)
    parser.add_argument(
        "--trust",
        metavar="PUB",
        type=Path,
        action="append",
        default=[],
        help="a public key that bundles may be signed with (PEM; repeatable)",
    )
    parser.add_argument("--profile", metavar="NAME", help="of a plan: the device profile")
    parser.add_argument("--depth", metavar="D", default="standard", help="(default: standard)")
    parser.add_argument("--suites", metavar="DIR", type=Path, help="(default: as shipped)")
    parser.add_argument(
        "--profiles", metavar="DIR", type=Path, action="append", default=[], help="(repeatable)"
    )
    parser.add_argument(
        "--pdf", metavar="OUT", type=Path, help="of a PDF: sign this copy of it, too (P-256)"
    )


def run(options: argparse.Namespace) -> int:
    """Sign and print; 0 signed, 1 must not be signed.

    Raises:
        HarnessError: an option, the key, the thing or the folder cannot be used.
    """
    expect_short_life()
    from edgeward_harness.approval.add import add

    if options.thing == "key":
        return _print_key(options)
    who = who_signs(options)
    stamp = stamper_of(options)
    try:
        subject, author = _subject(options)
        meaning = _meaning(options.meaning, subject)
        signer = open_key(options)
        _check_not_own(meaning, signer, author)
        if options.pdf is not None:
            subject = _signed_pdf(options, signer, who.name, meaning)
    except RefusalError as fault:
        print(printable(f"NOT SIGNED: {fault}"))
        return 1
    signed = add(options.approvals, subject, meaning, who, signer, datetime.now(UTC), stamp)
    print("\n".join(map(printable, told(signed, options.approvals))))
    return 0


def _print_key(options: argparse.Namespace) -> int:
    if options.key is None:
        raise InputError("--key", ["missing; expected the file of your private key"])
    signer = open_key(options)
    name, user = options.name or "...", options.id or "..."
    print(f'{{ id = "{user}", name = "{name}", roles = ["{options.role or "..."}"], ', end="")
    if signer.certificates:
        from edgeward.canonical import sha256_hex

        print(f'key = "", ca = "{sha256_hex(signer.certificates[-1])}" }},')
    else:
        print(f'key = "{signer.key.keyid}", ca = "" }},')
    return 0


def _meaning(text: str | None, subject: "Subject") -> "Meaning":
    from edgeward_harness.approval.words import Meaning, meanings_of

    fitting = meanings_of(subject.kind)
    if text is None and subject.kind == "plan":
        return Meaning.APPROVED_PLAN
    found = next((one for one in fitting if one.value == text), None)
    if found is None:
        accepted = ", ".join(one.value for one in fitting)
        of = f"found {text!r}; accepted for a {subject.kind}: {accepted}"
        raise InputError("--meaning", [of])
    return found


def _subject(options: argparse.Namespace) -> tuple["Subject", str | None]:
    """What is signed, and the id of the key of whoever made it."""
    if options.thing == "plan":
        return _plan(options), None
    path = Path(options.thing)
    if path.is_dir():
        return _bundle(options, path)
    return _document(path), None


def _plan(options: argparse.Namespace) -> "Subject":
    from edgeward.profile import load_profile
    from edgeward_harness.approval.plan import plan_before, plan_subject
    from edgeward_harness.run.tree import tree_sha256
    from edgeward_harness.trace.load import load_trace
    from edgeward_harness.trace.vocabulary import Depth

    if options.profile is None:
        raise InputError("--profile", ["missing; expected the profile that the plan is for"])
    if options.depth not in {depth.value for depth in Depth}:
        accepted = ", ".join(Depth)
        raise InputError("--depth", [f"found {options.depth!r}, accepted: {accepted}"])
    suites = options.suites or resources.suites()
    folders = [*options.profiles, resources.device_profiles()]
    profile = load_profile(options.profile, folders).profile
    told = (profile.name, profile.sha256)
    return plan_subject(plan_before(load_trace(suites), told, options.depth, tree_sha256(suites)))


def _bundle(options: argparse.Namespace, path: Path) -> tuple["Subject", str | None]:
    from edgeward_harness.approval.statement import Subject
    from edgeward_harness.approval.words import Meaning, SubjectKind
    from edgeward_harness.evidence.files import digest_file
    from edgeward_harness.evidence.layout import STATEMENT
    from edgeward_harness.evidence.verify import verify_bundle

    check_keys(options.trust, [path])
    keys, _ = trusted_keys(options.trust)
    found = verify_bundle(path, keys)
    if found.faults or found.bundle is None or found.assessment is None:
        why = "; ".join(found.faults[:5])
        raise RefusalError(f"{path} does not verify: {why} (a signer is trusted with --trust PUB)")
    manifest, verdict = found.bundle.manifest, found.assessment.verdict.value
    if options.meaning == Meaning.APPROVED_RELEASE and verdict != "passed":
        raise RefusalError(f"{path}: the run is {verdict.replace('_', ' ')}; none is released")
    about = {
        "run": manifest.run,
        "profile": manifest.profile.name,
        "realization": manifest.unit.realization,
        "depth": manifest.depth,
        "verdict": verdict,
    }
    sha256 = digest_file(path / STATEMENT)
    return Subject(SubjectKind.BUNDLE, STATEMENT, sha256, about), found.signer


def _document(path: Path) -> "Subject":
    from edgeward_harness.approval.statement import Subject
    from edgeward_harness.approval.words import SubjectKind
    from edgeward_harness.evidence.files import digest_file

    try:
        return Subject(SubjectKind.DOCUMENT, path.name, digest_file(path), {"file": path.name})
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from fault


def _signed_pdf(
    options: argparse.Namespace, signer: "Signer", name: str, meaning: "Meaning"
) -> "Subject":
    """Sign the PDF itself; the approval is then of the signed copy."""
    from edgeward_harness.approval.pdf import sign_pdf
    from edgeward_harness.evidence.files import read_whole, write_whole

    path = Path(options.thing)
    try:
        data = read_whole(path)
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from fault
    signed = sign_pdf(data, signer, name=name, reason=meaning.said, moment=datetime.now(UTC))
    write_whole(options.pdf, signed)
    return _document(options.pdf)


def _check_not_own(meaning: "Meaning", signer: "Signer", author: str | None) -> None:
    from edgeward_harness.approval.words import Meaning

    if author is not None and meaning is not Meaning.AUTHORED and signer.key.keyid == author:
        raise RefusalError("this key signed the run: nobody approves their own work")
