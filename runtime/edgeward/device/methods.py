"""The table of methods: the capability of each, its parameters, and what it calls."""

from collections.abc import Mapping
from typing import Any

from edgeward.device.answers import Result
from edgeward.device.device import Device
from edgeward.device.method import Later, Method
from edgeward.device.parameters import (
    INTEGER_MAX,
    Parameter,
    exactly,
    integer,
    mapping,
    mask,
    samples,
    text,
)
from edgeward.process.stream import Block

OF_PATIENTS = {
    "alarm": (
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
    ),
    "delegation": (
        "alarm.delegate",
        "alarm.undelegate",
        "alarm.refresh",
        "alarm.listen",
        "alarm.unlisten",
        "alarm.arrive",
        "alarm.confirm",
    ),
    "indicators": ("alarm.light", "alarm.display", "alarm.self_test"),
}
"""By capability; loaded with the first patient."""
OF_RECORDS = (
    "outbox.put",
    "outbox.status",
    "link.request",
    "link.connect",
    "link.disconnect",
    "keys.rotate",
    "keys.erase",
)
"""Loaded with the first record."""
OF_MEDIA = ("outbox.export", "outbox.import")
"""Loaded when something is carried by hand."""
OF_TRUST = ("attest",)
"""Loaded when somebody asks what runs here."""


def device_methods(device: Device) -> dict[str, Method | Later]:
    """The methods of a device, by name: those of its capabilities only."""
    table: dict[str, Method | Later] = {**_core(device), **_samples(device), **_around(device)}
    for capability, names in OF_PATIENTS.items():
        table |= dict.fromkeys(names, Later(capability, lambda: _of_patients(device)))
    table |= dict.fromkeys(OF_RECORDS, Later("outbox", lambda: _of_records(device)))
    table |= dict.fromkeys(OF_MEDIA, Later("carried", lambda: _of_media(device)))
    table |= dict.fromkeys(OF_TRUST, Later("attestation", lambda: _of_trust(device)))
    present = device.capabilities()
    return {name: method for name, method in table.items() if method.capability in present}


def _core(device: Device) -> dict[str, Method]:
    return {
        "describe": Method("core", (), lambda _, __: device.describe()),
        "configure": Method(
            "core", (Parameter("profile", mapping),), lambda given, _: device.configure(**given)
        ),
        "shutdown": Method("core", (), lambda _, __: device.shutdown()),
        "restart": Method("restart", (), lambda _, __: device.restart()),
    }


def _samples(device: Device) -> dict[str, Method]:
    taken = device.parts.engine.card.input
    stream = Parameter("stream", text(device.limits.stream_name_chars_max))
    signal = Parameter("signal", exactly(taken.signal))
    block = (Parameter("samples", samples), Parameter("valid", mask, required=False))

    def infer(given: Mapping[str, Any], _: int) -> Result:
        return device.infer(given["samples"], given["valid"])

    def push(given: Mapping[str, Any], arrived_ns: int) -> Result:
        acquired_ns = given["acquired_ns"]
        return device.stream_push(
            given["stream"],
            Block(
                first=given["first"],
                samples=given["samples"],
                mask=given["valid"],
                acquired_ns=arrived_ns if acquired_ns is None else acquired_ns,
            ),
        )

    return {
        "infer": Method("infer", (signal, *block), infer),
        "stream.open": Method(
            "stream",
            (
                stream,
                signal,
                Parameter("rate_hz", exactly(taken.rate_hz)),
                Parameter("unit", exactly(taken.unit)),
            ),
            lambda given, _: device.stream_open(given["stream"]),
        ),
        "stream.push": Method(
            "stream",
            (
                stream,
                Parameter("first", integer(0)),
                *block,
                Parameter("acquired_ns", integer(-(1 << 62)), required=False),
            ),
            push,
        ),
        "stream.close": Method("stream", (stream,), lambda given, _: device.stream_close(**given)),
    }


def _around(device: Device) -> dict[str, Method]:
    return {
        "events": Method(
            "stream",
            (
                Parameter("after", integer(0), required=False, default=0),
                Parameter("wait_ms", integer(0), required=False, default=0),
                Parameter("limit", integer(1), required=False, default=256),
            ),
            lambda given, _: device.wait_for_events(**given),
        ),
        "resources": Method("resources", (), lambda _, __: device.resources()),
        "clock": Method(
            "clock",
            (
                Parameter("advance_ns", integer(0)),
                Parameter("wall_jump_ns", integer(-INTEGER_MAX), required=False, default=0),
            ),
            lambda given, _: device.advance_clock(**given),
        ),
    }


def _of_patients(device: Device) -> Mapping[str, Method]:
    from edgeward.device.bedside.methods import bedside_methods

    device.open_bedside()
    assert device.started is not None
    table = bedside_methods(device.started, device.limits)
    assert table.keys() == {name for names in OF_PATIENTS.values() for name in names}
    return table | {"patient.admit": _also_for_records(device, table["patient.admit"])}


def _also_for_records(device: Device, admit: Method) -> Method:
    """Who was erased and comes back has records again, as somebody new."""

    def call(given: Mapping[str, Any], arrived_ns: int) -> Result:
        told = admit.call(given, arrived_ns)
        device.way_out.admitted(given["patient"])
        assert isinstance(told, dict)
        return told

    return Method(admit.capability, admit.parameters, call)


def _of_records(device: Device) -> Mapping[str, Method]:
    from edgeward.device.outgoing.methods import outgoing_methods

    table = outgoing_methods(device.way_out.open, device.keep, device.limits)
    assert table.keys() == set(OF_RECORDS)
    return table


def _of_media(device: Device) -> Mapping[str, Method]:
    from edgeward.device.outgoing.carried_methods import carried_methods

    table = carried_methods(device.way_out.open)
    assert table.keys() == set(OF_MEDIA)
    return table


def _of_trust(device: Device) -> Mapping[str, Method]:
    from edgeward.device.outgoing.attesting import attesting_methods, measured_here

    way_out = device.way_out
    return attesting_methods(
        way_out.open, lambda: measured_here(device.parts, way_out.profile_sha256)
    )
