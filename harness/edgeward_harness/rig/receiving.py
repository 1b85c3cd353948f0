"""A receiver beside the device: it is enrolled there, delivers there, and every record is counted.

What a device kept and sent is known from the receiver's own ledger, which reads the wire by
docs/delivery.md alone; what the device says of itself is not asked here.
"""

import base64
import contextlib
import datetime
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward_harness.errors import Finding
from edgeward_harness.rig.sink.account import Account, account
from edgeward_harness.rig.sink.bench import NAME, Bench
from edgeward_harness.rig.sink.carried import Desk
from edgeward_harness.rig.sink.decode import Record
from edgeward_harness.rig.sink.opening import UnreadableError, open_record
from edgeward_harness.rig.sink.receiver import Receiver
from edgeward_harness.rig.sink.server import HttpsSink, server_context
from edgeward_harness.target import DeviceSession

_CONTEXT = b"edgeward pins 1\0"
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Put:
    """A record that a case had the device keep, and what the device said of it."""

    kind: str
    payload: bytes
    standing: str
    epoch: str | None
    sequence: int | None

    @property
    def identity(self) -> tuple[str, int]:
        """Which record of the device it is."""
        assert self.epoch is not None
        assert self.sequence is not None
        return self.epoch, self.sequence


def payload_of(about: dict[str, Any]) -> bytes:
    """An object as the payload of a record, by docs/delivery.md."""
    return b"\0\1" + json.dumps(about, sort_keys=True).encode()


def put(
    device: DeviceSession, records: Sequence[tuple[str, bytes]], patient: str | None = None
) -> list[Put]:
    """Have the device keep records: class and payload of each."""
    asked = [
        {"class": kind, "payload": base64.b64encode(payload).decode(), "patient": patient}
        for kind, payload in records
    ]
    told = device.call("outbox.put", {"records": asked})["receipts"]
    if len(told) != len(records):
        raise Finding(f"{len(records)} records were put, and {len(told)} receipts came")
    return [
        Put(kind, payload, one["standing"], one["epoch"], one["sequence"])
        for (kind, payload), one in zip(records, told, strict=True)
    ]


@dataclass(slots=True)
class Receiving:
    """A receiver that listens, or does not, always at one address."""

    bench: Bench
    receiver: Receiver
    port: int = 0
    """Where devices find it: its own port, or that of whatever stands before it."""
    scheme: str = "https"
    """By which way devices send."""
    _sink: HttpsSink | None = None
    _own_port: int = 0
    _root: Ed25519PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        """The root of its pins comes from its seed."""
        material = hashlib.sha256(f"pin root/{self.bench.seed}".encode()).digest()
        self._root = Ed25519PrivateKey.from_private_bytes(material)

    def start(self) -> None:
        """Listen, on the port of before."""
        if self._sink is None:
            context = server_context(self.bench.papers())
            self._sink = HttpsSink(self.receiver, context, self._own_port)
            self._sink.start()
            self._own_port = self._sink.port
            self.port = self.port or self._own_port

    def stop(self) -> None:
        """Listen no more; what was taken stays taken."""
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.close()

    @property
    def own_port(self) -> int:
        """Where the receiver itself listens."""
        return self._own_port

    def enrol(self, device: DeviceSession, **changed: object) -> None:
        """Sign the device's certificate, and tell it where to deliver."""
        request = device.call("link.request", {})["request"]
        chain = self.bench.authority("enrol").sign_request(request.encode())
        told = {**self.link(), "certificate": chain.decode(), **changed}
        if "carried" in device.description["capabilities"]:
            told = {"answer_key": self.desk().public_key, **told}
        device.call("link.connect", told)

    def desk(self) -> Desk:
        """Where media are brought."""
        return Desk(self.receiver, self.bench.authority().certificate, self.bench.seed)

    def link(self) -> dict[str, Any]:
        """What a device has to know of this receiver."""
        public = self._root.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return {
            "url": f"{self.scheme}://{NAME}:{self.port}",
            "authorities": self.bench.authority().pem.decode(),
            "pin_root": base64.b64encode(public).decode(),
            "pins": self._pins(),
            "receiver_key": base64.b64encode(self.receiver.opener.public).decode(),
        }

    def _pins(self) -> dict[str, Any]:
        own = self.bench.authority("server").server(NAME).pin
        spare = hashlib.sha256(f"spare/{self.bench.seed}".encode()).hexdigest()
        told = {"version": 1, "pins": [own, spare], "before": "", "issued_ns": 0}
        text = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        signature = base64.b64encode(self._root.sign(_CONTEXT + text)).decode()
        return {"set": told, "signature": signature}

    def account(self, device: str) -> Account:
        """What the receiver can prove of a device."""
        return account(self.receiver.ledger, device)

    def payloads(self, device: str) -> dict[tuple[str, int], bytes]:
        """What every record says that was received, opened with the keys that were granted.

        One that its key does not open says nothing.
        """
        ledger = self.receiver.ledger
        opened = {}
        for token, sequence, kind, flags, key, blob in ledger.rows(
            "SELECT token, sequence, kind, flags, key, blob FROM records WHERE device = ?", device
        ):
            secret = ledger.secret(device, token, key)
            if secret is not None:
                record = Record(token, sequence, kind, flags, key, blob)
                with contextlib.suppress(UnreadableError):
                    opened[token.hex(), sequence] = open_record(device, record, secret)
        return opened

    def received(self, device: str) -> set[tuple[str, int]]:
        """The identities that it holds."""
        return {
            (token.hex(), sequence)
            for token, sequence in self.receiver.ledger.rows(
                "SELECT token, sequence FROM records WHERE device = ?", device
            )
        }


@contextlib.contextmanager
def receiving(seed: int, folder: Path | None = None) -> Iterator[Receiving]:
    """A receiver of its own for a case, listening; gone with what it held when the block ends."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="edgeward-receiver-"))
        bench = Bench(folder or Path(made), seed, now)
        here = Receiving(bench, bench.receiver())
        stack.callback(lambda: here.receiver.ledger.close())
        stack.callback(here.stop)
        here.start()
        yield here


def until(true: Callable[[], bool], within_s: float) -> bool:
    """Look again and again until something holds; whether it did in time."""
    deadline_s = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(_LOOK_S)
    return True
