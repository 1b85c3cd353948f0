"""The methods of the protocol about patients and alarms."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from enum import StrEnum
from math import isfinite
from typing import Any

from edgeward.alarm.alarm_limits import NAMES
from edgeward.alarm.annunciation.display import WIDTH_MIN
from edgeward.alarm.annunciation.light import CODES, Lights
from edgeward.alarm.vocabulary import Category, Inactivation
from edgeward.device.bedside import acting
from edgeward.device.bedside.bedside import Bedside
from edgeward.device.bedside.indicators import LIGHT_HZ, SOUND_HZ, Indicators
from edgeward.device.bedside.showing import monitoring
from edgeward.device.bedside.showing import shown as shown_now
from edgeward.device.bedside.start import Started
from edgeward.device.method import Call, Method
from edgeward.device.parameters import (
    Parameter,
    bad_parameters,
    integer,
    mapping,
    mask,
    nullable,
    samples,
    text,
)
from edgeward.device.rpc import Code, RpcError, shown
from edgeward.errors import AlarmError, StreamError
from edgeward.limits import Limits
from edgeward.signal.channel import Channel
from edgeward.signal.findings import Vital
from edgeward.signal.ring import Samples

Action = Callable[..., dict[str, Any]]
Table = dict[str, tuple[tuple[Parameter, ...], Action]]
SAMPLES_MAX = 160_000
LIGHT_SAMPLES_MAX = 10_000
RECEIVERS_MAX = 8
DEVICE_CHARS_MAX = 128
"""In the name of another device: its own, and that of a patient."""
_MS_MAX = 600_000


def bedside_methods(started: Started, limits: Limits) -> dict[str, Method]:
    """All of them, by name."""
    bedside = started.bedside
    tables = {
        "alarm": _alarm(started, limits),
        "delegation": _delegation(limits),
        "indicators": _indicators(started.indicators, limits),
    }
    return {
        each: Method(capability, parameters, _guarded(_bound(action, bedside)))
        for capability, table in tables.items()
        for each, (parameters, action) in table.items()
    }


def _alarm(started: Started, limits: Limits) -> Table:
    name = text(limits.stream_name_chars_max)
    patient, by = Parameter("patient", name), Parameter("by", name)
    anybody = Parameter("patient", nullable(name))
    return {
        **_channels(patient, Parameter("channel", name)),
        "alarm.acknowledge": ((Parameter("alarm", name), by), acting.acknowledge),
        "alarm.describe": ((), monitoring),
        "alarm.reset": ((anybody, by), acting.reset),
        "alarm.sound": (
            (Parameter("from_ns", integer(0)), Parameter("samples", integer(1, SAMPLES_MAX))),
            lambda _, from_ns, samples: {
                "rate_hz": SOUND_HZ,
                "samples": _base64(started.indicators.sound(from_ns, samples)),
            },
        ),
        "alarm.resume": ((anybody, by), acting.resume),
        "alarm.inactivate": (
            (
                anybody,
                Parameter("state", _one_of(Inactivation)),
                Parameter("duration_ms", integer(1), required=False),
                by,
            ),
            acting.inactivate,
        ),
        "alarm.switch": (
            (anybody, Parameter("condition", name), Parameter("on", _boolean), by),
            acting.switch,
        ),
        "alarm.limits": (
            (
                patient,
                Parameter("vital", _one_of(Vital)),
                Parameter("unit", name),
                by,
                *(
                    Parameter(bound, nullable(_number), required=False, default=acting.UNCHANGED)
                    for bound in NAMES
                ),
            ),
            acting.set_limits,
        ),
    }


def _indicators(indicators: Indicators, limits: Limits) -> Table:
    def display(bedside: Bedside, width: int) -> dict[str, Any]:
        readings = {
            name: [event.reading for event in one.newest.values()]
            for name, one in bedside.patients.items()
        }
        return {"lines": list(indicators.screen.lines(bedside.now().mono_ns, readings, width))}

    def again(bedside: Bedside, by: str) -> dict[str, Any]:
        indicators.again(bedside.alarms, by, bedside.now())
        return {}

    return {
        "alarm.light": (
            (Parameter("from_ns", integer(0)), Parameter("samples", integer(1, LIGHT_SAMPLES_MAX))),
            lambda _, from_ns, samples: {
                "rate_hz": LIGHT_HZ,
                "colours": ["dark" if one is None else one.value for one in CODES],
                "samples": _base64(indicators.light(from_ns, samples)),
            },
        ),
        "alarm.display": (
            (Parameter("width", integer(WIDTH_MIN, 400), required=False, default=80),),
            display,
        ),
        "alarm.self_test": (
            (Parameter("by", text(limits.stream_name_chars_max)),),
            again,
        ),
    }


def _delegation(limits: Limits) -> Table:
    name = text(limits.stream_name_chars_max)
    by, device = Parameter("by", name), Parameter("device", text(DEVICE_CHARS_MAX))
    anybody, to = Parameter("patient", nullable(name)), Parameter("to", name)
    refresh = Parameter("refresh_within_ms", integer(1, _MS_MAX), required=False, default=4000)
    return {
        "alarm.delegate": (
            (
                anybody,
                Parameter("to", _names(name)),
                refresh,
                Parameter("confirm_within_ms", integer(1, _MS_MAX)),
                Parameter("sound", _boolean, required=False, default=False),
                by,
            ),
            acting.delegate,
        ),
        "alarm.undelegate": ((anybody, by), acting.undelegate),
        "alarm.refresh": (
            (anybody, to, Parameter("answer", nullable(mapping))),
            lambda of, **given: {"offer": of.refresh(**given)},
        ),
        "alarm.listen": ((device, Parameter("name", name), refresh, by), acting.listen),
        "alarm.unlisten": ((device, by), acting.unlisten),
        "alarm.arrive": (
            (device, Parameter("offer", nullable(mapping))),
            lambda of, **given: {"answer": of.arrive(**given)},
        ),
        "alarm.confirm": (
            (
                Parameter("device", nullable(device.read), required=False),
                Parameter("alarm", name),
                by,
            ),
            acting.confirm,
        ),
    }


def _bound(action: Action, bedside: Bedside) -> Call:
    def call(given: Mapping[str, Any], arrived_ns: int) -> dict[str, Any]:
        if "acquired_ns" in given:
            acquired_ns = given["acquired_ns"]
            given = {**given, "acquired_ns": arrived_ns if acquired_ns is None else acquired_ns}
        answer = action(bedside, **given)
        bedside.settle()
        return answer

    return call


def _guarded(call: Call) -> Call:
    """What cannot be is told as bad parameters, what may not be now as a refusal."""

    def guarded(given: Mapping[str, Any], arrived_ns: int) -> Any:  # noqa: ANN401 - as `Call`
        try:
            return call(given, arrived_ns)
        except StreamError as error:
            raise bad_parameters(str(error).split("\n")) from error
        except AlarmError as error:
            faults = str(error).split("\n")
            if given.keys() & set(NAMES):
                raise bad_parameters(faults) from error
            raise RpcError(Code.REFUSED, "; ".join(faults)) from error

    return guarded


def _channels(patient: Parameter, channel: Parameter) -> Table:
    word = text(32)
    return {
        "patient.admit": ((patient, Parameter("category", _one_of(Category))), _admit),
        "patient.discharge": ((patient,), _discharge),
        "patient.attach": (
            (
                patient,
                channel,
                Parameter("signal", word),
                Parameter("unit", word),
                Parameter("rate_hz", integer(1)),
                Parameter("beats", _boolean, required=False, default=False),
                Parameter("model", _boolean, required=False, default=False),
            ),
            _attach,
        ),
        "patient.push": (
            (
                patient,
                channel,
                Parameter("first", integer(0)),
                Parameter("samples", samples),
                Parameter("valid", mask, required=False),
                Parameter("acquired_ns", integer(-(1 << 62)), required=False),
            ),
            _push,
        ),
        "patient.detach": ((patient, channel), _detach),
        "patient.state": ((Parameter("patient", nullable(patient.read)),), shown_now),
    }


def _admit(bedside: Bedside, patient: str, category: Category) -> dict[str, Any]:
    bedside.admit(patient, category)
    return {}


def _discharge(bedside: Bedside, patient: str) -> dict[str, Any]:
    bedside.discharge(patient)
    return {}


def _attach(
    bedside: Bedside,
    patient: str,
    channel: str,
    signal: str,
    unit: str,
    rate_hz: int,
    beats: bool,  # noqa: FBT001 - by name, as the protocol does
    model: bool,  # noqa: FBT001 - as above
) -> dict[str, Any]:
    described = Channel(channel, signal, unit, rate_hz)  # type: ignore[arg-type]
    bedside.attach(patient, described, beats=beats, model=model)
    return {}


def _push(bedside: Bedside, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - checked before
    of = bedside.patient(given["patient"]).vitals.channel(given["channel"]).channel
    values, axes = given["samples"], of.acceptance.axes
    if axes > 1:
        if len(values) % axes:
            raise StreamError(f"found {len(values)} values; accepted: {axes} for each sample")
        values = values.reshape(-1, axes)
    pushed = bedside.push(
        given["patient"],
        given["channel"],
        given["first"],
        values,
        given["valid"],
        given["acquired_ns"],
    )
    return {"next": pushed}


def _detach(bedside: Bedside, patient: str, channel: str) -> dict[str, Any]:
    return {"samples": bedside.detach(patient, channel)}


def _one_of(words: type[StrEnum]) -> Callable[[object], Any]:
    def read(value: object) -> StrEnum:
        try:
            return words(str(value))
        except ValueError:
            raise ValueError(f"found {shown(value)}, accepted: {', '.join(words)}") from None

    return read


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"found {shown(value)}, true or false is needed")
    return value


def _names(name: Callable[[object], Any]) -> Callable[[object], tuple[str, ...]]:
    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= RECEIVERS_MAX:
            raise ValueError(f"found {shown(value)}, a list of 1 to {RECEIVERS_MAX} is needed")
        return tuple(name(each) for each in value)

    return read


def _base64(values: Samples | Lights) -> str:
    return b64encode(values.tobytes()).decode("ascii")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"found {shown(value)}, a number or null is needed")
    return float(value)
