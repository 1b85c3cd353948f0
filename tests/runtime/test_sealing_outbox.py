"""Keys live and die as records come and go: a real outbox and a real keyring, in any order."""

import contextlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from outbox_bench import EVERY, MIB, every, swift_folder
from sealed import DAY_NS, DEVICE, Receiver, started

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.database import FolderDatabase
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.outbox.outbox import Outbox
from edgeward.comms.record import DataKey, Identity, Offered, RecordClass, Standing
from edgeward.comms.sealing.keyring import Wrapper
from edgeward.errors import SealError, StoreError

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("EDGEWARD_KEY_RUNS", "40"))
MONTH_NS = 30 * DAY_NS
PATIENTS = st.sampled_from([None, "p-1", "p-2", "p-3"])
RECEIVER = Receiver()


class KeysAndRecords(RuleBasedStateMachine):
    """The model: what was accepted, whose it is, and who was erased."""

    @initialize()
    def begin(self) -> None:
        self.stack = contextlib.ExitStack()
        fallback = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.folder = self.stack.enter_context(swift_folder(fallback))
        self.disk = MemoryLog()
        self.starts = self.month = self.number = 0
        self.waiting: dict[Identity, tuple[str | None, bytes]] = {}
        self.erased: set[str] = set()
        self.start()

    def start(self) -> None:
        self.starts += 1
        now_ns = self.month * MONTH_NS
        self.sealing = started(self.disk, seed=self.starts, now_ns=now_ns)
        self.outbox = Outbox(
            FolderDatabase(self.folder / "outbox"),
            self.sealing.sealer,
            self.sealing.entropy,
            Allowance(4 * MIB),
        )

    @rule(patient=PATIENTS, kind=st.sampled_from(EVERY), count=st.integers(1, 3))
    def accept(self, patient: str | None, kind: RecordClass, count: int) -> None:
        payloads = [b"%d" % (self.number + one) for one in range(count)]
        self.number += count
        receipts = self.outbox.accept([Offered(kind, one, patient) for one in payloads])
        for receipt, payload in zip(receipts, payloads, strict=True):
            if patient in self.erased:
                assert receipt.standing is Standing.REJECTED
                assert "were destroyed" in receipt.reason
            else:
                assert receipt.standing is Standing.DURABLE, receipt.reason
                assert receipt.identity is not None
                self.waiting[receipt.identity] = patient, payload

    @rule(orderly=st.booleans())
    def restart(self, orderly: bool) -> None:
        if orderly:
            self.outbox.close()
        self.disk, refusal = self.disk.survivor(), self.disk.refusal
        self.disk.refusal = refusal
        self.start()

    @rule()
    def the_disk_of_the_keys_refuses(self) -> None:
        self.disk.refusal = "no space"

    @rule()
    def the_disk_of_the_keys_takes(self) -> None:
        self.disk.refusal = None

    @rule(steps=st.integers(0, 3))
    def care(self, steps: int) -> None:
        """A month passes; wrapping anew may be cut short at any key."""
        self.month += 1
        now_ns = self.month * MONTH_NS
        with contextlib.suppress(StoreError):
            self.sealing.ring.rotate(now_ns, MONTH_NS)
            keys = self.outbox.all_keys()
            for key in keys[: len(keys) * steps // 3]:
                self.wrap_anew(key)
            in_use = [Wrapper(key.subject, key.ring) for key in self.outbox.all_keys()]
            self.sealing.ring.retire(in_use, now_ns, MONTH_NS)

    def wrap_anew(self, key: DataKey) -> None:
        with contextlib.suppress(SealError):
            new = self.sealing.sealer.rewrapped(key)
            self.outbox.rewrap([] if new is None else [new])

    @rule(patient=PATIENTS)
    def erase(self, patient: str | None) -> None:
        if patient is None or patient in self.erased:
            return
        before = len(self.sealing.ring.erased())
        with contextlib.suppress(StoreError):
            self.sealing.ring.erase(patient, at_ns=self.month * MONTH_NS)
        if len(self.sealing.ring.erased()) == before:
            return  # the disk refused; nothing is promised
        self.outbox.erase(self.sealing.ring.erased()[-1].subject)
        self.erased.add(patient)
        gone = [name for name, (whose, _) in self.waiting.items() if whose == patient]
        for name in gone:
            del self.waiting[name]

    @rule(patient=PATIENTS)
    def admit(self, patient: str | None) -> None:
        if patient in self.erased:
            with contextlib.suppress(StoreError):
                self.sealing.ring.admit(patient)
                self.erased.remove(patient)

    @rule(count=st.integers(0, 5))
    def deliver(self, count: int) -> None:
        sent = every(self.outbox)[:count]
        for one in sent:
            (key,) = self.outbox.keys([one])
            grant = self.sealing.sealer.grant(key, RECEIVER.public)
            assert len(RECEIVER.granted(grant, DEVICE, key)) == 32
        self.outbox.delivered(sent)
        for one in sent:
            del self.waiting[one.identity]

    @invariant()
    def every_record_opens_for_whom_it_is(self) -> None:
        if not hasattr(self, "outbox"):
            return
        found: dict[Identity, bytes] = {}
        whose: dict[bytes | None, str | None] = {}
        for one in every(self.outbox):
            (key,) = self.outbox.keys([one])
            payload = self.sealing.sealer.open(one.identity, one.kind, key, one.sealed.blob)
            found[one.identity] = payload
            patient = self.waiting[one.identity][0]
            assert whose.setdefault(key.subject, patient) == patient, "two patients are one subject"
        assert found == {name: payload for name, (_, payload) in self.waiting.items()}

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.outbox.close()
            self.stack.close()


TestKeysAndRecords = KeysAndRecords.TestCase
TestKeysAndRecords.settings = settings(
    max_examples=RUNS, stateful_step_count=40, deadline=None, print_blob=True
)
