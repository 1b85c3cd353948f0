"""`edgeward link`: where a device delivers its records to, and the papers it does that with.

Exit status: 0 done; 1 what was given is refused, with every fault; 2 it could not be done.
"""

import argparse
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.entropy import SystemEntropy
from edgeward.adapters.private_store import PrivateStore
from edgeward.adapters.store import DirectoryStore
from edgeward.comms.record import Receipt, Standing
from edgeward.comms.trust.secure_time import SecureTime
from edgeward.comms.trust.wallet import Wallet
from edgeward.device.daemon.control import NotRunningError, ask_status
from edgeward.device.daemon.folder import add_state, state_of
from edgeward.device.identity import device_id
from edgeward.device.outgoing.auditing import Auditing
from edgeward.device.outgoing.layout import AUDIT, TRUST, records_of_state
from edgeward.device.outgoing.link import (
    Link,
    LinkError,
    Trusted,
    keep_link,
    kept_link,
    read_link,
)
from edgeward.device.outgoing.outgoing import RELEASED_NS
from edgeward.errors import EdgewardError, TrustError
from edgeward.profile.toml import TomlError, read_toml

FILES = ("authorities", "certificate", "revocations", "pins")
"""What a link's file names by the path of a file beside it."""
FILE_BYTES_MAX = 1 << 20


class LinkFileError(EdgewardError):
    """A file that a link needs cannot be read, or a daemon runs that would not see it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of each action; without one, what there is is told."""
    add_state(parser)
    parser.set_defaults(action="show")
    actions = parser.add_subparsers(metavar="ACTION", title="actions")
    for action, said in (
        ("request", "print a certificate signing request for the device's own key"),
        ("connect", "deliver to the receiver that a file describes, from the next start on"),
        ("disconnect", "deliver to nobody, from the next start on"),
    ):
        one = actions.add_parser(action, help=said, description=said)
        one.set_defaults(action=action)
        add_state(one, argparse.SUPPRESS)
        if action == "connect":
            one.add_argument(
                "file", type=Path, metavar="FILE", help="TOML; docs/guides/keep-and-deliver.md"
            )


def run(options: argparse.Namespace) -> int:
    """Do what was asked for.

    Raises:
        EdgewardError: it cannot be done.
    """
    state = state_of(options)
    device = device_id(DirectoryStore(state), SystemEntropy())
    store = PrivateStore(records_of_state(state) / TRUST)
    wallet = Wallet(store, device)
    if options.action == "show":
        print(_shown(device, wallet, kept_link(store)))
        return 0
    _refuse_beside_a_daemon(state)
    if options.action == "request":
        sys.stdout.write(wallet.begin().decode())
        _note(state, device, store, "link.requested")
        return 0
    if options.action == "disconnect":
        keep_link(store, None)
        _note(state, device, store, "link.disconnected")
        print("delivers to nobody from the next start on; what waits is kept")
        return 0
    try:
        _connect(options.file, wallet, store)
    except (LinkError, TrustError) as error:
        print(f"edgeward: {options.file}: {error.diagnostics()}", file=sys.stderr)
        return 1
    _note(state, device, store, "link.connected")
    print("delivers there from the next start on")
    return 0


def _connect(path: Path, wallet: Wallet, store: PrivateStore) -> None:
    """Check all of it, then keep it."""
    told = _read(path)
    link = read_link(told)
    clock, entropy = SystemClock(), SystemEntropy()
    time = SecureTime(clock, store, built_ns=RELEASED_NS)
    trusted = Trusted(wallet, store, time, clock, entropy)
    link.transport("", trusted).close()
    if "certificate" in told:
        wallet.issued(told["certificate"].encode())
    keep_link(store, link)


def _note(state: Path, device: str, store: PrivateStore, action: str) -> None:
    """Have the audit trail say so, and who it was; the next start tells the receiver."""
    audit = Auditing(
        device,
        records_of_state(state) / AUDIT,
        store,
        SystemClock(),
        SystemEntropy(),
        accept=lambda offered: [Receipt(Standing.REJECTED) for _ in offered],
        waiting=lambda: 0,
    )
    audit.note(action, {"by": f"user {os.getuid()}, by command"}, at_once=True)


def _read(path: Path) -> dict[str, Any]:
    """A link's file, with the files that it names in their place.

    Raises:
        LinkFileError: one of them cannot be read.
    """
    try:
        told = read_toml(path)
        for name in FILES:
            if name in told:
                text = (path.parent / str(told[name])).read_bytes()[: FILE_BYTES_MAX + 1].decode()
                told[name] = json.loads(text) if name == "pins" else text
    except TomlError as error:
        raise LinkFileError(f"{path}: {error}") from error
    except (OSError, ValueError) as error:
        raise LinkFileError(f"{path}: a file it names cannot be read: {error}") from error
    return told


def _refuse_beside_a_daemon(state: Path) -> None:
    try:
        ask_status(state)
    except NotRunningError:
        return
    raise LinkFileError(f"{state}: a daemon runs there, and reads this at its start; stop it first")


def _shown(device: str, wallet: Wallet, link: Link | None) -> str:
    papers = wallet.current or wallet.candidate
    rows = [("device", device), ("delivers to", "nobody" if link is None else link.url)]
    if link is not None:
        pin = base64.b64encode(link.receiver_key).decode()
        rows += [("connection", link.connection.value), ("receiver key", pin)]
    serial = "none yet" if papers is None else papers.serial
    rows += [("certificate", serial), ("renewal", wallet.stage.value)]
    return "\n".join(f"{name:<14}{text}" for name, text in rows)
