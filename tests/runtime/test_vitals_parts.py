"""Gapless intake, and the gate behind the detectors."""

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
from edgeward.signal.vitals.gate import Gate
from edgeward.signal.vitals.intake import Intake

LIMITS = Limits(block_samples_max=1000, gap_samples_max=2000)


def ecg() -> Intake:
    return Intake(Channel("ecg", Signal.ECG, "mV", 250), LIMITS)


def taken(intake: Intake, first: int, values: list[float], mask: list[bool] | None = None
          ) -> list[tuple[list[float], list[bool]]]:  # fmt: skip
    given_mask = None if mask is None else np.array(mask)
    return [
        (samples.tolist(), valid.tolist())
        for samples, valid in intake.take(first, np.array(values, np.float32), given_mask)
    ]


def test_what_did_not_come_is_invalid() -> None:
    intake = ecg()
    assert taken(intake, 0, [1, 2]) == [([1, 2], [True, True])]
    assert taken(intake, 4, [3]) == [([0, 0], [False, False]), ([3], [True])]
    assert intake.next_sample == 5


def test_a_long_gap_comes_in_pieces_of_a_second() -> None:
    intake = ecg()
    pieces = [len(samples) for samples, _ in taken(intake, 600, [1])]
    assert pieces == [250, 250, 100, 1]


@given(gaps=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 30)), max_size=8))
@settings(max_examples=40, deadline=None)
def test_every_sample_is_handed_on_exactly_once(gaps: list[tuple[int, int]]) -> None:
    intake, at, valid = ecg(), 0, 0
    handed = handed_valid = 0
    for gap, count in gaps:
        at, valid = at + gap + count, valid + count
        for _, sound in taken(intake, at - count, [1.0] * count):
            handed, handed_valid = handed + len(sound), handed_valid + sum(sound)
    # a gap is only known by what comes after it
    assert handed == intake.next_sample
    assert handed_valid == valid


def test_what_is_no_number_or_impossible_is_invalid() -> None:
    found = taken(ecg(), 0, [1, float("nan"), float("inf"), 9999, 2], [True] * 4 + [False])
    assert [valid for _, valid in found] == [[True, False, False, False, False]]


def test_one_bad_axis_makes_the_sample_bad() -> None:
    intake = Intake(Channel("acc", Signal.ACCELERATION, "m/s2", 50), LIMITS)
    samples = np.array([[0, 0, 9.80665], [np.nan, 0, 0]], np.float32)
    ((values, valid),) = intake.take(0, samples, None)
    assert values[0].tolist() == pytest.approx([0, 0, 1])
    assert valid.tolist() == [True, False]


def test_what_cannot_be_taken_is_refused_whole() -> None:
    intake = ecg()
    taken(intake, 0, [1, 2, 3])
    with pytest.raises(StreamError, match="sample 1 was offered where 3 is next"):
        taken(intake, 1, [1])
    with pytest.raises(StreamError, match="2 samples came with a mask of 1"):
        taken(intake, 3, [1, 2], [True])
    with pytest.raises(LimitError, match="1001 samples exceed block_samples_max = 1000"):
        taken(intake, 3, [0.0] * 1001)
    with pytest.raises(LimitError, match="2001 samples exceed gap_samples_max = 2000"):
        taken(intake, 2004, [1])
    with pytest.raises(StreamError, match=r"found samples of shape \(1, 3\)"):
        intake.take(3, np.zeros((1, 3), np.float32), None)
    assert intake.next_sample == 3


def defect(reason: Reason, present: bool, at: int) -> DefectChange:
    return DefectChange(reason, present, since=at, at=at)


def told(gate: Gate, *findings: Finding) -> list[Finding]:
    return list(gate.pass_on(findings))


RATE = Reading(Vital.HEART_RATE, 72.0, at=100)
STANDSTILL = SignChange(Sign.ASYSTOLE, present=True, since=10, at=50, text="no beat for 4.0 s")


def test_a_sound_channel_passes_as_it_is() -> None:
    beat = Beat(90, 95, 1.0)
    assert told(Gate(), RATE, STANDSTILL, beat) == [RATE, STANDSTILL, beat]


def test_a_blinded_channel_gives_no_number_and_decides_nothing() -> None:
    gate = Gate()
    off = defect(Reason.LEAD_OFF, True, 60)
    assert told(gate, STANDSTILL, off) == [
        STANDSTILL, off, SignChange(Sign.ASYSTOLE, None, 10, 60, "lead_off")
    ]  # fmt: skip
    assert told(gate, RATE) == [Reading(Vital.HEART_RATE, None, 100, Reason.LEAD_OFF)]
    over = SignChange(Sign.ASYSTOLE, present=False, since=70, at=70)
    assert told(gate, over) == []
    on = defect(Reason.LEAD_OFF, False, 80)
    assert told(gate, on, RATE) == [on, SignChange(Sign.ASYSTOLE, False, 70, 80), RATE]


def test_a_number_that_is_shown_is_gone_as_soon_as_the_channel_is_blind() -> None:
    gate = Gate()
    off = defect(Reason.MISSING, True, 160)
    assert told(gate, RATE, off) == [
        RATE, off, Reading(Vital.HEART_RATE, None, 160, Reason.MISSING)
    ]  # fmt: skip
    told(
        gate, defect(Reason.MISSING, False, 170), Reading(Vital.HEART_RATE, None, 171, Reason.WEAK)
    )
    again = defect(Reason.MISSING, True, 180)
    assert told(gate, again) == [again]


def test_it_stays_blinded_until_the_last_defect_ends() -> None:
    gate = Gate()
    told(gate, STANDSTILL, defect(Reason.MISSING, True, 60), defect(Reason.NOISE, True, 61))
    assert told(gate, defect(Reason.MISSING, False, 62), RATE)[1:] == [
        Reading(Vital.HEART_RATE, None, 100, Reason.NOISE)
    ]
    assert told(gate, defect(Reason.NOISE, False, 63))[1:] == [
        SignChange(Sign.ASYSTOLE, True, 10, 63, "no beat for 4.0 s")
    ]


def test_a_weak_signal_is_told_and_still_read() -> None:
    gate = Gate()
    assert told(gate, defect(Reason.WEAK, True, 60), RATE)[1:] == [RATE]
    assert gate.blinded_by is None
