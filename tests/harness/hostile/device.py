"""A device that misbehaves in the way its first argument says; run with `python -I -S`.

It describes itself well (unless that is the misbehaviour) and does its worst at the next request.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable

Request = dict[str, int]
Step = Callable[[Request], object]

SHA = "0" * 64
DEVICE = {"model": "hostile", "serial": "1", "id": "1", "epoch": 1}
DESCRIPTION: dict[str, object] = {
    "protocol": "1.0",
    "device": DEVICE,
    "software": {"name": "hostile", "version": "1", "build_sha256": SHA},
    "models": [{"name": "m", "version": "1", "sha256": SHA, "labels": ["a"]}],
    "capabilities": ["core", "resources", "restart"],
    "inputs": [],
    "clock": {"now_ns": 1, "simulated": False},
}
READING = {"cpu_seconds": {"value": 1.5, "provenance": "measured"}}


def say(data: bytes) -> None:
    """Write bytes and nothing else."""
    while data:
        data = data[os.write(1, data) :]


def answer(request: Request, result: object) -> None:
    """A good answer."""
    say(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}).encode() + b"\n")


def text(request: Request, tail: bytes) -> None:
    """An answer of which the end is given as text."""
    say(b'{"jsonrpc":"2.0","id":%d,' % request["id"] + tail + b"\n")


def forever(data: bytes) -> None:
    """Write the same bytes for ever."""
    while True:
        say(data)


def hang(*_: object) -> None:
    """Do nothing, for ever."""
    while True:
        time.sleep(60)


def eat_memory(*_: object) -> None:
    """Take memory for ever."""
    held = []
    while True:
        held.append(b"x" * (1 << 20))


def die(*_: object) -> None:
    """End by a fault of memory, with last words."""
    os.write(2, b"last words \x1b[31m\n")
    os.kill(os.getpid(), signal.SIGSEGV)


def said(data: bytes, then: Callable[[], object]) -> None:
    """Write bytes, then do something else."""
    say(data)
    then()


def close_output() -> None:
    """Close the output, and live on."""
    os.close(1)
    hang()


def twice(request: Request) -> None:
    """Answer, and once more."""
    answer(request, READING)
    answer(request, READING)


def chatty(request: Request) -> None:
    """Write far more to standard error than a pipe holds, then answer as due."""
    for _ in range(200):
        os.write(2, b"e" * 65536)
    answer(request, READING)


def leave_a_child(request: Request) -> None:
    """Leave a child in a session of its own that holds every pipe, and tell its number."""
    child = os.fork()
    if child == 0:
        os.setsid()
        hang()
    answer(request, {"child": {"value": child, "provenance": "measured"}})


def spin(request: Request) -> None:
    """Use the processor for a while."""
    until = time.process_time() + 0.15
    while time.process_time() < until:
        pass
    answer(request, READING)


def environment(request: Request) -> None:
    """Tell the environment and the open descriptors in the shape of readings."""
    names = [*os.environ, *(f"fd {fd}" for fd in os.listdir("/proc/self/fd"))]
    answer(request, {name: {"value": None, "provenance": "unknown"} for name in names})


def stay_silent_after_one(request: Request) -> None:
    """Answer once, then read no more."""
    answer(request, READING)
    hang()


BEFORE: dict[str, Callable[[], object]] = {
    "hang": hang,
    "ends_at_once": lambda: sys.exit(3),
    "crashes_at_once": die,
    "banner": lambda: say(b"Welcome to the device!\n"),
    "notifies": lambda: say(b'{"jsonrpc":"2.0","method":"hello","params":{}}\n'),
    "closes_its_output": close_output,
    "floods_at_once": lambda: forever(b'{"jsonrpc":"2.0","id":77,"result":{}}\n'),
}
"""What is done before anything is asked."""

DESCRIPTIONS: dict[str, dict[str, object]] = {
    "protocol_2": {**DESCRIPTION, "protocol": "2.0", "device": None},
    "describes_nothing": {},
    "describes_wrong_types": {
        **DESCRIPTION,
        "device": {"model": 7, "serial": "", "id": None, "epoch": True},
        "clock": {"now_ns": 1.5, "simulated": 0},
        "models": [{"name": "m"}],
        "capabilities": "core",
    },
    "offers_no_core": {**DESCRIPTION, "capabilities": ["resources"]},
    "offers_a_real_clock": {**DESCRIPTION, "capabilities": ["core", "clock"]},
    "offers_twice": {**DESCRIPTION, "capabilities": ["core", "core"]},
    "offers_infer_without_inputs": {**DESCRIPTION, "capabilities": ["core", "infer"]},
}
"""Other descriptions."""

ASKED: dict[str, Step] = {
    "good": lambda r: answer(r, READING),
    "hangs_later": hang,
    "half_an_answer": lambda _: said((b'{"jsonrpc":"2.0"'), hang),
    "dies_in_a_line": lambda _: said((b'{"jsonrpc":"2.0","id":'), die),
    "dies_when_asked": die,
    "ends_when_asked": lambda r: sys.exit(0),
    "floods": lambda r: forever(b'{"jsonrpc":"2.0","id":99,"result":{}}\n'),
    "floods_newlines": lambda r: forever(b"\n" * 65536),
    "floods_without_newline": lambda r: forever(b"x" * 65536),
    "one_long_line": lambda _: said((b"y" * (1 << 20) + b"\n"), hang),
    "chatty": chatty,
    "garbage": lambda _: said((b"\xff\xfe\x00 \x1b[2Jgarbage\n"), hang),
    "unpaired_bytes": lambda r: text(r, b'"result":{"cpu":"\xff"}}'),
    "wrong_id": lambda r: answer({"id": r["id"] + 1000}, READING),
    "id_as_text": lambda r: say(b'{"jsonrpc":"2.0","id":"2","result":{}}\n'),
    "id_as_float": lambda r: say(b'{"jsonrpc":"2.0","id":2.0,"result":{}}\n'),
    "id_as_true": lambda r: say(b'{"jsonrpc":"2.0","id":true,"result":{}}\n'),
    "no_id": lambda r: say(b'{"jsonrpc":"2.0","result":{}}\n'),
    "null_id": lambda r: text({"id": 0}, b'"id":null,"error":{"code":-32700,"message":"eh"}}'),
    "answers_twice": twice,
    "both": lambda r: text(r, b'"result":{},"error":{"code":1,"message":"eh"}}'),
    "neither": lambda r: text(r, b'"jsonrpc":"2.0"}'),
    "nan": lambda r: text(r, b'"result":{"cpu":{"value":NaN,"provenance":"measured"}}}'),
    "infinity": lambda r: text(r, b'"result":{"cpu":{"value":1e999,"provenance":"measured"}}}'),
    "million_digits": lambda r: text(r, b'"result":{"n":' + b"9" * 100_000 + b"}}"),
    "too_deep": lambda r: text(r, b'"result":' + b"[" * 200_000 + b"}"),
    "result_is_a_list": lambda r: answer(r, []),
    "result_is_null": lambda r: answer(r, None),
    "error_is_a_text": lambda r: text(r, b'"error":"no"}'),
    "error_without_message": lambda r: text(r, b'"error":{"code":-32603}}'),
    "refuses": lambda r: text(r, b'"error":{"code":-32001,"message":"not now","data":{"a":1}}}'),
    "old_json_rpc": lambda r: say(b'{"id":%d,"result":{}}\n' % r["id"]),
    "extra_member": lambda r: text(r, b'"result":{},"mood":"fine"}'),
    "a_list": lambda r: say(b"[1,2]\n"),
    "not_a_reading": lambda r: answer(r, {"cpu": 5, "rss": {"value": 3, "provenance": "guessed"}}),
    "unknown_but_valued": lambda r: answer(r, {"t": {"value": 37, "provenance": "unknown"}}),
    "measured_but_null": lambda r: answer(r, {"t": {"value": None, "provenance": "measured"}}),
    "eats_memory": eat_memory,
    "leaves_a_child": leave_a_child,
    "stays_with_a_child": leave_a_child,
    "spins": spin,
    "environment": environment,
    "stays_silent": stay_silent_after_one,
}
"""What is done when `resources` is asked."""


def restart(request: Request) -> None:
    """End to be started anew; the epoch stands still or jumps, as the mode says."""
    answer(request, {})
    sys.exit(0 if MODE == "restarts_with_0" else 75)


def shutdown(request: Request) -> None:
    """End, in the way the mode says."""
    answer(request, {})
    if MODE == "ends_with_3":
        sys.exit(3)
    if MODE == "ends_by_signal":
        os.kill(os.getpid(), signal.SIGKILL)
    if MODE == "stays":
        hang()
    if MODE == "stays_with_output_closed":
        os.close(1)
        hang()
    if MODE == "babbles_at_the_end":
        say(b'{"jsonrpc":"2.0","id":1,"result":{}}\n')
    if MODE == "half_a_line_at_the_end":
        say(b'{"bye')
    sys.exit(0)


def started_before() -> int:
    """How often this device was started before, counted in its own folder."""
    path = os.path.join(os.environ["EDGEWARD_STATE"], "starts")
    starts = os.path.getsize(path) if os.path.exists(path) else 0
    with open(path, "ab") as file:
        file.write(b"x")
    return starts


def described() -> dict[str, object]:
    """The description, with the epoch of this start."""
    told = DESCRIPTIONS.get(MODE, DESCRIPTION)
    if told.get("device") is DEVICE:
        epoch = 1 if MODE == "forgets_its_epoch" else 1 + started_before()
        told = {**told, "device": {**DEVICE, "epoch": epoch}}
    return told


def serve() -> None:
    """Answer lines until the input ends."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if request["method"] == "describe":
            answer(request, described())
        elif request["method"] == "restart":
            restart(request)
        elif request["method"] == "shutdown":
            shutdown(request)
        else:
            ASKED.get(MODE, ASKED["good"])(request)
    if MODE in ("outlives_its_input", "stays_with_a_child"):
        hang()
    sys.exit(4 if MODE == "ends_its_input_with_4" else 0)


MODE = sys.argv[1]
if MODE in BEFORE:
    BEFORE[MODE]()
serve()
