"""A standstill in real time: from the sample that makes it one to the alarm that somebody gets."""

import base64
import time
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np
import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import Sample, judge_maximum
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.stall import (
    Clocked,
    Span,
    Stalls,
    allowances_ms,
    clocked,
    span_of,
    stall_probe,
)
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession, Pending

from .patients import Doomed, doomed

NS: Final = 1_000_000_000
BLOCK_S: Final = 0.2
BEFORE_S: Final = 0.6
"""In real time before the last beat; everything until then is sent at once."""
STANDSTILL_S: Final = 4.0
WATCHED_S: Final = 2.0
"""After the standstill was one."""
SLICE_NS: Final = 5_000_000


@dataclass(slots=True, eq=False)
class Paced:
    """A patient in real time, from shortly before the last beat on."""

    one: Doomed
    next_sample: int
    due_ns: int = 0
    """When the block with the sample was sent that makes four seconds without a beat."""
    heard_ns: int = 0
    before: Clocked | None = None
    """What the scheduler had counted then,"""
    after: Clocked | None = None
    """and when the alarm was heard."""


@pytest.mark.case("TC-ALM-012")
def test_standstill_in_real_time(
    device: DeviceSession, profile: Profile, measure: Measure, rig: Rig
) -> None:
    """In real time, the HIGH alarm of a standstill is there within the profile's time.

    Method: several simulated patients at once on the device's own clock. What was before is sent at
    once; from just before the last beat on, blocks of 0.2 s go out at their pace, until the heart
    has stood still for four seconds and some more. The delay counts on our clock, from sending the
    block that makes it four seconds to reading the event of a HIGH physiological alarm of that
    patient that is signalled.
    """
    patients = rig.samples("TC-ALM-012")
    paced = [_admit(device, doomed("asystole", rig.seed(f"real {n}"))) for n in range(patients)]
    with stall_probe() as stalls:
        _drive(device, paced)
    sample = _delays(paced, stalls)
    measure.rests_on(SIMULATED)
    measure.record(
        "standstill_to_high_alarm_in_real_time",
        judge_maximum(sample, profile.alarm.high_delay_ms),
    )
    measure.attach_json("stall-probe.json", stalls.to_json())


def _admit(device: DeviceSession, one: Doomed) -> Paced:
    """Admit a patient and send what was before."""
    ecg = one.bed.channels[0]
    whose = {"patient": one.bed.patient}
    device.call("patient.admit", {**whose, "category": "adult"})
    device.call(
        "patient.attach",
        {**whose, "channel": ecg.name, "signal": ecg.signal.value, "unit": ecg.unit,
         "rate_hz": ecg.rate_hz},
    )  # fmt: skip
    paced = Paced(one, 0)
    first = round((one.expected.begins_s - BEFORE_S) * ecg.rate_hz)
    _push(device, paced, first).result()
    return paced


def _push(device: DeviceSession, paced: Paced, samples: int) -> Pending:
    """Send the next samples of a patient."""
    bed, first = paced.one.bed, paced.next_sample
    paced.next_sample += samples
    block = bed.signals["ecg"][first : paced.next_sample]
    text = base64.b64encode(np.ascontiguousarray(block, dtype="<f4").tobytes()).decode()
    return device.send(
        "patient.push",
        {"patient": bed.patient, "channel": "ecg", "first": first, "samples": text},
    )


def _drive(device: DeviceSession, paced: list[Paced]) -> None:
    """Send at the pace of the sensors and read what is told, until all were heard or time is up."""
    rate_hz = paced[0].one.bed.channels[0].rate_hz
    block_samples = round(BLOCK_S * rate_hz)
    due_sample = [round((one.one.expected.begins_s + STANDSTILL_S) * rate_hz) for one in paced]
    begun_ns = time.monotonic_ns()
    listener = _Listener(device, paced)
    for block in range(round((BEFORE_S + STANDSTILL_S + WATCHED_S) / BLOCK_S)):
        listener.until(begun_ns + round((block + 1) * BLOCK_S * NS))
        sent = []
        for one, due in zip(paced, due_sample, strict=True):
            pending = _push(device, one, block_samples)
            sent.append(pending)
            if not one.due_ns and one.next_sample > due:
                one.due_ns, one.before = pending.sent_ns, clocked(device)
        for pending in sent:
            pending.result()
        if all(one.heard_ns for one in paced):
            break


class _Listener:
    """Reads events as they come, always with one request under way."""

    def __init__(self, device: DeviceSession, paced: list[Paced]) -> None:
        self._device = device
        self._by_name = {one.one.bed.patient: one for one in paced}
        self._cursor = 0
        self._asked = self._ask()

    def until(self, instant_ns: int) -> None:
        """Listen until this instant."""
        while (now_ns := time.monotonic_ns()) < instant_ns:
            self._device.pump_until(min(now_ns + SLICE_NS, instant_ns))
            if self._asked.done:
                self._take()
                self._asked = self._ask()

    def _ask(self) -> Pending:
        return self._device.send("events", {"after": self._cursor, "wait_ms": 1000, "limit": 256})

    def _take(self) -> None:
        answer = self._asked.result()
        self._cursor = int(answer["next"])
        for event in answer["events"]:
            alarm = event.get("alarm")
            one = self._by_name.get(event.get("patient") or "")
            if one is None or event["kind"] != "alarm" or alarm is None:
                continue
            high = alarm["priority"] == "high" and alarm["kind"] == "physiological"
            if high and event["what"] == "signalled" and not one.heard_ns:
                one.heard_ns, one.after = self._asked.received_ns, clocked(self._device)


def _delays(paced: list[Paced], stalls: Stalls) -> Sample:
    """The delay of each, and what the host may have added; none excuses one never heard."""
    return Sample(
        values=[(one.heard_ns - one.due_ns) / 1e6 if one.heard_ns else inf for one in paced],
        allowances=allowances_ms(stalls, [_span(one) for one in paced]),
    )


def _span(one: Paced) -> Span:
    """From when the alarm was due to when it was heard."""
    if one.before is None or one.after is None:
        return Span(0, 0)
    return span_of(one.due_ns, one.heard_ns, one.before, one.after)
