"""Conformance checks of what is told about patients from version 1.3 on.

What an alarm must do is for the suites. Here it is only whether the device's words are those of the
protocol: what nobody asked for is not told, and what is told means what it says.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Final

from edgeward_harness.target.arrays import f32_base64, u8_base64
from edgeward_harness.target.kinds import Event
from edgeward_harness.target.messages import INVALID_PARAMS, REFUSED_IN_STATE
from edgeward_harness.target.trial import Trial, latest_cursor, signal_of

_PATIENT: Final = "agent-check"
_BY: Final = "agent-check"
_SECONDS: Final = 20
_MINOR: Final = 3
_CUFF: Final = "pressure_cuff"
_MEASURED: Final = {
    "pressure_systolic": 121.0,
    "pressure_diastolic": 79.0,
    "pressure_mean": 93.0,
}
"""In the order of the protocol."""


def _earlier(trial: Trial) -> str | None:
    """Why there is nothing to check; None when the device announced the version."""
    announced = str(trial.device.description["protocol"])
    known = int(announced.split(".")[1]) >= _MINOR
    return None if known else f"protocol {announced} has none"


@contextmanager
def _patient(trial: Trial) -> Iterator[None]:
    """A patient who is admitted meanwhile."""
    trial.call("patient.admit", {"patient": _PATIENT, "category": "adult"})
    yield
    trial.call("patient.discharge", {"patient": _PATIENT})


def _attached(signal: str, taken: Mapping[str, Any], channel: str) -> dict[str, Any]:
    return {
        "patient": _PATIENT,
        "channel": channel,
        "signal": signal,
        "unit": taken["units"][0],
        "rate_hz": taken["rates_hz"][0][0],
    }


def _events(trial: Trial, after: int) -> Iterator[Event]:
    while True:
        answer = trial.call("events", {"after": after})
        yield from answer["events"]
        if not answer["events"]:
            return
        after = answer["next"]


def beats(trial: Trial) -> str:
    """Beats are told in order, of the channel that they were asked for and of no other."""
    if earlier := _earlier(trial):
        return earlier
    table = trial.call("alarm.describe")["channels"]
    having = [name for name, one in table.items() if one.get("beats")]
    without = [name for name, one in table.items() if not one.get("beats")]
    with _patient(trial):
        for name in without:
            asked = {**_attached(name, table[name], "none"), "beats": True}
            trial.refused("patient.attach", asked, INVALID_PARAMS, why=f"beats of {name!r}")
        if "ecg" not in having:
            return f"no beats of {', '.join(without)}; no ECG to try"
        return _beats_of(trial, {**_attached("ecg", table["ecg"], "asked"), "unit": "mV"})


def _beats_of(trial: Trial, asked: dict[str, Any]) -> str:
    cursor, rate_hz = latest_cursor(trial), int(asked["rate_hz"])
    trial.call("patient.attach", {**asked, "beats": True})
    trial.call("patient.attach", {**asked, "channel": "unasked"})
    block = f32_base64(signal_of(rate_hz, float(rate_hz)))
    for second in range(_SECONDS):
        for channel in ("asked", "unasked"):
            pushed = {"patient": _PATIENT, "channel": channel, "first": second * rate_hz}
            trial.call("patient.push", {**pushed, "samples": block})
    told = [one for one in _events(trial, cursor) if one["kind"] == "beat"]
    unasked = {one["channel"] for one in told} - {"asked"}
    trial.expect(
        not unasked, "Beats are told that nobody asked for", f"of channel {sorted(unasked)}"
    )
    places = [int(one["sample"]) for one in told]
    trial.expect(
        all(sooner < later for sooner, later in pairwise([-1, *places, _SECONDS * rate_hz])),
        "Beats must lie in the samples that were pushed, each after the one before",
        f"told at samples {places[:20]}",
    )
    return f"{len(told)} beats of {_SECONDS} s, of the channel asked for"


def cuff(trial: Trial) -> str:
    """Three numbers of a cuff are told as what they are; an invalid sample is no measurement."""
    if earlier := _earlier(trial):
        return earlier
    table = trial.call("alarm.describe")["channels"]
    if _CUFF not in table:
        return f"{_CUFF!r} is not taken"
    with _patient(trial):
        trial.call("patient.attach", {**_attached(_CUFF, table[_CUFF], "cuff"), "unit": "mmHg"})
        pushed = {"patient": _PATIENT, "channel": "cuff"}
        sample = f32_base64(_MEASURED.values())
        trial.call("patient.push", {**pushed, "first": 0, "samples": sample})
        other = f32_base64([80.0, 40.0, 60.0])
        masked = {"first": 1, "samples": other, "valid": u8_base64([0])}
        trial.call("patient.push", {**pushed, **masked})
        readings = trial.call("patient.state", {"patient": _PATIENT})["readings"]
        found = {name: readings.get(name, {}).get("value") for name in _MEASURED}
        trial.expect(
            found == _MEASURED,
            "The numbers of a cuff are not those that were measured",
            f"pushed {_MEASURED}, then an invalid sample; shown {found}",
        )
    return ", ".join(f"{name} {value:g}" for name, value in found.items())


def delegation(trial: Trial) -> str:
    """An offer is for whom it was asked, an answer from nobody else, and an end is an end."""
    asked = {"to": [_PATIENT], "confirm_within_ms": 60_000, "by": _BY}
    refresh = {"patient": _PATIENT, "to": _PATIENT, "answer": None}
    with _patient(trial):
        trial.refused("alarm.refresh", refresh, REFUSED_IN_STATE, why="nothing is delegated")
        device = trial.call("alarm.delegate", {"patient": _PATIENT, **asked})["device"]
        offer = trial.call("alarm.refresh", refresh)["offer"]
        trial.expect(
            offer is not None and (offer["sender"], offer["receiver"]) == (device, _PATIENT),
            "The first offer must be there, and for whom the alarms are delegated to",
            f"delegated by {device!r} to {_PATIENT!r}, offered: {offer}",
        )
        answer = {
            "sender": "somebody else",
            "receiver": device,
            "stamp": [1, 1],
            "heard": offer["stamp"],
            "taken": [],
            "confirmed": [],
        }
        trial.refused(
            "alarm.refresh", {**refresh, "answer": answer}, INVALID_PARAMS, why="another's answer"
        )
        trial.call("alarm.undelegate", {"patient": _PATIENT, "by": _BY})
        trial.refused("alarm.refresh", refresh, REFUSED_IN_STATE, why="nothing is delegated")
    return f"offered by {device!r}, refused to others"


def indicators(trial: Trial) -> str:
    """As many samples of light as were asked for, of the colours told; lines that fit the width."""
    told = trial.device.description.get("indicators", {})
    trial.expect("light" in told, "'describe' must say whether the light is emulated", f"{told}")
    samples, width = 250, 60
    asked = {"from_ns": trial.call("describe")["clock"]["now_ns"], "samples": samples}
    light = trial.call("alarm.light", asked)
    seen = base64.b64decode(light["samples"])
    trial.expect(
        len(seen) == samples and max(seen) < len(light["colours"]),
        "The light must have a colour for each sample",
        f"asked for {samples}, got {len(seen)}, up to {max(seen, default=0)} of {light['colours']}",
    )
    lines = trial.call("alarm.display", {"width": width})["lines"]
    longest = max(map(len, lines))
    trial.expect(longest <= width, "The display does not fit", f"{longest} of {width} columns")
    return f"{len(lines)} lines; light in {', '.join(light['colours'])}"
