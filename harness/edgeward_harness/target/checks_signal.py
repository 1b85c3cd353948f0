"""Conformance checks of the capabilities infer and stream."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from edgeward_harness.target.arrays import f32_base64, u8_base64
from edgeward_harness.target.conversation import Pending
from edgeward_harness.target.messages import INVALID_PARAMS, REFUSED_IN_STATE
from edgeward_harness.target.trial import (
    NOTHING,
    Given,
    Trial,
    TrialStream,
    elapsed_ms,
    latest_cursor,
)

_WAIT_MS = 200
_LONG_WAIT_MS = 2_000


def _labels(trial: Trial) -> dict[str, Sequence[str]]:
    return {model["sha256"]: model["labels"] for model in trial.device.description["models"]}


def _judge_outcome(trial: Trial, told: Mapping[str, Any]) -> str:
    """See that an outcome speaks of a model and of labels that were described.

    Raises:
        Finding: it does not.
    """
    labels = _labels(trial)
    digest = told["model_sha256"]
    trial.expect(digest in labels, "The answer names a model that was not described", digest)
    if told["outcome"] == "no_answer":
        return f"no_answer: {told['reason']}"
    known = set(labels[digest])
    named = {told["label"], *told["probabilities"]}
    trial.expect(
        named <= known and told["label"] in told["probabilities"],
        "The answer names a label that was not described",
        f"found {sorted(named)}, described {sorted(known)}",
    )
    return f"answer: {told['label']}"


def infer_window(trial: Trial) -> str:
    """One window of valid samples gets an outcome in the device's own words."""
    return _judge_outcome(trial, trial.call("infer", trial.infer(trial.window())))


def _expect_no_answer(trial: Trial, params: Mapping[str, Any], what: str) -> None:
    told = trial.call("infer", params)
    _judge_outcome(trial, told)
    refused = told["outcome"] == "no_answer"
    trial.expect(
        refused, f"{what} got an answer instead of no_answer", f"label {told.get('label')!r}"
    )


def infer_invalid(trial: Trial) -> str:
    """Samples that are NaN, infinite or masked never get a normal label."""
    good = trial.window()
    mask = [1] * len(good)
    for what, value in (("NaN", math.nan), ("+infinity", math.inf), ("-infinity", -math.inf)):
        _expect_no_answer(trial, trial.infer([value] * len(good)), f"A window of {what}")
    masked = trial.infer(good, {"valid": u8_base64([0] * len(good))})
    _expect_no_answer(trial, masked, "A window masked as invalid")
    told = trial.call("infer", trial.infer(good, {"valid": u8_base64(mask)}))
    plain = trial.call("infer", trial.infer(good))
    same = told["outcome"] == plain["outcome"] and told.get("label") == plain.get("label")
    trial.expect(same, "A mask of ones changes the outcome", f"{told} instead of {plain}")
    return "NaN, +infinity, -infinity and masked samples: no_answer"


def infer_parameters(trial: Trial) -> str:
    """What is not one window of base64 samples is refused."""
    good = trial.window()
    ones = u8_base64([1] * (len(good) - 1))
    for what, params in {
        "one sample short": trial.infer(good[:-1]),
        "one sample long": trial.infer([*good, 0.0]),
        "no samples": trial.infer([]),
        "a text that is not base64": trial.infer(good, {"samples": "!!not base64!!"}),
        "base64 with a foreign character": trial.infer(good, {"samples": _spoilt(good)}),
        "bytes that are no whole samples": trial.infer(good, {"samples": "AAAA"}),
        "a list of numbers": trial.infer(good, {"samples": [0.0] * len(good)}),
        "a mask of another length": trial.infer(good, {"valid": ones}),
        "an unknown signal": {**trial.infer(good), "signal": "no-such-signal"},
    }.items():
        trial.refused("infer", params, INVALID_PARAMS, why=what)
    trial.still_answers()
    return f"wrong sizes, encodings and signals answered by {INVALID_PARAMS}"


def _spoilt(samples: Sequence[float]) -> str:
    """Good base64 with a character in it that a lenient reader would skip."""
    text = f32_base64(samples)
    return f"{text[:8]}!{text[8:]}"


def _judge_windows(
    trial: Trial, stream: TrialStream, events: Sequence[Mapping[str, Any]], valid: Sequence[int]
) -> None:
    """See that there is exactly one event for each complete window, in order, with these counts.

    Raises:
        Finding: there is not.
    """
    due = [
        {
            "index": index,
            "first": index * stream.hop,
            "last": index * stream.hop + stream.window - 1,
            "valid": valid[index],
        }
        for index in range(stream.windows_due())
    ]
    found = [
        {key: event["window"][key] for key in ("index", "first", "last", "valid")}
        for event in events
    ]
    trial.expect(
        found == due,
        "The results are not exactly one for each complete window, in order",
        f"found {found[:8]}\nexpected {due[:8]}",
    )
    for event in events:
        _judge_outcome(trial, event)


def stream_windows(trial: Trial) -> str:
    """Windows do not depend on how the samples are cut into blocks."""
    stream = trial.stream("windows")
    for samples in (1, 7, stream.window - 9, stream.hop + 1, 3, 2 * stream.hop - 3):
        stream.push(samples)
    events = stream.results()
    _judge_windows(trial, stream, events, [stream.window] * stream.windows_due())
    stream.close()
    trial.expect(not stream.results(), "A closed stream yields further results")
    return f"{len(events)} windows of {stream.window}, hop {stream.hop}, from blocks of odd sizes"


def stream_gap(trial: Trial) -> str:
    """Missing samples count as invalid; a window that misses all but a few gets no answer."""
    stream = trial.stream("gap")
    gap = stream.window - 2
    stream.push(1)
    stream.push(stream.window, {"first": 1 + gap})
    events = stream.results()
    missing = set(range(1, 1 + gap))
    valid = [
        sum(
            1
            for sample in range(k * stream.hop, k * stream.hop + stream.window)
            if sample not in missing
        )
        for k in range(stream.windows_due())
    ]
    _judge_windows(trial, stream, events, valid)
    _no_answer_for(trial, events[0], f"A window with {gap} of {stream.window} samples missing")
    stream.close()
    return f"a gap of {gap} samples: window 0 has {valid[0]} valid ones and no_answer"


def _no_answer_for(trial: Trial, event: Mapping[str, Any], what: str) -> None:
    told = event["outcome"] == "no_answer"
    trial.expect(told, f"{what} got an answer", f"label {event.get('label')!r}")


def stream_mask(trial: Trial) -> str:
    """Samples that the mask calls invalid, or that are not finite, are not counted as valid."""
    stream = trial.stream("mask")
    half = stream.window // 2
    stream.push(half, {"valid": u8_base64([0] * half)})
    nans = f32_base64([math.nan] * (stream.window - half))
    stream.push(stream.window - half, {"samples": nans})
    events = stream.results()
    _judge_windows(trial, stream, events, [0])
    _no_answer_for(trial, events[0], "A window without a valid sample")
    stream.close()
    return "a window half masked, half NaN: 0 valid, no_answer"


def stream_past(trial: Trial) -> str:
    """An index in the past is refused; nothing is overwritten, nothing is lost."""
    stream = trial.stream("past")
    stream.push(stream.window - 1)
    for first in (stream.window - 2, 0):
        block = stream.params(5, {"first": first})
        trial.refused("stream.push", block, INVALID_PARAMS, why=f"sample {first} a second time")
    stream.push(1)
    events = stream.results()
    _judge_windows(trial, stream, events, [stream.window])
    stream.close()
    return f"refused with {INVALID_PARAMS}; the window was whole"


def stream_states(trial: Trial) -> str:
    """What the state of a stream does not allow is refused."""
    stream = trial.stream("states")
    trial.refused("stream.open", stream.open_params, REFUSED_IN_STATE, why="open twice")
    trial.refused("configure", {"profile": trial.profile}, REFUSED_IN_STATE, why="open stream")
    stranger = {**stream.params(1), "stream": "stranger"}
    trial.refused("stream.push", stranger, REFUSED_IN_STATE, why="push to a stream never opened")
    stream.close()
    name = {"stream": stream.name}
    trial.refused("stream.close", name, REFUSED_IN_STATE, why="close twice")
    trial.refused("stream.push", stream.params(1), REFUSED_IN_STATE, why="push after close")
    return f"open twice, close twice, push unopened, configure meanwhile: {REFUSED_IN_STATE}"


def stream_parameters(trial: Trial) -> str:
    """A stream that is not as described, or a block that is no block, is refused."""
    source = trial.source
    given = {"stream": "parameters", **{key: source[key] for key in ("signal", "rate_hz", "unit")}}
    for key, wrong in (
        ("rate_hz", source["rate_hz"] * 2),
        ("unit", "parsec"),
        ("signal", "no-such"),
    ):
        trial.refused("stream.open", {**given, key: wrong}, INVALID_PARAMS, why=f"{key} {wrong!r}")
    stream = trial.stream("parameters")
    for key, wrong in (("first", "0"), ("first", -1), ("samples", "!!"), ("valid", "AA==")):
        block = {**stream.params(3), key: wrong}
        trial.refused("stream.push", block, INVALID_PARAMS, why=f"{key} {wrong!r}")
    stream.close()
    return f"wrong rate, unit, signal, index, base64 and mask answered by {INVALID_PARAMS}"


def late_before_configure(trial: Trial) -> str:
    """Before a profile is configured nothing is late, and nothing is not."""
    trial.fresh()
    event = _one_window(trial, "unconfigured")
    trial.expect(event["late"] is None, "'late' is not null before configure", repr(event["late"]))
    return "late is null"


def _one_window(trial: Trial, name: str, more: Given = NOTHING) -> Mapping[str, Any]:
    """Open a stream, push one window, close it: its event."""
    stream = trial.stream(name)
    stream.push(stream.window, more)
    events = stream.results()
    _judge_windows(trial, stream, events, [stream.window])
    stream.close()
    return events[0]


def late_after_configure(trial: Trial) -> str:
    """A result later than the configured budget says so, by the instant the samples were taken."""
    trial.configure(trial.profile)
    budget_ms = trial.profile["budget"]["latency"]["window_to_result"]["max_ms"]
    now_ns = trial.call("describe")["clock"]["now_ns"]
    long_ago_ns = max(0, now_ns - int(2e6 * budget_ms))
    event = _one_window(trial, "old", {"acquired_ns": long_ago_ns})
    over_ns = event["decision_ns"] - event["last_sample_ns"] - int(budget_ms * 1e6)
    consistent = event["late"] is (over_ns > 0)
    trial.expect(consistent, "'late' contradicts the event's own instants", f"{dict(event)}")
    trial.expect(
        event["last_sample_ns"] == long_ago_ns,
        "'last_sample_ns' is not 'acquired_ns' of the block that completed the window",
        f"given {long_ago_ns}, told {event['last_sample_ns']}",
    )
    prompt = _one_window(trial, "prompt")
    trial.expect(prompt["late"] is not None, "'late' is null after configure")
    return f"samples {2 * budget_ms:g} ms old: late {event['late']}; fresh ones: {prompt['late']}"


def event_instants(trial: Trial) -> str:
    """Without `acquired_ns` a block is as old as its arrival; a decision follows its samples."""
    before_ns = trial.call("describe")["clock"]["now_ns"]
    event = _one_window(trial, "instants")
    after_ns = trial.call("describe")["clock"]["now_ns"]
    order = (before_ns, event["last_sample_ns"], event["decision_ns"], after_ns)
    ordered = list(order) == sorted(order)
    trial.expect(ordered, "An event's instants are not between the requests around it", f"{order}")
    return "asked <= arrived <= decided <= answered, on the device's clock"


def events_cursor(trial: Trial) -> str:
    """Events stay until they are asked for: a cursor can be asked again, a limit is kept."""
    stream = trial.stream("cursor")
    start = stream.cursor
    stream.push(stream.window + 2 * stream.hop)
    whole = trial.call("events", {"after": start})
    first = trial.call("events", {"after": start, "limit": 1})
    rest = trial.call("events", {"after": first["next"]})
    again = trial.call("events", {"after": start})
    told = trial.judged(whole["events"])
    trial.expect(len(told) == 3, "Not every event is told", f"{whole['events']!r:.400}")
    one = len(first["events"]) == 1 and first["events"] == whole["events"][:1]
    trial.expect(one, "A limit of 1 does not give the oldest event alone")
    followed = trial.judged(rest["events"]) == trial.judged(whole["events"][1:])
    trial.expect(followed, "The rest is not what follows the first")
    trial.expect(trial.judged(again["events"]) == told, "Asking for events has consumed them")
    for wrong in ({"after": -1}, {"limit": 0}, {"wait_ms": -1}, {"after": "0"}):
        trial.refused("events", wrong, INVALID_PARAMS, why=f"events {wrong}")
    stream.close()
    return "3 events: whole, one by one and again the same"


def event_kinds(trial: Trial) -> str:
    """An event of an unknown kind is a misfit, unless a later minor may have added its kind."""
    stream = trial.stream("kinds")
    stream.push(stream.window)
    events = trial.call("events", {"after": stream.cursor})["events"]
    stream.close()
    found = trial.by_kind(events)
    misfits = ", ".join(sorted({f"{event['kind']!r:.40}" for event in found.misfits}))
    announced = f"protocol {trial.device.description['protocol']} was announced"
    trial.expect(
        not found.misfits, "An event is of no kind the protocol has", f"{misfits}; {announced}"
    )
    later = f"; {len(found.later)} unknown, of a later minor" if found.later else ""
    return f"{len(found.known)} of a known kind{later}"


def _held(trial: Trial, pending: Pending, wait_ms: int) -> Mapping[str, Any]:
    """The answer to a request that waits; asked again for the rest where a later minor woke it."""
    told = pending.result(trial.timeout_s + wait_ms / 1e3)
    while told["events"] and not trial.judged(told["events"]):
        rest_ms = math.ceil(wait_ms - elapsed_ms(pending.sent_ns))
        if rest_ms <= 0:
            break
        again = trial.send("events", {"after": told["next"], "wait_ms": rest_ms})
        told = again.result(trial.timeout_s + rest_ms / 1e3)
    return told


def events_wait(trial: Trial) -> str:
    """A waiting request blocks nobody, and is answered at its time or at the first event."""
    stream = trial.stream("wait")
    stream.push(stream.window - 1)
    after = latest_cursor(trial)
    patient = trial.send("events", {"after": after, "wait_ms": _WAIT_MS})
    trial.still_answers()
    early_one = patient.done
    first = trial.by_kind(patient.result(trial.timeout_s + _WAIT_MS / 1e3)["events"])
    woken = (*first.later, *first.beside)
    trial.expect(
        bool(woken) or not early_one, "A waiting request was answered before there was an event"
    )
    empty = _held(trial, patient, _WAIT_MS)
    waited_ms = elapsed_ms(patient.sent_ns)
    trial.expect(not trial.judged(empty["events"]), "An event was told that nobody caused")
    early = f"{waited_ms:.0f} ms instead of {_WAIT_MS} ms"
    trial.expect(waited_ms >= _WAIT_MS - 1, "A waiting request was answered too early", early)

    waiting = trial.send("events", {"after": empty["next"], "wait_ms": _LONG_WAIT_MS})
    pushed = trial.send("stream.push", stream.params(1))
    told = trial.judged(_held(trial, waiting, _LONG_WAIT_MS)["events"])
    pushed.result(trial.timeout_s)
    stream.next += 1
    took_ms = (waiting.received_ns - waiting.sent_ns) / 1e6
    trial.expect(len(told) == 1, "The first event was not told", f"{told!r:.400}")
    slow = f"it took {took_ms:.0f} ms; an event was caused at once, the wait was {_LONG_WAIT_MS} ms"
    trial.expect(took_ms < _LONG_WAIT_MS, "A waiting request outlasts the event", slow)
    stream.close()
    return f"empty after {waited_ms:.0f} ms; on an event after {took_ms:.1f} ms"
