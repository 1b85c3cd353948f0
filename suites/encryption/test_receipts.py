"""What is no receipt is taken for none, however much it looks like one."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Receiving, receiving, until
from edgeward_harness.rig.sink.receiver import PAGE, Peer, Receiver, Reply
from edgeward_harness.rig.sink.server import HttpsSink
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import BATCHES, Hearing, connect, right_context
from .kept import Kept
from .recording import count

WITHIN_S: Final = 10.0
LATER_S: Final = 4.0
EMPTY_WITHIN_S: Final = 40.0
"""A busy host delays the last of a queue, in which the device has records of its own too."""
RECORDS: Final = 5
JSON: Final = {"Content-Type": "application/json"}
Forged = Callable[[dict[str, Any], bytes], Reply]
"""An answer that is made of the right one, and of an earlier one of the same receiver."""


def _told(right: dict[str, Any], status: int = 200, **changed: object) -> Reply:
    return Reply(status, json.dumps({**right, **changed}).encode(), JSON)


FORGED: Final[dict[str, Forged]] = {
    "replayed": lambda _, earlier: Reply(200, earlier, JSON),
    "of_another_batch": lambda right, _: _told(right, batch="0" * 32),
    "of_another_version": lambda right, _: _told(right, protocol=2),
    "without_a_name": lambda right, _: _told({k: v for k, v in right.items() if k != "batch"}),
    "with_another_status": lambda right, _: _told(right, status=202),
    "of_another_type": lambda right, _: Reply(
        200, json.dumps(right).encode(), {"Content-Type": "text/html"}
    ),
    "portal_page": lambda *_: Reply(200, PAGE, {"Content-Type": "text/html"}),
    "redirect": lambda *_: Reply(302, headers={"Location": "https://localhost/"}),
    "nothing": lambda *_: Reply(200, b"", JSON),
    "no_content": lambda *_: Reply(204),
    "an_empty_object": lambda *_: Reply(200, b"{}", JSON),
}


class Forger(Hearing):
    """A receiver that keeps no batch, and answers as if it did."""

    def __init__(self, own: Receiver) -> None:
        """Honest, until it is told otherwise."""
        super().__init__(own)
        self.forged: Forged | None = None
        self.earlier = b"{}"
        self.lied = 0

    def answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, peer: Peer
    ) -> Reply:
        """Answer, or answer falsely to a batch."""
        if self.forged is None or path != BATCHES:
            reply = super().answer(method, path, query, body, peer)
            self.earlier = reply.body if path == BATCHES else self.earlier
            return reply
        self.lied += 1
        return self.forged(_right(body), self.earlier)


def _right(batch: bytes) -> dict[str, Any]:
    """The receipt for all of a batch, whichever records are in it."""
    header = json.loads(batch[8 : 8 + int.from_bytes(batch[4:8], "little")])
    durable = [[one["token"], 1, (1 << 48) - 1] for one in header["epochs"]]
    return {
        "protocol": 1, "batch": header["batch"], "durable": durable, "refused": [],
        "keys_unknown": [],
    }  # fmt: skip


@pytest.mark.case("TC-ENC-006")
def test_receipts(measure: Measure, rig: Rig) -> None:
    """Nothing is forgotten for an answer that is no receipt.

    Method: a receiver that keeps nothing of a batch answers it falsely: with an earlier answer of
    its own, with the right one under another name, version, status or type, with a page of a
    portal, a redirect, or next to nothing. Afterwards it is honest again, and each record must
    arrive. To see that these could have been believed, the very receipt that was altered is given
    once unaltered, for records that are not kept either: they must not come again.
    """
    repeats = rig.samples("TC-ENC-006")
    faults: dict[str, list[str]] = {name: [] for name in FORGED}
    with receiving(rig.seed("receipts")) as rx, rig.open_device() as device:
        forger = Forger(rx.receiver)
        rx.stop()
        with HttpsSink(forger, right_context(rx)) as sink:
            rx.port = sink.port
            kept = Kept(device.description["device"]["id"])
            kept.some(device, RECORDS, "honest")
            rx.enrol(device)
            until(lambda: kept.arrived(rx), WITHIN_S)
            for name, forged in [*FORGED.items()] * repeats:
                faults[name] += _lied_to(device, rx, kept, forger, forged)
            connect(device, rx)
            until(lambda: kept.arrived(rx), WITHIN_S)
            judged = kept.judged(rx)
            believed = _believed(device, rx, forger)
    for name, found in faults.items():
        told = [f"{name}: {one}" for one in found]
        count(measure, f"forgotten_for_{name}", told, repeats, "each record comes later")
    count(measure, "records_lost_or_changed", judged, len(kept.puts), "each came as it was")
    measure.check(
        "right_receipt_is_believed", believed, expected="what it names does not come again",
        observed="it does not" if believed else "it came again",
    )  # fmt: skip


def _lied_to(
    device: DeviceSession, rx: Receiving, kept: Kept, forger: Forger, forged: Forged
) -> list[str]:
    """Records of which the receipt was forged, and what became of them."""
    device.call("link.disconnect", {})
    mine = Kept(kept.device)
    mine.some(device, RECORDS, "answered falsely")
    before = forger.lied
    forger.forged = forged
    connect(device, rx)
    until(lambda: forger.lied > before, WITHIN_S)
    until(lambda: bool(_link(device).get("failures") or _link(device).get("delivered")), WITHIN_S)
    forger.forged = None
    if forger.lied == before:
        return ["no batch came"]
    connect(device, rx)
    kept.puts |= mine.puts if until(lambda: mine.arrived(rx), LATER_S) else {}
    return [] if mine.arrived(rx) else ["they do not come any more"]


def _believed(device: DeviceSession, rx: Receiving, forger: Forger) -> bool:
    """Whether the receipt itself, which is altered everywhere else, makes the device forget."""
    device.call("link.disconnect", {})
    mine = Kept(str(device.description["device"]["id"]))
    mine.some(device, RECORDS, "answered rightly, and not kept")
    before = forger.lied
    forger.forged = lambda right, _: _told(right)
    connect(device, rx)
    until(lambda: forger.lied > before and not _queued(device), EMPTY_WITHIN_S)
    forger.forged = None
    connect(device, rx)
    asked = len(forger.asked)
    empty = until(lambda: len(forger.asked) > asked and not _queued(device), EMPTY_WITHIN_S)
    return empty and not mine.puts.keys() & rx.received(mine.device)


def _link(device: DeviceSession) -> Mapping[str, Any]:
    return device.call("outbox.status", {})["link"] or {}


def _queued(device: DeviceSession) -> int:
    classes = device.call("outbox.status", {})["classes"]
    return sum(int(one["queued"]) for one in classes.values())
