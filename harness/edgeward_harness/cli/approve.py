"""`edgeward approve`: a person signs the digest of a plan, of results or of a document."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.canonical import sha256_hex
from edgeward_harness.cli.approve_subject import RefusalError, document, subjects_of
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
    from edgeward_harness.approval.keys import Signer
    from edgeward_harness.approval.statement import Subject
    from edgeward_harness.approval.words import Meaning

HELP = """\
Sign as a person. What is signed is a digest, so it holds for exactly this thing and no other.
Of several things each gets a signature of its own, or, where one must not be signed, none does.

  edgeward approve plan --profile NAME    the plan, before it is run
  edgeward approve BUNDLE...              results; a bundle that does not verify is not signed
  edgeward approve PACK                   a pack, the same
  edgeward approve FILE                   a document
  edgeward approve key --key PEM          signs nothing: prints the key's line for a policy

Each signature says who, as what, what it means and when, and is appended to a trail that shows if
one is edited or taken out. Whether it counts is for the policy of `edgeward gate` to say.

exit status:
  0  signed
  1  not signed: it does not verify, or it is your own work
  2  wrong use, a key that cannot be used, or a folder that cannot be written
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "things",
        metavar="THING",
        nargs="+",
        help="plan, key, or the paths of bundles, packs or files",
    )
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
    parser.add_argument(
        "--profile",
        metavar="NAME",
        action="append",
        default=[],
        help="of a plan: the device profile (repeatable)",
    )
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

    if options.things == ["key"]:
        return _print_key(options)
    who = who_signs(options)
    stamp = stamper_of(options)
    try:
        found = subjects_of(options)
        meanings = [_meaning(options.meaning, subject) for subject, _ in found]
        signer = open_key(options)
        for meaning, (_, author) in zip(meanings, found, strict=True):
            _check_not_own(meaning, signer, author)
    except RefusalError as fault:
        print(printable(f"NOT SIGNED: {fault}"))
        return 1
    subjects = [subject for subject, _ in found]
    if options.pdf is not None:
        subjects = [_signed_pdf(options, signer, who.name, meanings)]
    for subject, meaning in zip(subjects, meanings, strict=True):
        signed = add(options.approvals, subject, meaning, who, signer, datetime.now(UTC), stamp)
        print("\n".join(map(printable, told(signed, options.approvals))))
    return 0


def _print_key(options: argparse.Namespace) -> int:
    if options.key is None:
        raise InputError("--key", ["missing; expected the file of your private key"])
    signer = open_key(options)
    root = sha256_hex(signer.certificates[-1]) if signer.certificates else ""
    key = "" if root else signer.key.keyid
    user, name, role = (
        json.dumps(one or "...") for one in (options.id, options.name, options.role)
    )
    line = f'id = {user}, name = {name}, roles = [{role}], key = "{key}", ca = "{root}"'
    print(printable(f"{{ {line} }},"))
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


def _signed_pdf(
    options: argparse.Namespace, signer: "Signer", name: str, meanings: list["Meaning"]
) -> "Subject":
    """Sign the PDF itself; the approval is then of the signed copy."""
    from edgeward_harness.approval.pdf import sign_pdf
    from edgeward_harness.evidence.files import read_whole, write_whole

    if len(meanings) != 1:
        raise InputError("--pdf", [f"found {len(meanings)} things to sign, accepted: one PDF"])
    path, (meaning,) = Path(options.things[0]), meanings
    try:
        data = read_whole(path)
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from fault
    signed = sign_pdf(data, signer, name=name, reason=meaning.said, moment=datetime.now(UTC))
    write_whole(options.pdf, signed)
    return document(options.pdf)


def _check_not_own(meaning: "Meaning", signer: "Signer", author: str | None) -> None:
    from edgeward_harness.approval.words import Meaning

    if author is not None and meaning is not Meaning.AUTHORED and signer.key.keyid == author:
        raise RefusalError("this key signed the run: nobody approves their own work")
