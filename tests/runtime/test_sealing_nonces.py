"""No nonce is used twice with one key: over restarts, crashes, and folders restored from a copy."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from sealed import DAY_NS, DEVICE, Receiver, started

from edgeward.adapters.append_log import MemoryLog
from edgeward.comms.record import DataKey, Identity, Offered, RecordClass

ACTIONS = ("seal", "seal", "seal", "restart", "copy", "restore", "rotate", "rewrap", "erase")
RECEIVER = Receiver()


class Device:
    """One device whose folder is copied and put back, and all that it has ever sealed."""

    def __init__(self) -> None:
        self.disk = MemoryLog()
        self.copy = MemoryLog()
        self.starts = 0
        self.months = 0
        self.keys: dict[tuple[bytes, int], DataKey] = {}
        self.used: list[tuple[bytes, bytes]] = []
        """Every data key with the nonce it was used with."""
        self.wrapped: list[bytes] = []
        self.restart()

    def restart(self) -> None:
        """What a process finds: the disk, entropy that no process had before, another epoch."""
        self.starts += 1
        self.disk = self.disk.survivor()
        self.now = started(self.disk, seed=self.starts)
        self.epoch, self.sequence = self.now.begin(), 0

    def seal(self, kind: RecordClass, patient: str | None) -> None:
        self.sequence += 1
        identity = Identity(self.epoch, self.sequence)
        if patient is not None:
            self.now.ring.admit(patient)
        number = self.now.sealer.seal(identity, Offered(kind, b"same", patient)).key
        for key in self.now.sealer.drawn():
            self.keys[key.epoch.token, key.number] = key
            self.wrapped.append(key.wrapped[:12])
        key = self.keys[self.epoch.token, number]
        grant = self.now.sealer.grant(key, RECEIVER.public)
        nonce = bytes(4) + self.sequence.to_bytes(8, "big")
        self.used.append((RECEIVER.granted(grant, DEVICE, key), nonce))

    def do(self, action: str, kind: RecordClass, patient: str | None) -> None:
        if action == "seal":
            self.seal(kind, patient)
        elif action == "copy":
            self.copy = self.disk.survivor()
        elif action == "rotate":
            self.months += 1
            self.now.ring.rotate(self.months * 30 * DAY_NS, 30 * DAY_NS)
        elif action == "rewrap":
            for at, key in self.keys.items():
                if key.subject is None and key.epoch == self.epoch:
                    self.keys[at] = self.now.sealer.rewrapped(key) or key
        elif action == "erase" and patient is not None:
            self.now.ring.erase(patient, at_ns=1)
        elif action == "restart":
            self.restart()
        elif action == "restore":
            self.disk = self.copy
            self.restart()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTIONS), st.sampled_from(RecordClass), st.sampled_from([None, "p-1", "p"])
    ),
    max_size=40,
)


@given(STEPS)
@settings(deadline=None, max_examples=40)
def test_a_key_never_meets_a_nonce_twice(
    steps: Sequence[tuple[str, RecordClass, str | None]],
) -> None:
    device = Device()
    for action, kind, patient in steps:
        device.do(action, kind, patient)
    assert len(set(device.used)) == len(device.used)
    assert len(set(device.wrapped)) == len(device.wrapped)


def test_a_restored_folder_goes_on_under_other_keys() -> None:
    device = Device()
    for _ in range(3):
        device.seal(RecordClass.ALARM, "p-1")
    device.do("copy", RecordClass.ALARM, None)
    for _ in range(2):
        device.do("restore", RecordClass.ALARM, None)
        for _ in range(3):
            device.seal(RecordClass.ALARM, "p-1")
    assert [nonce[-1] for _, nonce in device.used] == 3 * [1, 2, 3]
    assert len({key for key, _ in device.used}) == 3
