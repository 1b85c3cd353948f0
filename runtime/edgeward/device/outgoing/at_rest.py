"""The queue of a device that does not run, for whoever comes with a medium."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.database import FolderDatabase
from edgeward.adapters.entropy import SystemEntropy
from edgeward.adapters.private_store import PrivateStore
from edgeward.adapters.store import DirectoryStore
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import RecordClass
from edgeward.comms.sealing.keyring import Keyring
from edgeward.comms.sealing.keystore import SoftwareKeystore
from edgeward.comms.sealing.sealer import RecordSealer
from edgeward.comms.trust.wallet import Wallet
from edgeward.device.identity import device_id
from edgeward.device.outgoing.auditing import Auditing
from edgeward.device.outgoing.carrying import Carrier, CarryError
from edgeward.device.outgoing.layout import AUDIT, KEYS, OUTBOX, TRUST, records_of_state

ROOM_BYTES = 64 << 20
"""More than lies there already: nothing is given up because somebody looked."""


@contextlib.contextmanager
def carrier_at_rest(state: Path) -> Iterator[Carrier]:
    """What carries for the device whose state lies in this folder; nothing else is delivered.

    Raises:
        CarryError: nothing was ever kept there.
        StoreError: a device has its queue open, or the disk refuses.
        SealError: the keys are not those of this queue.
    """
    folder = records_of_state(state)
    if not (folder / OUTBOX).is_dir():
        raise CarryError(f"{state}: no device has kept records there; name its folder by --state")
    clock, entropy = SystemClock(), SystemEntropy()
    device = device_id(DirectoryStore(state), entropy)
    trust, keys = PrivateStore(folder / TRUST), PrivateStore(folder / KEYS)
    ring = Keyring(SoftwareKeystore(keys, entropy), keys, entropy, clock.wall_ns())
    sealer = RecordSealer(device, ring, entropy)
    file = FolderDatabase(folder / OUTBOX)
    outbox = Outbox(file, sealer, entropy, Allowance(file.size_bytes() + ROOM_BYTES))
    audit = Auditing(
        device, folder / AUDIT, trust, clock, entropy, outbox.accept,
        lambda: outbox.counts()[RecordClass.AUDIT].queued,
    )  # fmt: skip
    try:
        yield Carrier(device, outbox, sealer, trust, Wallet(trust, device), entropy, audit.note)
    finally:
        audit.round()
        outbox.close()
