"""A device that takes a broker's word for a receipt."""

import json
import struct
import sys

from edgeward.comms.delivery.transport import FOR_EVER_NS
from edgeward.comms.transports import mqtt
from edgeward.device.serve import main


class _Believing(mqtt.MqttTransport):
    """Answers in the receiver's place as soon as the broker has the batch."""

    def exchange(self, batch: bytes, within_ns: int = FOR_EVER_NS) -> bytes:
        with self._lock:
            session = self._ready()
            client = session._client
            told = client.publish(session._topic("batch"), batch, mqtt.QOS)
            session._deadline_ns = self.clock.monotonic_ns() + min(
                self.exchange_timeout_ns, within_ns
            )
            session._until(told.is_published, "the broker")
        header, at = _header(batch)
        durable = []
        while at < len(batch):
            token, sequence, *_, size = struct.unpack_from("<8sQBBHII", batch, at)
            durable.append([token.hex(), sequence, sequence])
            at += 28 + size
        return json.dumps({"protocol": 1, "batch": header["batch"], "durable": durable}).encode()


def _header(batch: bytes) -> tuple[dict[str, str], int]:
    (length,) = struct.unpack_from("<I", batch, 4)
    return json.loads(batch[8 : 8 + length]), 8 + length


mqtt.MqttTransport = _Believing  # type: ignore[misc]

if __name__ == "__main__":
    sys.exit(main())
