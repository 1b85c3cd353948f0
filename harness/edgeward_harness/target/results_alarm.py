"""What the results and events about patients and alarms must look like (docs/protocol.md)."""

from collections.abc import Mapping
from typing import Final

from edgeward_harness.target import shape
from edgeward_harness.target.shape import Check

_NS: Final = shape.integer(0)
_INSTANT: Final = shape.integer()
_COUNT: Final = shape.integer(0)
_NUMBER: Final = shape.number()
_PRIORITY: Final = shape.one_of("high", "medium", "low")
_ACTIVATION: Final = shape.one_of("on", "paused", "off")
_SOMEBODY: Final = shape.nullable(shape.text())
_WORDS: Final = shape.text(empty=True)

METHODS: Final = (
    "patient.admit",
    "patient.attach",
    "patient.push",
    "patient.detach",
    "patient.discharge",
    "patient.state",
    "alarm.acknowledge",
    "alarm.describe",
    "alarm.inactivate",
    "alarm.limits",
    "alarm.reset",
    "alarm.resume",
    "alarm.sound",
    "alarm.switch",
)

DELEGATION_METHODS: Final = (
    "alarm.delegate",
    "alarm.undelegate",
    "alarm.refresh",
    "alarm.listen",
    "alarm.unlisten",
    "alarm.arrive",
    "alarm.confirm",
)

INDICATOR_METHODS: Final = ("alarm.light", "alarm.display", "alarm.self_test")

_STAMP: Final = shape.array(_COUNT, least=2)
_ENDS: Final[Mapping[str, Check]] = {
    "sender": shape.text(),
    "receiver": shape.text(),
    "stamp": _STAMP,
    "heard": _STAMP,
}
_ITEM: Final = shape.record(
    {
        "delivery": shape.integer(1),
        "alarm": shape.text(),
        "priority": _PRIORITY,
        "patient": _SOMEBODY,
        "condition": shape.text(),
        "text": _WORDS,
        "open": shape.boolean(),
        "confirmed_by": _WORDS,
    }
)
_OFFER: Final = shape.record({**_ENDS, "items": shape.array(_ITEM)})
_ANYTHING: Final[Check] = lambda _value, _path: iter(())  # noqa: E731 - a check without a name
_ANSWER: Final = shape.record(
    {
        **_ENDS,
        "taken": shape.array(shape.integer(1)),
        "confirmed": shape.array(shape.array(_ANYTHING, least=2)),
    }
)
_DELEGATION: Final = shape.record(
    {
        "patient": _SOMEBODY,
        "device": shape.text(),
        "to": shape.array(shape.text(), least=1),
        "refresh_within_ms": shape.integer(1),
        "confirm_within_ms": shape.integer(1),
        "sound": shape.boolean(),
        "lost": shape.array(shape.text()),
        "waiting": shape.array(shape.text()),
        "unanswered": shape.array(shape.text()),
        "elsewhere": shape.array(shape.text()),
        "confirmed": shape.array(shape.record({"alarm": shape.text(), "by": shape.text()})),
    }
)
_LISTENING: Final = shape.record(
    {
        "device": shape.text(),
        "name": shape.text(),
        "lost": shape.boolean(),
        "alarms": shape.array(_ITEM),
    }
)

_ALARM: Final[Mapping[str, Check]] = {
    "id": shape.text(),
    "patient": _SOMEBODY,
    "condition": shape.text(),
    "kind": shape.one_of("physiological", "technical"),
    "priority": _PRIORITY,
    "presence": shape.one_of("on", "latched", "acknowledged", "off"),
    "holds": shape.boolean(),
    "undecided": shape.boolean(),
    "occurrence": shape.integer(1),
    "met_ns": _INSTANT,
    "declared_ns": _INSTANT,
    "signalled_ns": shape.nullable(_INSTANT),
    "value": shape.nullable(_NUMBER),
    "unit": _WORDS,
    "text": _WORDS,
    "source": _WORDS,
    "model": shape.nullable(shape.record({"model_id": shape.text(), "version": shape.text()})),
}
"""A device may tell more of an alarm than these."""

_READING: Final[Mapping[str, Check]] = {
    "channel": shape.text(),
    "value": shape.nullable(_NUMBER),
    "unit": shape.text(),
    "reason": shape.nullable(shape.text()),
    "at_ns": _INSTANT,
}

_CONDITION: Final = shape.record(
    {
        "kind": shape.one_of("physiological", "technical"),
        "priority": _PRIORITY,
        "critical_priority": _PRIORITY,
        "condition_delay_ms": _COUNT,
        "signal_delay_ms": _COUNT,
        "clear_delay_ms": _COUNT,
        "acknowledge_ms": _COUNT,
        "latching": shape.text(),
        "may_switch_off": shape.boolean(),
        "text": _WORDS,
    }
)

RESULTS: Final[Mapping[str, Check]] = {
    "patient.admit": shape.record({}),
    "patient.attach": shape.record({}),
    "patient.push": shape.record({"next": _COUNT}),
    "patient.detach": shape.record({"samples": _COUNT}),
    "patient.discharge": shape.record({}),
    "patient.state": shape.record(
        {
            "at_ns": _INSTANT,
            "readings": shape.mapping(shape.record(_READING)),
            "audible": shape.nullable(_PRIORITY),
            "audible_alarm": _SOMEBODY,
            "visible": shape.nullable(_PRIORITY),
            "visible_alarm": _SOMEBODY,
            "alarms": shape.array(
                shape.record({**_ALARM, "audible": _ACTIVATION, "visible": _ACTIVATION})
            ),
            "inactive": shape.array(
                shape.record(
                    {
                        "patient": _SOMEBODY,
                        "state": shape.text(),
                        "by": _WORDS,
                        "remaining_ns": shape.nullable(_NS),
                        "switched_off": shape.array(shape.text()),
                    }
                )
            ),
            "self_check_ns": _INSTANT,
        },
        optional={
            "self_test": shape.record(
                {
                    "running": shape.boolean(),
                    "passed": shape.boolean(),
                    "interrupted": shape.boolean(),
                    "parts": shape.mapping(shape.one_of("passed", "failed", "unobserved")),
                }
            ),
            "delegations": shape.array(_DELEGATION),
            "listening": shape.array(_LISTENING),
        },
    ),
    "alarm.delegate": shape.record(
        {
            "device": shape.text(),
            "refresh_within_ms": shape.integer(1),
            "delay_max_ms": shape.integer(1),
        }
    ),
    "alarm.undelegate": shape.record({}),
    "alarm.refresh": shape.record({"offer": shape.nullable(_OFFER)}),
    "alarm.listen": shape.record({}),
    "alarm.unlisten": shape.record({}),
    "alarm.arrive": shape.record({"answer": shape.nullable(_ANSWER)}),
    "alarm.confirm": shape.record({}),
    "alarm.light": shape.record(
        {
            "rate_hz": shape.integer(1),
            "colours": shape.array(shape.text(), least=2),
            "samples": shape.packed(1),
        }
    ),
    "alarm.display": shape.record({"lines": shape.array(_WORDS, least=1)}),
    "alarm.self_test": shape.record({}),
    "alarm.acknowledge": shape.record({}),
    "alarm.describe": shape.record(
        {
            "channels": shape.mapping(
                shape.record(
                    {
                        "units": shape.array(shape.text(), least=1),
                        "rates_hz": shape.array(shape.array(shape.positive(), least=2), least=1),
                        "axes": shape.integer(1),
                    }
                )
            ),
            "vitals": shape.mapping(shape.record({"unit": shape.text()})),
            "conditions": shape.mapping(_CONDITION),
            "audio_pause_max_ms": shape.integer(1),
        },
        optional={
            "models": shape.array(
                shape.record(
                    {
                        "model_id": shape.text(),
                        "version": shape.text(),
                        "findings": shape.array(shape.text()),
                        "threshold": _NUMBER,
                    }
                )
            )
        },
    ),
    "alarm.inactivate": shape.record({}),
    "alarm.limits": shape.record({"unit": shape.text()}),
    "alarm.reset": shape.record({"ended": shape.array(shape.text())}),
    "alarm.resume": shape.record({}),
    "alarm.sound": shape.record({"rate_hz": shape.integer(1), "samples": shape.packed(4)}),
    "alarm.switch": shape.record({}),
}

_CURSOR: Final[Mapping[str, Check]] = {"cursor": shape.integer(1)}

KINDS: Final[Mapping[str, Check]] = {
    "vital": shape.record({**_CURSOR, **_READING, "patient": shape.text(), "vital": shape.text()}),
    "sign": shape.record(
        {
            **_CURSOR,
            "patient": shape.text(),
            "channel": shape.text(),
            "sign": shape.text(),
            "present": shape.nullable(shape.boolean()),
            "text": _WORDS,
            "since_ns": _INSTANT,
            "at_ns": _INSTANT,
        }
    ),
    "beat": shape.record(
        {
            **_CURSOR,
            "patient": shape.text(),
            "channel": shape.text(),
            "class": shape.one_of("N", "V", "S", "F", "Q"),
            "sample": _COUNT,
            "at_ns": _INSTANT,
        },
        {
            "probability": shape.nullable(shape.fraction()),
            "rule_class": shape.one_of("N", "V", "S", "F", "Q"),
        },
    ),
    "alarm": shape.record(
        {
            **_CURSOR,
            "what": shape.text(),
            "epoch": _COUNT,
            "seq": shape.integer(1),
            "at_ns": _INSTANT,
            "wall_ns": _INSTANT,
            "patient": _SOMEBODY,
            "who": _WORDS,
            "text": _WORDS,
            "alarm": shape.nullable(shape.record(_ALARM)),
        }
    ),
}
"""Kinds of events about patients."""
KIND_SINCE: Final[Mapping[str, int]] = {"vital": 2, "sign": 2, "alarm": 2, "beat": 3}
"""The minor version that brought each."""
