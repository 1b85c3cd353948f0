"""What each method's result must look like (docs/protocol.md, methods)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from edgeward_harness.target import results_alarm, results_outbox, shape
from edgeward_harness.target.shape import Check

PROTOCOL_MAJOR: Final = 1
PROTOCOL_MINOR: Final = 5
"""What is known here; a device may have a greater minor, and tell more than is known."""

METHODS: Final[Mapping[str, tuple[str, ...]]] = {
    "core": ("describe", "configure", "shutdown"),
    "infer": ("infer",),
    "stream": ("stream.open", "stream.push", "stream.close", "events"),
    "alarm": (*results_alarm.METHODS, "events"),
    "delegation": results_alarm.DELEGATION_METHODS,
    "indicators": results_alarm.INDICATOR_METHODS,
    "outbox": results_outbox.METHODS,
    "carried": results_outbox.CARRIED_METHODS,
    "attestation": results_outbox.ATTESTATION_METHODS,
    "resources": ("resources",),
    "clock": ("clock",),
    "restart": ("restart",),
}
"""The methods of each capability."""

_NS: Final = shape.integer(0)
_COUNT: Final = shape.integer(0)
_SIZE: Final = shape.integer(1)
_NUMBER: Final = shape.number()
_VERSION: Final = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")

_DESCRIBE: Final = shape.record(
    {
        "protocol": shape.matching(_VERSION.pattern, "a version such as '1.0'"),
        "device": shape.record(
            {
                "model": shape.text(),
                "serial": shape.text(),
                "id": shape.text(),
                "epoch": shape.integer(0),
            }
        ),
        "software": shape.record(
            {"name": shape.text(), "version": shape.text(), "build_sha256": shape.sha256()}
        ),
        "models": shape.array(
            shape.record(
                {
                    "name": shape.text(),
                    "version": shape.text(),
                    "sha256": shape.sha256(),
                    "labels": shape.array(shape.text(), least=1),
                }
            )
        ),
        "capabilities": shape.array(shape.text()),
        "inputs": shape.array(
            shape.record(
                {
                    "signal": shape.text(),
                    "unit": shape.text(),
                    "rate_hz": shape.positive(),
                    "window_samples": _SIZE,
                    "hop_samples": _SIZE,
                }
            )
        ),
        "clock": shape.record({"now_ns": _NS, "simulated": shape.boolean()}),
    },
    optional={
        "indicators": shape.mapping(shape.record({"emulated": shape.boolean()})),
        "scheduling": shape.record(
            {
                "policy": shape.text(),
                "priority": shape.integer(0),
                "cores": shape.array(shape.integer(0), least=1),
                "memory_locked": shape.nullable(shape.boolean()),
            }
        ),
    },
)

_ANSWER: Final[Mapping[str, Check]] = {
    "label": shape.text(),
    "probabilities": shape.mapping(shape.fraction()),
    "model_sha256": shape.sha256(),
}
_NO_ANSWER: Final[Mapping[str, Check]] = {"reason": shape.text(), "model_sha256": shape.sha256()}

_RESULT_EVENT: Final[Mapping[str, Check]] = {
    "cursor": shape.integer(1),
    "stream": shape.text(),
    "window": shape.record({"index": _COUNT, "first": _COUNT, "last": _COUNT, "valid": _COUNT}),
    "last_sample_ns": _NS,
    "decision_ns": _NS,
    "late": shape.nullable(shape.boolean()),
}

_KINDS: Final[Mapping[str, Check]] = {
    "result": shape.by_tag(
        "outcome",
        {
            "answer": shape.record({**_RESULT_EVENT, **_ANSWER}),
            "no_answer": shape.record({**_RESULT_EVENT, **_NO_ANSWER}),
        },
    ),
    "technical": shape.record(
        {
            "cursor": shape.integer(1),
            "condition": shape.text(),
            "stream": shape.nullable(shape.text()),
            "raised": shape.boolean(),
            "at_ns": _NS,
            "text": shape.text(empty=True),
        }
    ),
    "rule": shape.record(
        {
            "cursor": shape.integer(1),
            "stream": shape.text(),
            "rule": shape.text(),
            "what": shape.one_of("condition", "cannot_judge"),
            "raised": shape.boolean(),
            "sample": _COUNT,
            "value": shape.nullable(_NUMBER),
            "unit": shape.text(),
            "last_sample_ns": _NS,
            "at_ns": _NS,
        }
    ),
    **results_alarm.KINDS,
}
KIND_SINCE: Final[Mapping[str, int]] = {
    "result": 0,
    "technical": 1,
    "rule": 1,
    **results_alarm.KIND_SINCE,
}
"""The minor version that brought each kind of event; what is made of others is in `kinds`."""

_EVENT: Final = shape.by_tag("kind", _KINDS, otherwise=shape.record({"cursor": shape.integer(1)}))

_NULL: Final = shape.nullable(lambda value, path: iter((f"{path}: found {value!r}, not null",)))

_READING: Final = shape.by_tag(
    "provenance",
    {
        "measured": shape.record({"value": _NUMBER}),
        "modelled": shape.record({"value": _NUMBER}),
        "unknown": shape.record({"value": _NULL}),
    },
)

RESULTS: Final[Mapping[str, Check]] = {
    "describe": _DESCRIBE,
    "configure": shape.record({"profile_sha256": shape.sha256()}),
    "infer": shape.by_tag(
        "outcome",
        {
            "answer": shape.record({**_ANSWER, "elapsed_ns": _NS}),
            "no_answer": shape.record({**_NO_ANSWER, "elapsed_ns": _NS}),
        },
    ),
    "stream.open": shape.record({"window_samples": _SIZE, "hop_samples": _SIZE}),
    "stream.push": shape.record({"next": _COUNT}),
    "stream.close": shape.record({"samples": _COUNT, "windows": _COUNT}),
    "events": shape.record({"events": shape.array(_EVENT), "next": _COUNT, "dropped": _COUNT}),
    **results_alarm.RESULTS,
    **results_outbox.RESULTS,
    "resources": shape.mapping(_READING),
    "clock": shape.record({"now_ns": _NS}),
    "restart": shape.record({}),
    "shutdown": shape.record({}),
}
"""The shape of each method's result."""


def result_faults(method: str, result: Mapping[str, Any]) -> tuple[str, ...]:
    """Every fault in the shape of a result; none for a method this version does not know."""
    check = RESULTS.get(method)
    if check is None:
        return ()
    if method == "describe" and (faults := _version_faults(result)):
        return faults
    faults = shape.faults(check, result, "result")
    return _relations(result) if method == "describe" and not faults else faults


def _version_faults(description: Mapping[str, Any]) -> tuple[str, ...]:
    """Another major version is the only fault told: everything else may differ by right."""
    version = description.get("protocol")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        return ()
    if int(version.split(".")[0]) == PROTOCOL_MAJOR:
        return ()
    return (f"result.protocol: found {version!r}, this verifier speaks {PROTOCOL_MAJOR}.x",)


def _relations(description: Mapping[str, Any]) -> tuple[str, ...]:
    """What the fields of a well-shaped description must be to one another."""
    faults = []
    capabilities = description["capabilities"]
    if "core" not in capabilities:
        faults.append("result.capabilities: 'core' is missing; it is required of every device")
    if len(set(capabilities)) != len(capabilities):
        faults.append("result.capabilities: a capability is listed twice")
    if "clock" in capabilities and not description["clock"]["simulated"]:
        faults.append("result.capabilities: 'clock' is offered by a device with a real clock")
    if {"infer", "stream"} & set(capabilities) and not description["inputs"]:
        faults.append("result.inputs: empty, but 'infer' or 'stream' is offered")
    return tuple(faults)
