"""What the commands that sign share: who signs, with which key, into which folder, seen by whom."""

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.strict import HEX64

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.approval.add import Who
    from edgeward_harness.approval.folder import Signed
    from edgeward_harness.approval.keys import Signer

APPROVALS = Path("approvals")
"""Where approvals lie by default, seen from where the command is typed."""


def configure_signing(parser: argparse.ArgumentParser) -> None:
    """Add the options of a signature."""
    parser.add_argument("--name", metavar="NAME", help="your name, as it is printed")
    parser.add_argument("--id", metavar="ID", help="your id in the policy (default: your name)")
    parser.add_argument("--role", metavar="ROLE", help="as what you sign: reviewer, quality, ...")
    parser.add_argument("--key", metavar="PEM", type=Path, help="your private key")
    parser.add_argument(
        "--chain", metavar="PEM", type=Path, help="your certificate, and those up to its root"
    )
    parser.add_argument(
        "--approvals", metavar="DIR", type=Path, default=APPROVALS, help="(default: approvals)"
    )
    parser.add_argument("--timestamp", metavar="URL", help="a time stamp authority (RFC 3161)")
    parser.add_argument(
        "--authority", metavar="CERT", type=Path, help="the root certificate of that authority"
    )


def who_signs(options: argparse.Namespace) -> "Who":
    """The person.

    Raises:
        InputError: name, id, role or key is not given.
    """
    from edgeward_harness.approval.add import Who
    from edgeward_harness.evidence.strict import IDENTIFIER

    user = options.id or options.name
    given = {"--name": options.name, "--id": user, "--role": options.role}
    faults = [
        f"{option}: found {value!r}, expected {IDENTIFIER.says}"
        for option, value in given.items()
        if not IDENTIFIER.accepts(value)
    ]
    if options.key is None:
        faults.append("--key: missing; expected the file of your private key")
    if faults:
        raise InputError("who signs", faults)
    return Who(options.name, user, options.role)


def open_key(options: argparse.Namespace) -> "Signer":
    """The key, opened; its passphrase is asked for where it has one.

    Raises:
        HarnessError: it is no key, or the passphrase is wrong.
    """
    from edgeward_harness.approval.keys import load_signer

    signer = load_signer(options.key, ask_secret, options.chain)
    if signer.components < 2:
        print(
            "edgeward: this key needs no passphrase: whoever has the file signs as you",
            file=sys.stderr,
        )
    return signer


def ask_secret(prompt: str) -> str:
    """A passphrase from the terminal without showing it, or else one line of the input."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\r\n")


def stamper_of(options: argparse.Namespace) -> Callable[[bytes], bytes] | None:
    """What asks the time stamp authority; None where none is asked.

    Raises:
        HarnessError: an authority without a root to hold its answers against, or the reverse.
    """
    if (options.timestamp is None) != (options.authority is None):
        raise HarnessError("--timestamp and --authority: expected both or neither")
    if options.timestamp is None:
        return None
    from edgeward_harness.approval.keys import read_chain
    from edgeward_harness.approval.timestamp import over_http, stamper

    return stamper(over_http(options.timestamp), read_chain(options.authority))


def told(signed: "Signed", folder: Path) -> list[str]:
    """What was signed, for the person who signed it."""
    approval = signed.approval
    return [
        f"{approval.name} ({approval.user}, {approval.role}) {approval.meaning.said}",
        f"  of      {approval.subject.kind}: {approval.subject.name}",
        f"  which   {', '.join(_facts(approval.subject.about))}",
        f"  digest  {approval.subject.sha256}",
        f"  at      {approval.signed_at}, number {approval.sequence} of the trail",
        f"  key     {signed.keyid}",
        f"  file    {folder / signed.file}",
    ]


def _facts(about: Mapping[str, object]) -> list[str]:
    """What is signed in words; digests stand elsewhere."""
    return [
        f"{key} {value}"
        for key, value in about.items()
        if isinstance(value, str) and not HEX64.accepts(value)
    ]
