"""What is delivered in a second with a receipt that means something, beside one that does not.

Ours: sealed records from the outbox over mutual TLS 1.3 to a receiver that opens each of them, and
answers after its disk has them; then they leave the outbox, durably. The peer: paho publishes the
same number of records of the same length with QoS 1 to Mosquitto over TLS, as many in flight as it
likes; the broker acknowledges what it forgets when it is killed. Both take turns on one host; the
receiver and the broker are processes of their own.

*Bytes*: what crosses the wire for a record, beside its payload.
*Alarm*: so many records wait when the link comes up, and new ones come faster than they go. From
the moment when an alarm is handed to the outbox until it lies on the receiver's disk, at link-up
and later on; and the share of the bytes that what had waited gets meanwhile.

`bench_delivery.py [RECORDS [ROUNDS [BACKLOG]]]`, 20,000, 3 and 50,000 without. Goals: at least
three times the peer; each alarm within two seconds; a fifth of the bytes for what had waited.
"""

import datetime
import os
import sqlite3
import ssl
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from verdict import Verdict, on_host

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.entropy import SystemEntropy
from edgeward.comms.delivery.pace import Connection
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.record import Offered, RecordClass
from edgeward.device.outgoing.link import read_link
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward_harness.rig.receiving import Receiving
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.broker import Broker, mosquitto
from edgeward_harness.rig.sink.process import SinkProcess
from edgeward_harness.rig.stall import stall_probe

RECORD_BYTES = 200
GOAL = 3.0
ALARMS, APART_S, ALARM_GOAL_S = 20, 0.25, 2.0
SHARE_GOAL = 0.2
LIVE_WAITING = 2000
QUEUE_BYTES = 512 << 20
AT_ONCE = 1000


class Road:
    """A device's way out, enrolled at a receiver in a process of its own."""

    def __init__(self, folder: Path, connection: Connection = Connection.ALWAYS) -> None:
        self._connection = connection
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        folder.mkdir()
        self.bench = Bench(folder, 7, now)
        self.sink = SinkProcess(self.bench)
        self.sink.start()
        self.way = Outgoing(
            "bench", folder / "device", SystemClock(), SystemEntropy(), Allowance(QUEUE_BYTES)
        )

    def fill(self, count: int, kind: RecordClass = RecordClass.TREND) -> None:
        """Have so many records wait."""
        for _ in range(0, count, AT_ONCE):
            self.way.accept([Offered(kind, os.urandom(RECORD_BYTES), "p") for _ in range(AT_ONCE)])

    def feed(self, ended: threading.Event) -> None:
        """Never let new records run out."""
        while not ended.wait(0.01):
            if self.waiting(RecordClass.TREND) < LIVE_WAITING:
                self.fill(AT_ONCE)

    def connect(self) -> None:
        """Enrol, and begin to deliver."""
        receiving = Receiving(self.bench, self.bench.receiver(), self.sink.port)
        receiving.receiver.ledger.close()
        chain = self.bench.authority("enrol").sign_request(self.way.wallet.begin())
        told = {**receiving.link(), "connection": self._connection.value}
        self.way.connect(read_link(told), chain)

    def delivered(self, kind: RecordClass = RecordClass.TREND) -> int:
        """How many a receipt has come for."""
        return self.way.outbox.counts()[kind].delivered

    def waiting(self, kind: RecordClass) -> int:
        """How many wait."""
        return self.way.outbox.counts()[kind].queued

    def close(self) -> None:
        """End both."""
        self.way.close()
        self.sink.kill()


def ours(folder: Path, records: int) -> tuple[float, float]:
    """Records a second, and bytes of the wire a record."""
    road = Road(folder)
    road.fill(records)
    road.connect()
    while road.delivered() == 0:
        time.sleep(0.001)
    first, began_s = road.delivered(), time.perf_counter()
    while road.delivered() < records:
        time.sleep(0.002)
    rate = (records - first) / (time.perf_counter() - began_s)
    courier = road.way.courier
    assert courier is not None
    overhead_bytes = courier.counts.sent_bytes / records - RECORD_BYTES
    road.close()
    return rate, overhead_bytes


@dataclass(frozen=True)
class Behind:
    """How alarms fared behind a backlog, and the backlog behind all that is new."""

    link_up_s: float
    """Of the alarm that was put as the link came up."""
    delays_s: list[float]
    """Of those after it."""
    share: float
    """Of the bytes of records, for what had waited."""
    left: int
    """How many records waited still when the last alarm had come."""

    @property
    def kept(self) -> bool:
        """Whether the goals were."""
        in_time = max(self.link_up_s, *self.delays_s) <= ALARM_GOAL_S
        return in_time and round(self.share, 2) >= SHARE_GOAL and self.left > 0

    def say(self, queued: int) -> None:
        """Print it beside the goals."""
        print(
            f"  alarm with {queued} queued, from the outbox to the receiver's disk: at link-up"
            f" {self.link_up_s * 1e3:.0f} ms, later median"
            f" {statistics.median(self.delays_s) * 1e3:.1f} ms, longest"
            f" {max(self.delays_s) * 1e3:.1f} ms of {len(self.delays_s)}, goal at most"
            f" {ALARM_GOAL_S * 1e3:.0f}"
        )
        print(
            f"  what had waited got {self.share:.3f} of the bytes meanwhile, goal at least"
            f" {SHARE_GOAL}; {self.left} wait on: {'kept' if self.kept else 'MISSED'}"
        )


def behind(folder: Path, queued: int) -> Behind:
    """Alarms that are put while a backlog drains and new records never run out."""
    road, ended = Road(folder, Connection.INTERMITTENT), threading.Event()
    road.fill(queued, RecordClass.WAVEFORM)
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
        road.connect()
        link_up_s = _alarm(road, ledger)
        feeding = threading.Thread(target=road.feed, args=(ended,))
        feeding.start()
        while road.delivered() == 0:
            time.sleep(0.01)
        before, delays_s = _newest(ledger), []
        for _ in range(ALARMS):
            time.sleep(APART_S)
            delays_s.append(_alarm(road, ledger))
        ((waited, all_bytes),) = ledger.execute(
            "SELECT sum(length(blob) * (kind = ?)), sum(length(blob)) FROM records"
            " WHERE arrived > ?",
            (RecordClass.WAVEFORM, before),
        )
    ended.set()
    feeding.join()
    left = road.waiting(RecordClass.WAVEFORM)
    road.close()
    return Behind(link_up_s, delays_s, waited / all_bytes, left)


def _alarm(road: Road, ledger: sqlite3.Connection) -> float:
    """How long one takes to the receiver's disk."""
    before, began_s = _newest(ledger), time.perf_counter()
    road.way.accept([Offered(RecordClass.ALARM, b"alarm", "p")])
    asked = "SELECT 1 FROM records WHERE arrived > ? AND kind = ?"
    while not ledger.execute(asked, (before, RecordClass.ALARM)).fetchone():
        time.sleep(0.001)
    return time.perf_counter() - began_s


def _newest(ledger: sqlite3.Connection) -> int:
    """The place of what came last."""
    ((newest,),) = ledger.execute("SELECT coalesce(max(arrived), 0) FROM records")
    return int(newest)


def peer(folder: Path, records: int) -> float:
    """Records a second that paho has an acknowledgement for, from Mosquitto over mutual TLS."""
    folder.mkdir()
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    bench = Bench(folder, 7, now)
    own = folder / "client.pem"
    own.write_bytes(bench.authority("client").client("bench").pem)
    with Broker(folder, bench.papers()) as broker:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        context = ssl.create_default_context(cadata=bench.authority().pem.decode())
        context.load_cert_chain(own)
        client.tls_set_context(context)
        client.max_inflight_messages_set(1000)
        done, got = threading.Event(), [0]

        def acknowledged(*_: object) -> None:
            got[0] += 1
            if got[0] == records:
                done.set()

        client.on_publish = acknowledged
        client.connect("localhost", broker.port)
        client.loop_start()
        payload = os.urandom(RECORD_BYTES)
        began_s = time.perf_counter()
        for _ in range(records):
            client.publish("edgeward/v1/bench/batch", payload, qos=1)
        done.wait(120)
        rate = got[0] / (time.perf_counter() - began_s)
        client.loop_stop()
        client.disconnect()
    return rate


def main(records: int = 20_000, rounds: int = 3, queued: int = 50_000) -> int:
    """Measure both in turn; the verdict as an exit status."""
    if mosquitto() is None:
        print("delivery: no mosquitto here to measure beside: no verdict")
        return Verdict.NONE
    ratios = []
    with tempfile.TemporaryDirectory() as made, stall_probe() as stalls:
        for number in range(rounds):
            theirs = peer(Path(made) / f"peer-{number}", records)
            mine, overhead_bytes = ours(Path(made) / f"ours-{number}", records)
            ratios.append(mine / theirs)
            print(
                f"  delivered {mine:9.0f} a second, durable at both ends,"
                f" {overhead_bytes:.0f} bytes a record beside its {RECORD_BYTES};"
                f" paho QoS 1 {theirs:9.0f}, kept by nobody: {mine / theirs:.2f}"
            )
        ratio = statistics.median(ratios)
        kept = ratio >= GOAL
        print(f"  ratio {ratio:.2f}, goal at least {GOAL}: {'kept' if kept else 'MISSED'}")
        found = behind(Path(made) / "behind", queued)
        found.say(queued)
    return on_host(stalls, missed=not (kept and found.kept))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
