"""What is left out on the way is within the bound that was told, and nothing else is left out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pytest

from edgeward.signal.simulation.scenarios import scenario
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.rebuilding import NUMBER, Point, Rebuilt, rebuilt
from edgeward_harness.rig.receiving import Receiving, receiving
from edgeward_harness.rig.sink.opening import read_payload
from edgeward_harness.rig.ward import Bed, Samples, Ward, simulated_bed
from edgeward_harness.run.measure import Measure

from .keeping import NS, count, device_name, passes

STEP_MS: Final = 1000
WATCHED_S: Final = 60.0
CHANNELS: Final = (
    "ecg", "ppg", "respiration", "acceleration", "pressure", "spo2", "temperature",
)  # fmt: skip
COURSES: Final = ("apnea", "ecg_dropouts", "desaturation_fast", "asystole")
"""Each with alarms, and numbers that come, go and move."""
DEADBANDS_MOST: Final = {
    "heart_rate": 1.0, "pulse_rate": 1.0, "spo2": 1.0, "respiration_rate": 1.0, "temperature": 0.1,
    "pressure_systolic": 2.0, "pressure_mean": 2.0, "pressure_diastolic": 2.0,
}  # fmt: skip
"""A bound that is told may be no wider: one step of what is shown, two for a pressure."""
BOUNDS_MOST: Final = {
    "ecg": 0.0026, "acceleration": 0.0006, "pressure": 0.13, "spo2": 0.06, "temperature": 0.006,
}  # fmt: skip
"""The same of waveforms, in their units: half a step of what converters for them have."""
SHARE_MOST: Final = 1 / 2000
"""Of the range, where a unit says nothing."""
LEFT_OVER_S: Final = 15
QUIET: Final = 4
STEPS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """A patient who was watched, and what came of them."""

    bed: Bed
    told: list[dict[str, Any]]
    """By the device, while it was asked: all that its records must hold."""
    came: Rebuilt
    raw_bytes: int
    sent_bytes: int


@pytest.mark.case("TC-OFF-020")
def test_filter(measure: Measure, rig: Rig) -> None:
    """A receiver rebuilds numbers and waveforms within the bound that it was told, and all events.

    Method: simulated patients with alarms and faults are watched by a device that delivers. Each
    number that it tells is held against the last one that the receiver has at that instant: known
    or unknown alike, no farther off than the deadband that the record tells, none held for longer
    than its heartbeat. Each sample that was pushed is held against what the receiver unpacks, by
    the bound of its record. No bound may be wider than the plan allows. Every alarm, sign and fault
    that the device told must have come as it was told. What was sent is weighed against what was
    pushed and told.
    """
    measure.rests_on(SIMULATED)
    repeats = rig.samples("TC-OFF-020")
    numbers: list[str] = []
    samples: list[str] = []
    lost: list[str] = []
    seen: list[Seen] = []
    for number in range(repeats):
        seen.append(_seen(rig, COURSES[number % len(COURSES)], number))
        numbers += _numbers_off(seen[-1])
        samples += _samples_off(seen[-1], waveforms=rig.profile.offline.waveforms)
        lost += _left_out(seen[-1])
        rig.progress(number + 1, repeats)
    told = [event for one in seen for event in one.told]
    count(
        measure, "numbers_beyond_their_bound", numbers, _many(told, numbers=True),
        "each within the deadband that was told, known or unknown alike",
    )  # fmt: skip
    count(
        measure, "channels_beyond_their_bound", samples, repeats * len(CHANNELS),
        "each sample within the bound of its record"
        if rig.profile.offline.waveforms
        else "no waveform, as the profile says",
    )  # fmt: skip
    count(
        measure, "events_and_alarms_left_out", lost, _many(told, numbers=False),
        "each came as it was told",
    )  # fmt: skip
    hours = repeats * WATCHED_S / 3600
    raw, sent = (sum(getattr(one, name) for one in seen) for name in ("raw_bytes", "sent_bytes"))
    measure.check(
        "less_is_sent_than_was_pushed", 0 < sent < raw,
        expected="fewer bytes a patient and hour than were pushed and told",
        observed=f"{sent / hours / 1e6:.2f} MB sent an hour, {raw / hours / 1e6:.2f} MB raw,"
        f" {raw / max(sent, 1):.1f} to one",
    )  # fmt: skip


def _many(told: list[dict[str, Any]], *, numbers: bool) -> int:
    return max(1, sum((one["kind"] == NUMBER) is numbers for one in told))


def _seen(rig: Rig, course: str, number: int) -> Seen:
    seed = rig.seed(f"TC-OFF-020/{number}")
    bed = simulated_bed(f"{course} {number}", scenario(course), seed, *CHANNELS)
    with receiving(seed) as here, rig.open_device(simulated_clock=True) as device:
        here.enrol(device)
        ward = Ward(device, STEP_MS)
        ward.admit(bed)
        ward.play([bed], WATCHED_S)
        told = [dict(one.event) for one in ward.told]
        passes(device, LEFT_OVER_S * NS)
        _settled(here, device_name(device), lambda: passes(device, 20 * NS))
        came = rebuilt(_payloads(here, device_name(device)), bed.patient)
        sent = here.receiver.ledger.rows(
            "SELECT sum(length(blob)) FROM records WHERE device = ?", device_name(device)
        )
    mine = [one for one in told if one.get("patient") == bed.patient]
    text = sum(len(json.dumps(one)) for one in mine)
    pushed = sum(_pushed(bed, one.name).nbytes for one in bed.channels)
    return Seen(bed, mine, came, pushed + text, int(sent[0][0] or 0))


def _settled(here: Receiving, name: str, step: Callable[[], None]) -> None:
    """Let time pass until nothing new comes."""
    held, quiet = -1, 0
    for _ in range(STEPS_MAX):
        now = len(here.received(name))
        quiet = quiet + 1 if now == held else 0
        held = now
        if quiet > QUIET:
            return
        step()


def _payloads(here: Receiving, name: str) -> Iterator[Any]:
    return (read_payload(data) for data in here.payloads(name).values())


def _pushed(bed: Bed, channel: str) -> Samples:
    rate_hz = next(one.rate_hz for one in bed.channels if one.name == channel)
    return bed.signals[channel][: round(WATCHED_S * rate_hz)]


def _numbers_off(seen: Seen) -> list[str]:
    """Numbers that a receiver would show otherwise than within the bound."""
    faults = []
    for event in seen.told:
        if event["kind"] != NUMBER:
            continue
        held = seen.came.known(event["channel"], event["vital"], event["at_ns"])
        fault = _off(event, held)
        if fault:
            faults.append(f"{event['vital']} at {event['at_ns']}: {fault}")
    return faults


def _off(event: dict[str, Any], held: Point | None) -> str:
    if held is None:
        return "nothing is held" if event["value"] is not None else ""
    if held.deadband > DEADBANDS_MOST[event["vital"]]:
        return f"a bound of {held.deadband} is told"
    if (held.value is None) is not (event["value"] is None):
        return f"{held.value} is held, {event['value']} was told"
    if held.value is not None and abs(held.value - event["value"]) > held.deadband:
        return f"{held.value} is held, {event['value']} was told, bound {held.deadband}"
    return ""


def _samples_off(seen: Seen, *, waveforms: bool) -> list[str]:
    """Channels with a sample that is missing, or beyond its bound, or a bound that is too wide."""
    if not waveforms:
        return [f"{name} was sent" for name in seen.came.waves]
    faults = []
    for one in seen.bed.channels:
        fault = _wave_fault(seen, one.name)
        if fault:
            faults.append(f"{seen.bed.patient}, {one.name}: {fault}")
    return faults


def _wave_fault(seen: Seen, channel: str) -> str:
    pushed, wave = _pushed(seen.bed, channel), seen.came.waves.get(channel)
    if wave is None or len(wave.values) != len(pushed):
        return f"{0 if wave is None else len(wave.values)} of {len(pushed)} samples came"
    rows = np.array([wave.values[at] for at in range(len(pushed))])
    bounds = np.array([wave.bounds[at] for at in range(len(pushed))])
    wide = pushed.reshape(rows.shape).astype(np.float64)
    known = np.isfinite(wide)
    if not np.array_equal(known, np.isfinite(rows)):
        return "samples are known that were not, or the other way round"
    apart = np.where(known, np.abs(np.where(known, rows, 0) - np.where(known, wide, 0)), 0)
    if np.any(apart > bounds[:, None]):
        return f"{apart.max()} off, bound {bounds.max()}"
    span = float(np.nanmax(wide) - np.nanmin(wide)) if known.any() else 0.0
    most = BOUNDS_MOST.get(channel, SHARE_MOST * span)
    if bounds.max() > most:
        return f"a bound of {bounds.max()} is told, and {most} is allowed"
    return ""


def _left_out(seen: Seen) -> list[str]:
    """Events that were told and did not come."""
    came = [json.dumps(one, sort_keys=True) for one in seen.came.events]
    faults = []
    for event in seen.told:
        plain = {name: value for name, value in event.items() if name != "cursor"}
        if event["kind"] != NUMBER and json.dumps(plain, sort_keys=True) not in came:
            faults.append(f"{event['kind']} {event.get('what', event.get('sign', ''))} never came")
    return faults
