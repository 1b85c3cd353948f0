"""What is delivered in a second with a receipt that means something, beside one that does not.

Ours: sealed records from the outbox over mutual TLS 1.3 to a receiver that opens each of them, and
answers after its disk has them; then they leave the outbox, durably. The peer: paho publishes the
same number of records of the same length with QoS 1 to Mosquitto over TLS, as many in flight as it
likes; the broker acknowledges what it forgets when it is killed. Both take turns on one host; the
receiver and the broker are processes of their own.

*Alarm*: from the receipt for an alarm, put while so many records wait, to its answer.
*Bytes*: what crosses the wire for a record, beside its payload.

`bench_delivery.py [RECORDS [ROUNDS]]`, 20,000 and 3 without. Goal: at least three times the peer.
"""

import datetime
import os
import ssl
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from verdict import Verdict, on_host

from edgeward.adapters.clock import SystemClock
from edgeward.adapters.entropy import SystemEntropy
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
ALARMS = 20
QUEUE_BYTES = 512 << 20
AT_ONCE = 1000


class Road:
    """A device's way out, enrolled at a receiver in a process of its own."""

    def __init__(self, folder: Path) -> None:
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        folder.mkdir()
        self.bench = Bench(folder, 7, now)
        self.sink = SinkProcess(self.bench)
        self.sink.start()
        self.way = Outgoing(
            "bench", folder / "device", SystemClock(), SystemEntropy(), Allowance(QUEUE_BYTES)
        )

    def fill(self, count: int) -> None:
        """Have so many records wait."""
        for _ in range(0, count, AT_ONCE):
            self.way.accept(
                [Offered(RecordClass.TREND, os.urandom(RECORD_BYTES), "p") for _ in range(AT_ONCE)]
            )

    def connect(self) -> None:
        """Enrol, and begin to deliver."""
        receiving = Receiving(self.bench, self.bench.receiver(), self.sink.port)
        receiving.receiver.ledger.close()
        chain = self.bench.authority("enrol").sign_request(self.way.wallet.begin())
        self.way.connect(read_link(receiving.link()), chain)

    def delivered(self, kind: RecordClass = RecordClass.TREND) -> int:
        """How many a receipt has come for."""
        return self.way.outbox.counts()[kind].delivered

    def close(self) -> None:
        """End both."""
        self.way.close()
        self.sink.kill()


def ours(folder: Path, records: int) -> tuple[float, float, list[float]]:
    """Records a second, bytes of the wire a record, and how long alarms took behind the rest."""
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
    delays_s = _alarms(road, records)
    road.close()
    return rate, overhead_bytes, delays_s


def _alarms(road: Road, records: int) -> list[float]:
    """Alarms that are put while a backlog drains."""
    delays_s = []
    for number in range(ALARMS):
        if number % 5 == 0:
            road.fill(records // 2)
        road.way.accept([Offered(RecordClass.ALARM, b"alarm", "p")])
        began_s = time.perf_counter()
        while road.delivered(RecordClass.ALARM) <= number:
            time.sleep(0.0005)
        delays_s.append(time.perf_counter() - began_s)
    return delays_s


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


def main(records: int = 20_000, rounds: int = 3) -> int:
    """Measure both in turn; the verdict as an exit status."""
    if mosquitto() is None:
        print("delivery: no mosquitto here to measure beside: no verdict")
        return Verdict.NONE
    ratios, delays_s = [], []
    with tempfile.TemporaryDirectory() as made, stall_probe() as stalls:
        for number in range(rounds):
            theirs = peer(Path(made) / f"peer-{number}", records)
            mine, overhead_bytes, delays = ours(Path(made) / f"ours-{number}", records)
            ratios.append(mine / theirs)
            delays_s += delays
            print(
                f"  delivered {mine:9.0f} a second, durable at both ends,"
                f" {overhead_bytes:.0f} bytes a record beside its {RECORD_BYTES};"
                f" paho QoS 1 {theirs:9.0f}, kept by nobody: {mine / theirs:.2f}"
            )
    ratio = statistics.median(ratios)
    print(
        f"  alarm behind a backlog: median {statistics.median(delays_s) * 1e3:.1f} ms,"
        f" longest {max(delays_s) * 1e3:.1f} ms of {len(delays_s)}"
    )
    print(f"  ratio {ratio:.2f}, goal at least {GOAL}: {'kept' if ratio >= GOAL else 'MISSED'}")
    return on_host(stalls, missed=ratio < GOAL)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
