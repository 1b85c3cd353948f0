"""A receiver as a process of its own, which can be killed: `python -m edgeward_harness.rig.sink`.

It says where it listens in one line of JSON, then answers one line for each that it is asked, and
ends when it is asked nothing more.
"""

import datetime
import json
import sys
from pathlib import Path
from typing import Any

from edgeward_harness.rig.sink.account import account, arrivals
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.faults import Fault
from edgeward_harness.rig.sink.receiver import Receiver
from edgeward_harness.rig.sink.server import HttpsSink, server_context


def obey(receiver: Receiver, order: dict[str, Any]) -> object:
    """Do what a bench asks; the answer is any JSON value."""
    match order["do"]:
        case "account":
            return account(receiver.ledger, order["device"]).to_dict()
        case "arrivals":
            return arrivals(receiver.ledger, order["device"])
        case "fault":
            fault = Fault(order["fault"])
            receiver.faults.order(fault, order.get("times", 1), order.get("value", 0))
        case "limits":
            receiver.faults.batch_bytes_max = order.get("batch_bytes_max")
            receiver.faults.poison = frozenset(order.get("poison", ()))
            receiver.faults.refuse = frozenset(order.get("refuse", ()))
        case "clear":
            receiver.faults.clear()
        case unknown:
            raise ValueError(f"nothing is known of {unknown!r}")
    return True


def main(folder: str, seed: str, now_s: str, port: str) -> None:
    """Serve until the questions end."""
    now = datetime.datetime.fromtimestamp(int(now_s), datetime.UTC)
    bench = Bench(Path(folder), int(seed), now)
    receiver = bench.receiver()
    with HttpsSink(receiver, server_context(bench.papers()), int(port)) as sink:
        _say({"port": sink.port})
        for line in sys.stdin:
            _say({"answer": obey(receiver, json.loads(line))})


def _say(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
