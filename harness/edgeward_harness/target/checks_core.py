"""Conformance checks of the transport and of core, resources, clock and restart."""

from collections.abc import Mapping
from typing import Any

from edgeward_harness.target.messages import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    LINE_BYTES_MAX,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
)
from edgeward_harness.target.results import METHODS
from edgeward_harness.target.trial import SOMEBODY, Trial, padded_describe

_PIPELINED = 20
_LONGEST_ID = (1 << 53) - 1
"""The greatest integer that every JSON reader keeps exactly."""


def describe(trial: Trial) -> str:
    """The description has every field, of the right type."""
    told = trial.device.description
    return (
        f"{told['device']['model']}, {told['software']['name']} {told['software']['version']}, "
        f"protocol {told['protocol']}, {', '.join(told['capabilities'])}"
    )


def clock_reading(trial: Trial) -> str:
    """The clock does not go back; a real one goes on."""
    first, second = (trial.call("describe")["clock"] for _ in range(2))
    moved_ns = second["now_ns"] - first["now_ns"]
    goes_on = moved_ns >= 0 if first["simulated"] else moved_ns > 0
    trial.expect(goes_on, "The clock stands still or goes back", f"it moved by {moved_ns} ns")
    return f"moved by {moved_ns} ns between two requests"


def unknown_method(trial: Trial) -> str:
    """A method that does not exist is refused, and the device goes on."""
    refusal = trial.refused("no.such.method", {}, METHOD_NOT_FOUND)
    trial.still_answers()
    return str(refusal)


def capability_honesty(trial: Trial) -> str:
    """Methods of a capability that is not listed do not exist."""
    absent = [c for c in METHODS if c not in trial.capabilities]
    present = {method for one in trial.capabilities for method in METHODS.get(one, ())}
    methods = [each for one in absent for each in METHODS[one] if each not in present]
    for method in methods:
        trial.refused(method, {}, METHOD_NOT_FOUND, why=f"{method!r} is not offered")
    return f"refused: {', '.join(methods)}" if methods else "every capability is offered"


def _valid_params(trial: Trial) -> dict[str, dict[str, Any]]:
    """Parameters each method would accept, for those of them a trial can know."""
    offered: dict[str, dict[str, Any]] = {
        "describe": {},
        "shutdown": {},
        "configure": {"profile": trial.profile},
    }
    present = trial.capabilities
    if "resources" in present:
        offered["resources"] = {}
    if "restart" in present:
        offered["restart"] = {}
    if "clock" in present:
        offered["clock"] = {"advance_ns": 0}
    if "infer" in present:
        offered["infer"] = trial.infer(trial.window())
    if "stream" in present:
        source = trial.source
        offered["events"] = {"after": 0}
        offered["stream.open"] = {
            "stream": "misspelt",
            **{key: source[key] for key in ("signal", "rate_hz", "unit")},
        }
    return offered


def unknown_parameter(trial: Trial) -> str:
    """A misspelt parameter does not pass silently, in any method."""
    methods = _valid_params(trial)
    for method, params in methods.items():
        misspelt = {**params, "no_such_parameter": 1}
        trial.refused(method, misspelt, INVALID_PARAMS, why=f"{method!r} with an unknown parameter")
    trial.still_answers()
    return f"refused by {', '.join(methods)}"


def missing_parameter(trial: Trial) -> str:
    """A required parameter that is missing is told."""
    tried = []
    for method, params in _valid_params(trial).items():
        for name in params if method != "events" else ():
            rest = {key: value for key, value in params.items() if key != name}
            trial.refused(method, rest, INVALID_PARAMS, why=f"{method!r} without {name!r}")
            tried.append(f"{method}.{name}")
    return f"missed: {', '.join(tried)}"


def not_json(trial: Trial) -> str:
    """A line that is not JSON is answered with id null, and the device goes on."""
    lines = (
        b"this is not JSON",
        b'{"jsonrpc":"2.0","id":1,"method":"describe"',
        b'{"jsonrpc":"2.0","id":%d,"method":"descr\xff\xfebe"}' % SOMEBODY,
        b'{"jsonrpc":"2.0","id":%d,"method":"describe","params":{"x":NaN}}' % SOMEBODY,
    )
    for line in lines:
        trial.raw(line, PARSE_ERROR)
    trial.still_answers()
    return f"{len(lines)} broken lines answered by {PARSE_ERROR}, id null"


def not_a_request(trial: Trial) -> str:
    """JSON that is no request is answered with id null; there are no batches."""
    batch = b'[{"jsonrpc":"2.0","id":%d,"method":"describe","params":{}}]' % SOMEBODY
    for line in (batch, b"42", b'"describe"', b"{}"):
        trial.raw(line, INVALID_REQUEST)
    trial.still_answers()
    return f"a batch, a number, a string, an empty object answered by {INVALID_REQUEST}, id null"


def longest_line(trial: Trial) -> str:
    """A line of exactly the limit is answered like any other."""
    line = padded_describe(LINE_BYTES_MAX - 1)
    trial.device.send_line(line, trial.timeout_s, number=SOMEBODY, method="describe").result(
        trial.timeout_s
    )
    return f"{LINE_BYTES_MAX} bytes, newline included, were answered"


def overlong_line(trial: Trial) -> str:
    """A line over the limit is refused whole, and the device goes on."""
    for size_bytes in (LINE_BYTES_MAX, 3 * LINE_BYTES_MAX):
        trial.raw(padded_describe(size_bytes), PARSE_ERROR)
    trial.still_answers()
    return f"lines of {LINE_BYTES_MAX + 1} and {3 * LINE_BYTES_MAX + 1} bytes refused, id null"


def pipelining(trial: Trial) -> str:
    """Requests that all wait to be read at once are each answered once, by their own id."""
    trial.device.freeze()
    try:
        pending = [trial.send("describe" if n % 2 else "no.such.method") for n in range(_PIPELINED)]
    finally:
        trial.device.thaw()
    for number, request in enumerate(pending):
        if number % 2:
            request.result(trial.timeout_s)
        else:
            request.refusal(trial.timeout_s, (METHOD_NOT_FOUND,))
    trial.still_answers()
    return f"{_PIPELINED} requests under way, {_PIPELINED} answers matched"


def large_id(trial: Trial) -> str:
    """An id comes back exactly as it was sent."""
    line = b'{"jsonrpc":"2.0","id":%d,"method":"describe","params":{}}' % _LONGEST_ID
    pending = trial.device.send_line(line, trial.timeout_s, number=_LONGEST_ID, method="describe")
    pending.result(trial.timeout_s)
    return f"id {_LONGEST_ID} came back"


def configure_digest(trial: Trial) -> str:
    """The device's digest of a profile is that of its canonical form."""
    first = trial.configure(trial.profile)
    trial.configure({**trial.profile, "title": "Prüfgerät 体温 ½"})
    return f"sha256 {first[:12]}...; and of a title beyond ASCII"


def configure_type(trial: Trial) -> str:
    """A profile that is not an object is refused."""
    for wrong in (5, "wearable", [1], None):
        trial.refused("configure", {"profile": wrong}, INVALID_PARAMS, why=f"profile {wrong!r}")
    return f"a number, a string, a list and null answered by {INVALID_PARAMS}"


def resources(trial: Trial) -> str:
    """Every reading says where it comes from; an unknown one is null."""
    told: Mapping[str, Any] = trial.call("resources")
    trial.expect(bool(told), "'resources' tells nothing")
    return ", ".join(f"{name} {reading['provenance']}" for name, reading in told.items())


def clock_advance(trial: Trial) -> str:
    """A simulated clock moves exactly as far as it is told."""
    before_ns = trial.call("describe")["clock"]["now_ns"]
    now_ns = trial.call("clock", {"advance_ns": 1_000_000_007})["now_ns"]
    after_ns = trial.call("describe")["clock"]["now_ns"]
    exact = now_ns == after_ns == before_ns + 1_000_000_007
    trial.expect(exact, "The clock moved another way", f"{before_ns} -> {now_ns} -> {after_ns}")
    return "moved by exactly 1000000007 ns"


def restart(trial: Trial) -> str:
    """A restarted device has forgotten everything but what it is."""
    device = trial.fresh()
    before = device.description["device"]
    trial.configure(trial.profile)
    device.restart(trial.timeout_s)
    after = device.description["device"]
    trial.expect(
        (before["id"], before["serial"]) == (after["id"], after["serial"]),
        "A restarted device is another one",
        f"before {before}, after {after}",
    )
    return f"status 75, epoch {before['epoch']} -> {after['epoch']}"


def shutdown(trial: Trial) -> str:
    """After `shutdown` the device closes its output and ends with status 0."""
    device = trial.fresh()
    try:
        device.shutdown(trial.timeout_s)
    finally:
        trial.drop()
    return "answered, closed its output, status 0"


def end_of_input(trial: Trial) -> str:
    """A device whose input ends has nobody to answer to: it ends with status 0."""
    device = trial.fresh()
    try:
        device.end_input()
    finally:
        trial.drop()
    return "closed its output, status 0"
