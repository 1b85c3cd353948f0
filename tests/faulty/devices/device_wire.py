"""The reference device behind a wire that alters what it says: `device_wire.py OPERATOR AT`.

`AT` is a method, a field of its answer (`resources.rss_bytes.value`), or a kind of event and a
field of it (`events:result.late`). A step through a list goes through each of its elements.

Operators on a field:
  negate   what is true is false, a number has the other sign
  shift    one more; an instant (`_ns`) a second more
  halve    half of it
  freeze   what it was the first time it was told
  blank    null
  reverse  a text, or a list, from behind
  other    the next of the words that stand here by turns
Operators on events of a kind: `drop` every third, `repeat` every third, `delay` tells every third
with the answer after.
Operator on a method: `skip` answers as if it had been done, and does nothing.
"""

import ctypes
import itertools
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any

OTHER = {
    "high": "low", "medium": "low", "low": "high", "signalled": "declared", "other": "fifo",
    "sinus": "asystole", "asystole": "sinus", "answer": "no_answer", "N": "V", "V": "N", "S": "N",
    "adult": "neonate", "on": "off", "off": "on", "durable": "rejected", "/min": "Hz",
}  # fmt: skip
SECOND_NS = 1_000_000_000
EACH = 3
_PDEATHSIG = 1


def negate(value: Any) -> Any:
    """The opposite."""
    return not value if isinstance(value, bool) else value and -value


def shift(value: Any) -> Any:
    """A little more."""
    if value is None or isinstance(value, bool | str):
        return value
    return value + (SECOND_NS if abs(value) >= SECOND_NS else 1)


def halve(value: Any) -> Any:
    """Half of it."""
    if isinstance(value, int):
        return value // 2
    return value and value / 2


def reverse(value: Any) -> Any:
    """From behind."""
    return value[::-1]


def other(value: Any) -> Any:
    """Another word."""
    return OTHER.get(value, value)


class Freeze:
    """The first value for good."""

    def __init__(self) -> None:
        self.first: Any = None

    def __call__(self, value: Any) -> Any:
        self.first = value if self.first is None else self.first
        return self.first


FIELDS: dict[str, Callable[[], Callable[[Any], Any]]] = {
    "negate": lambda: negate,
    "shift": lambda: shift,
    "halve": lambda: halve,
    "freeze": Freeze,
    "blank": lambda: lambda _: None,
    "reverse": lambda: reverse,
    "other": lambda: other,
}
EVENTS = ("drop", "repeat", "delay")


class Wire:
    """What is done to each message."""

    def __init__(self, operator: str, at: str) -> None:
        self.operator = operator
        head, _, self.path = at.partition(".") if ":" in at else (at, "", "")
        self.method, _, self.kind = head.partition(":")
        self.change = FIELDS[operator]() if operator in FIELDS else None
        if self.change is not None and not self.kind:
            self.method, self.path = self._split(at)
        self.asked: dict[int, str] = {}
        self.seen = itertools.count(1)
        self.held: list[Any] = []

    def _split(self, at: str) -> tuple[str, str]:
        """Methods such as `alarm.light` have a dot of their own: what follows them is the field."""
        words = at.split(".")
        own = 2 if words[0] in ("alarm", "patient", "outbox", "stream", "link", "keys") else 1
        return ".".join(words[:own]), ".".join(words[own:])

    def request(self, message: dict[str, Any]) -> bool:
        """Note what was asked; whether the device is to hear of it."""
        self.asked[message["id"]] = message["method"]
        return not (self.operator == "skip" and message["method"] == self.method)

    def answer(self, message: dict[str, Any]) -> None:
        """Alter an answer in place."""
        method = self.asked.pop(message.get("id") or 0, "")
        if method != self.method or "result" not in message:
            return
        result = message["result"]
        if not self.kind:
            self.alter(result, self.path.split("."))
        elif self.change is None:
            result["events"] = list(self.events(result["events"]))
        else:
            for event in result["events"]:
                if event["kind"] == self.kind:
                    self.alter(event, self.path.split("."))

    def alter(self, value: Any, path: list[str]) -> None:
        """Change the field at a path; what is not there stays away."""
        if isinstance(value, list):
            for each in value:
                self.alter(each, path)
        elif isinstance(value, dict) and path[0] in ("*", *value):
            for key in list(value) if path[0] == "*" else path[:1]:
                if len(path) > 1:
                    self.alter(value[key], path[1:])
                elif self.change is not None:
                    value[key] = self.change(value[key])

    def events(self, events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The events, some of a kind lost, told twice, or told later."""
        held, self.held = self.held, []
        for event in events:
            mine = event["kind"] == self.kind and next(self.seen) % EACH == 0
            if mine and self.operator == "delay":
                self.held.append(event)
            elif not (mine and self.operator == "drop"):
                yield event
            if mine and self.operator == "repeat":
                yield event
        yield from held


def die_with_parent() -> None:
    """The device does not outlive its wire."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


def write(file: IO[str], message: dict[str, Any]) -> None:
    """One message a line."""
    file.write(json.dumps(message) + "\n")
    file.flush()


def hear(wire: Wire, device: IO[str], lock: threading.Lock) -> None:
    """Bring requests to the device, and answer for it what is skipped."""
    for line in sys.stdin:
        message = json.loads(line)
        with lock:
            heard = wire.request(message)
        if heard:
            write(device, message)
        else:
            with lock:
                write(sys.stdout, {"jsonrpc": "2.0", "id": message["id"], "result": {}})
    device.close()


def main(operator: str, at: str) -> int:
    """Run the device; its exit status is ours."""
    command = [sys.executable, "-P", "-m", "edgeward.device"]
    device = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        preexec_fn=die_with_parent,
    )  # fmt: skip
    assert device.stdin is not None
    assert device.stdout is not None
    wire, lock = Wire(operator, at), threading.Lock()
    threading.Thread(target=hear, args=(wire, device.stdin, lock), daemon=True).start()
    for line in device.stdout:
        message = json.loads(line)
        with lock:
            if operator != "none":
                wire.answer(message)
            write(sys.stdout, message)
    return device.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
