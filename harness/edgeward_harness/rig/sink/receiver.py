"""What a receiver answers, whatever carried the question."""

import base64
import json
import os
import re
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgeward_harness.rig.sink.decode import BadBatchError, read_batch
from edgeward_harness.rig.sink.faults import Fault, Faults, Ordered
from edgeward_harness.rig.sink.ledger import Ledger
from edgeward_harness.rig.sink.opening import Opener

PAGE = b"<html><body>Welcome to the guest network. Please sign in.</body></html>"
_NONCE = re.compile("[0-9a-f]{2,128}")


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks: what its certificate says."""

    device: str
    serial: str = ""
    """The serial number of its certificate, in hex."""
    pin: str = ""
    """The SHA-256 of its public key, in hex."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, as HTTP has it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    keep_bytes: int | None = None
    """The connection ends after this much of the body; with None it goes on."""
    silent: bool = False
    """The connection ends before anything is answered."""


@dataclass(slots=True)
class Receiver:
    """One receiver: its ledger, its key, and what it was asked to do wrong."""

    ledger: Ledger
    opener: Opener
    faults: Faults = field(default_factory=Faults)
    devices: Mapping[str, frozenset[str]] | None = None
    """The pins of the keys that each device may come with; None where any device may come."""
    enrol: Callable[[bytes], bytes] | None = None
    """Signs a request for a certificate."""
    pin_sets: list[dict[str, Any]] = field(default_factory=list)
    """Signed sets of pins, one for each version."""
    now_ns: Callable[[], int] = time.time_ns

    def admits(self, peer: Peer) -> bool:
        """Whether this peer may come at all."""
        if self.devices is None:
            return True
        return peer.pin in self.devices.get(peer.device, frozenset())

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, peer: Peer
    ) -> Reply:
        """Answer one request."""
        if not self.admits(peer):
            self.ledger.refusal(peer.device, "stranger", peer.pin)
            return _told(403, reason=f"no device {peer.device!r} with this key is known here")
        known = {
            ("GET", "/v1/hello"): lambda: self._hello(query, peer),
            ("GET", "/v1/pins"): lambda: self._pins(query),
            ("POST", "/v1/batches"): lambda: self._batch(body, peer),
            ("POST", "/v1/certificates"): lambda: self._certificate(body),
        }
        if (method, path) not in known:
            return _told(404, reason=f"{method} {path} is nothing here")
        ordered = self.faults.take() or Ordered(Fault.SLOW)
        early = self._before(ordered)
        return early or self._after(ordered, known[method, path]())

    def _before(self, ordered: Ordered) -> Reply | None:
        """What goes wrong before anything is kept."""
        if ordered.fault is Fault.FORGET_KEYS:
            self.ledger.forget_keys()
        if ordered.fault is Fault.DIE_BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        wait = {"Retry-After": str(ordered.value)} if ordered.value else {}
        replies = {
            Fault.BUSY: Reply(429, headers=wait),
            Fault.UNAVAILABLE: Reply(503, headers=wait),
            Fault.ERROR: Reply(500),
            Fault.UNAUTHORISED: Reply(401),
            Fault.FORBIDDEN: Reply(403),
            Fault.PORTAL_PAGE: Reply(200, PAGE, {"Content-Type": "text/html"}),
            Fault.PORTAL_REDIRECT: Reply(302, headers={"Location": "http://portal.invalid/"}),
            Fault.LOST_REQUEST: Reply(200, silent=True),
        }
        return replies.get(ordered.fault)

    def _after(self, ordered: Ordered, reply: Reply) -> Reply:
        """What goes wrong once all is kept."""
        match ordered.fault:
            case Fault.DIE_AFTER:
                os.kill(os.getpid(), signal.SIGKILL)
            case Fault.SLOW if ordered.value:
                time.sleep(ordered.value / 1000)
            case Fault.LOST_ANSWER:
                return Reply(200, silent=True)
            case Fault.CUT_ANSWER:
                return Reply(200, reply.body, reply.headers, keep_bytes=len(reply.body) // 2)
            case Fault.NOT_JSON:
                return Reply(200, b"certainly", {"Content-Type": "application/json"})
            case Fault.WRONG_BATCH:
                return _told(200, **json.loads(reply.body) | {"batch": "0" * 32})
        return reply

    def _hello(self, query: Mapping[str, str], peer: Peer) -> Reply:
        nonce = query.get("nonce", "")
        if not _NONCE.fullmatch(nonce):
            return _told(400, reason=f"a nonce {nonce!r:.80}; accepted: hex digits")
        key = base64.b64encode(self.opener.public).decode()
        return _told(
            200,
            protocol=1,
            nonce=nonce,
            receiver={"key": key},
            now_ns=self.now_ns(),
            client_serial=peer.serial,
        )

    def _pins(self, query: Mapping[str, str]) -> Reply:
        after = query.get("after", "0")
        if not after.isdecimal():
            return _told(400, reason=f"after version {after!r:.80}; accepted: a number")
        sets = [one for one in self.pin_sets if one["set"]["version"] > int(after)]
        return _told(200, protocol=1, sets=sets)

    def _certificate(self, body: bytes) -> Reply:
        if self.enrol is None:
            return _told(404, reason="nobody signs certificates here")
        try:
            return Reply(200, self.enrol(body), {"Content-Type": "application/x-pem-file"})
        except ValueError as error:
            return _told(400, reason=str(error))

    def _batch(self, body: bytes, peer: Peer) -> Reply:
        limit = self.faults.batch_bytes_max
        if limit is not None and len(body) > limit:
            return _told(413, reason=f"{len(body)} bytes; accepted: {limit}")
        try:
            batch = read_batch(body)
        except BadBatchError as error:
            self.ledger.refusal(peer.device, "bad batch", str(error))
            return _told(400, protocol=1, batch=error.batch, reason=str(error))
        if batch.device != peer.device:
            self.ledger.refusal(batch.device, "foreign", peer.device)
            return _told(403, reason=f"{peer.device!r} sends in the name of {batch.device!r}")
        poisoned = [one.sequence for one in batch.records if one.sequence in self.faults.poison]
        if poisoned:
            return _told(400, protocol=1, batch=batch.name, reason=f"poisoned by {poisoned}")
        taken = self.ledger.take(batch, self.faults.refuse)
        return _told(200, **taken.answer(batch.name))


def _told(status: int, **body: object) -> Reply:
    """An answer that is a JSON object."""
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
