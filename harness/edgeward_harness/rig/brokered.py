"""A receiver behind a real broker, which can be killed and started again while devices publish."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from edgeward_harness.rig.receiving import Receiving, receiving
from edgeward_harness.rig.sink.broker import RECEIVER, Broker
from edgeward_harness.rig.sink.mqtt import MqttSink
from edgeward_harness.rig.sink.server import Papers


@dataclass(frozen=True, slots=True)
class Brokered:
    """What stands between a device and its ledger."""

    here: Receiving
    broker: Broker
    sink: MqttSink

    def kill(self) -> None:
        """Kill the broker, whatever it is doing, and start it anew: what it held is gone."""
        self.broker.kill()
        self.broker.start()
        self.sink.wait()


@contextlib.contextmanager
def brokered(seed: int) -> Iterator[Brokered]:
    """A broker and a receiver that listens there; gone when the block ends."""
    with receiving(seed) as here, contextlib.ExitStack() as stack:
        here.stop()
        bench = here.bench
        papers = bench.papers()
        broker = stack.enter_context(Broker(bench.folder, papers))
        own = bench.folder / "receiver.pem"
        own.write_bytes(bench.authority("receivers").client(RECEIVER).pem)
        at_broker = Papers(own, papers.authorities)
        sink = stack.enter_context(MqttSink(here.receiver, broker.port, at_broker))
        here.scheme, here.port = "mqtts", broker.port
        yield Brokered(here, broker, sink)
