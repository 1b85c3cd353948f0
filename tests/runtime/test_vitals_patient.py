"""Channels of one patient together: instants, silence, and signs heard before they are told."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.errors import LimitError, StreamError
from edgeward.limits import Limits
from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import (
    Beat,
    DefectChange,
    Finding,
    Reading,
    Reason,
    Sign,
    SignChange,
    Vital,
)
from edgeward.signal.ring import Mask, Samples
from edgeward.signal.simulation.generate import simulate
from edgeward.signal.simulation.scenarios import scenario
from edgeward.signal.vitals.channel_vitals import SILENT_NS, ChannelVitals, Told
from edgeward.signal.vitals.patient_vitals import PatientVitals

S = 1_000_000_000
LIMITS = Limits()
ECG = Channel("ecg", Signal.ECG, "mV", 250)


class Every:
    """Tells a number with each hundredth sample, and a standstill with sample 250."""

    def __init__(self) -> None:
        self.seen = 0

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        found: list[Finding] = []
        for at in range(self.seen, self.seen + len(samples)):
            if at % 100 == 99:
                found.append(Reading(Vital.HEART_RATE, 60.0, at))
            if at == 250:
                found.append(SignChange(Sign.ASYSTOLE, True, since=50, at=250))
        self.seen += len(samples)
        return found


def channel() -> ChannelVitals:
    return ChannelVitals(ECG, [Every()], LIMITS)


def push(target: ChannelVitals, first: int, count: int, acquired_ns: int) -> list[Told]:
    return target.push(first, np.zeros(count, np.float32), None, acquired_ns)


@given(cuts=st.lists(st.integers(1, 120), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_instants_do_not_depend_on_how_the_signal_is_cut(cuts: list[int]) -> None:
    whole, cut = channel(), channel()
    total, at = sum(cuts), 0
    found = []
    for count in cuts:
        at += count
        found += push(cut, at - count, count, at * S // 250)
    expected = push(whole, 0, total, total * S // 250)
    assert [(one.finding, one.at_ns // 10, one.since_ns // 10) for one in found] == [
        (one.finding, one.at_ns // 10, one.since_ns // 10) for one in expected
    ]


def test_an_instant_is_counted_back_from_the_end_of_its_block() -> None:
    told = push(channel(), 0, 300, 10 * S)
    standstill = next(one for one in told if isinstance(one.finding, SignChange))
    assert standstill.at_ns == 10 * S - 49 * S // 250
    assert standstill.since_ns == standstill.at_ns - 200 * S // 250


def test_a_channel_that_falls_silent_has_no_numbers_and_decides_nothing() -> None:
    target = channel()
    push(target, 0, 300, 10 * S)
    edge_ns = 10 * S + SILENT_NS + 300 * S // 250
    assert target.advance(edge_ns) == []
    told = [one.finding for one in target.advance(edge_ns + 1)]
    assert [type(one) for one in told] == [DefectChange, SignChange, Reading]
    assert told[1] == SignChange(Sign.ASYSTOLE, None, 50, 299, "stale")
    assert told[2] == Reading(Vital.HEART_RATE, None, 299, Reason.STALE)
    assert target.advance(edge_ns + 9 * S) == []
    assert target.blinded
    back = [one.finding for one in push(target, 300, 100, 60 * S)]
    assert back[0] == DefectChange(Reason.STALE, False, 300, 300)
    assert back[1] == SignChange(Sign.ASYSTOLE, True, 50, 300)
    assert not target.blinded


@pytest.mark.parametrize(("first", "acquired_s"), [(1300, 16), (300, 12)])
def test_the_end_of_a_silence_is_never_told_as_older_than_the_silence(
    first: int, acquired_s: int
) -> None:
    """With samples lost meanwhile, and with a block that was long under way."""
    target = channel()
    push(target, 0, 300, 10 * S)
    silent, *_ = target.advance(15 * S)
    over, *_ = push(target, first, 100, acquired_s * S)
    assert silent.finding == DefectChange(Reason.STALE, True, 299, 299)
    assert over.finding == DefectChange(Reason.STALE, False, 300, 300)
    assert over.at_ns == max(15, acquired_s) * S >= silent.at_ns


def test_a_channel_that_never_sends_anything_is_silent_too() -> None:
    target = channel()
    assert target.advance(5 * S) == []
    (told,) = target.advance(5 * S + SILENT_NS + 1)
    assert told.finding == DefectChange(Reason.STALE, True, -1, -1)


def test_channels_are_attached_once_and_only_so_many() -> None:
    patient = PatientVitals("p1", Limits(channels_max=1))
    patient.attach(ECG)
    with pytest.raises(StreamError, match="'ecg' of patient 'p1' is attached already"):
        patient.attach(ECG)
    with pytest.raises(LimitError, match="channels_max = 1"):
        patient.attach(Channel("other", Signal.ECG, "mV", 250))
    with pytest.raises(StreamError, match="'pulse' of patient 'p1' is not attached; attached: ecg"):
        patient.channel("pulse")
    patient.detach("ecg", 1)
    patient.attach(ECG)


def told_of(name: str, channels: tuple[str, ...], seed: int = 7) -> Iterator[Told]:
    """What a patient tells of a scenario whose channels arrive a second at a time."""
    record = simulate(scenario(name), seed)
    patient = PatientVitals(name, LIMITS)
    for one in channels:
        patient.attach(record.channel(one))
    for second in range(int(scenario(name).seconds)):
        for one in channels:
            rate_hz = record.channel(one).rate_hz
            block = record.signals[one][second * rate_hz : (second + 1) * rate_hz]
            yield from patient.push(one, second * rate_hz, block, None, (second + 1) * S)


def signs(told: Iterator[Told], sign: Sign) -> list[tuple[bool | None, str, float]]:
    """Each word on a sign."""
    return [
        (one.finding.present, one.finding.text, one.at_ns / S)
        for one in told
        if isinstance(one.finding, SignChange) and one.finding.sign is sign
    ]


@pytest.mark.slow
def test_a_standstill_is_told_whoever_else_is_heard() -> None:
    for channels in (("ecg",), ("ecg", "ppg"), ("ppg", "ecg", "pressure")):
        present = [at for yes, _, at in signs(told_of("asystole", channels), Sign.ASYSTOLE) if yes]
        assert len(present) == 1
        assert 63.0 < present[0] < 65.2  # the last beat lies up to a second before 60


@pytest.mark.slow
def test_a_standstill_of_the_lead_alone_is_held_back_and_says_why() -> None:
    alone = signs(told_of("ecg_weak_0.02", ("ecg",)), Sign.ASYSTOLE)
    assert any(yes for yes, _, _ in alone)
    heard = signs(told_of("ecg_weak_0.02", ("ecg", "ppg")), Sign.ASYSTOLE)
    assert not any(yes for yes, _, _ in heard)
    held = [text for _, text, _ in heard if text.startswith("held back")]
    assert held
    assert "ppg:" in held[0]


def test_every_beat_is_told_with_its_own_instant() -> None:
    record = simulate(scenario("rate_60"), 7)
    beats = [one for one in told_of("rate_60", ("ecg",)) if isinstance(one.finding, Beat)]
    found = [one.since_ns / S for one in beats]
    true = record.truth.beats_s.tolist()
    assert len(found) >= len(true) - 6  # those that are learned from are not told
    assert all(min(abs(one - each) for each in true) < 0.1 for one in found)


def test_a_clock_that_runs_otherwise_than_it_says_is_told_and_one_within_bounds_is_not() -> None:
    for ppm, wrong in ((0, False), (150, False), (1000, True)):
        target = channel()
        defects = []
        for second in range(1, 120):
            acquired_ns = second * (S + ppm * 1000)
            defects += [
                one.finding.defect
                for one in push(target, (second - 1) * 250, 250, acquired_ns)
                if isinstance(one.finding, DefectChange)
            ]
        assert (Reason.CLOCK in defects) is wrong
