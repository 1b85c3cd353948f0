"""The alarms as text: everything is listed, nothing invalid is a number, and nothing runs over."""

import re
from dataclasses import replace

import pytest
from alarm_states import SECOND_NS, alarm, mark, shown, state
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.alarm.annunciation.cells import cells, fitted, plain
from edgeward.alarm.annunciation.display import frame, shown_value
from edgeward.alarm.vocabulary import Activation, Inactivation, Presence, Priority
from edgeward.signal.findings import Reading, Reason, Vital

LOW_SPO2 = alarm(
    Priority.MEDIUM, 2, condition="spo2_low", value=84.0, unit="%",
    limits=(("low", 90.0), ("high", None)),
    text="", patient="bed-2",
)  # fmt: skip
LEADS = alarm(
    Priority.LOW, 3, condition="ecg_lead_off", text="", patient=None, presence=Presence.ACKNOWLEDGED
)
MANY = state([alarm(), LOW_SPO2, LEADS])


def test_the_banner_is_the_most_urgent_and_all_are_listed() -> None:
    assert frame(MANY, 0).splitlines() == [
        "!!! HIGH: ASYSTOLE, no beat for 4.0 s, bed-1",
        "!!! bed-1: ASYSTOLE, no beat for 4.0 s",
        " !! bed-2: SPO2 LOW 84.0 % [low 90]",
        "  ! device: ECG LEAD OFF (acknowledged)",
    ]


def test_the_newest_of_equals_is_the_banner() -> None:
    two = state([alarm(number=7, condition="apnea", text=""), alarm(number=1)])
    assert frame(two, 0).splitlines()[0] == "!!! HIGH: APNEA, bed-1"


@pytest.mark.parametrize(
    ("given_state", "banner"),
    [
        (state(), "no alarm"),
        (replace(MANY, visible=None, visible_alarm=None), "alarms are up, their signals are off"),
    ],
)
def test_no_banner_claims_less_than_is_up(given_state: object, banner: str) -> None:
    assert frame(given_state, 0).splitlines()[0] == banner  # type: ignore[arg-type]  # both states


@pytest.mark.parametrize(
    ("left_s", "passed_ns", "text"),
    [
        (120, 0, "2:00"), (120, SECOND_NS // 10, "2:00"), (61, SECOND_NS, "1:00"),
        (5, 4 * SECOND_NS + 1, "0:01"), (5, 9 * SECOND_NS, "0:00"),
    ],
)  # fmt: skip
def test_a_pause_is_marked_with_its_countdown(left_s: int, passed_ns: int, text: str) -> None:
    paused = state([], [mark(Inactivation.AUDIO_PAUSED, remaining_s=left_s)])
    assert frame(paused, passed_ns).splitlines()[1] == f"[AUDIO PAUSED {text}], bed-1, by anna"


def test_what_is_off_is_marked_as_long_as_it_lasts() -> None:
    off = state(
        [shown(alarm(text=""), Activation.OFF)],
        [
            mark(Inactivation.ALARM_OFF, patient=None, by=""),
            mark(Inactivation.NONE, switched_off=("spo2_low", "apnea")),
        ],
    )
    assert frame(off, 10**15).splitlines()[1:] == [
        "[ALARM OFF], device",
        "[SWITCHED OFF] spo2_low, apnea, bed-1, by anna",
        "!!! bed-1: ASYSTOLE (sound off)",
    ]


def test_how_an_alarm_stands_is_never_cut_off() -> None:
    long = alarm(text="x" * 300, presence=Presence.LATCHED)
    line = frame(state([long]), 0, width=60).splitlines()[1]
    assert line.endswith("~ (over, not reset)")
    assert len(line) == 60


def test_an_alarm_that_cannot_be_seen_shows_no_number() -> None:
    line = frame(state([replace(LOW_SPO2, undecided=True)]), 0).splitlines()[1]
    assert line == " !! bed-2: SPO2 LOW -- [low 90] (cannot be seen at present)"


def test_readings_are_shown_and_what_is_invalid_says_why() -> None:
    readings = {
        "bed-1": [
            Reading(Vital.HEART_RATE, 71.6, 5),
            Reading(Vital.TEMPERATURE, 36.64, 5),
            Reading(Vital.SPO2, None, 5, Reason.LEAD_OFF),
            Reading(Vital.RESPIRATION_RATE, float("nan"), 5),
            Reading(Vital.PULSE_RATE, 70.0, 5, Reason.STALE),
        ]
    }
    assert frame(state(), 0, readings).splitlines()[1:] == [
        "bed-1",
        "  heart rate         72 /min",
        "  temperature        36.6 Cel",
        "  spo2               -- (lead off)",
        "  respiration rate   -- (not a number)",
        "  pulse rate         -- (stale)",
    ]


@given(st.sampled_from(list(Vital)), st.sampled_from(list(Reason)), st.floats())
def test_no_reading_with_a_reason_ever_shows_a_number(
    vital: Vital, reason: Reason, value: float
) -> None:
    line = frame(state(), 0, {"bed": [Reading(vital, value, 0, reason)]}).splitlines()[2]
    assert not re.search(r"\d", line.replace("spo2", ""))
    assert "--" in line


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_no_value_is_no_number(value: float | None) -> None:
    assert shown_value(value, "/min") == "--"


TEXTS = st.text(max_size=30)


def test_an_alarm_that_another_covers_names_it() -> None:
    one, other = alarm(number=1), alarm(number=2, condition="no_pulse", presence=Presence.OFF)
    lines = frame(state([one, replace(other, covered_by=one.id)]), 0).splitlines()
    assert "ASYSTOLE" in lines[0]
    assert "(covered by alarm 1-1)" in lines[-1]
    assert "not signalled yet" not in lines[-1]


@given(TEXTS, TEXTS, TEXTS, st.integers(40, 100), st.sampled_from(list(Presence)))
@settings(max_examples=100, deadline=None)
def test_no_text_runs_over_or_moves_the_cursor(
    patient: str, condition: str, text: str, width: int, presence: Presence
) -> None:
    one = alarm(patient=patient, condition=condition, text=text, presence=presence)
    marked = state([one], [mark(Inactivation.AUDIO_OFF, patient=patient, by=text)])
    drawn = frame(marked, 0, {patient: []}, width=width)
    assert len(drawn.split("\n")) == 5  # banner, mark, alarm, patient, and the end of the last
    assert all(cells(line) <= width for line in drawn.split("\n"))
    assert all(each.isprintable() for line in drawn.split("\n") for each in line)


@given(TEXTS, st.integers(0, 40))
def test_a_fitted_text_has_exactly_its_width(text: str, width: int) -> None:
    assert cells(fitted(text, width)) == width


def test_wide_and_combining_characters_count_as_they_are_drawn() -> None:
    assert cells("病e\u0301") == 3
    assert cells("\u0e01\u0e31") == 1
    assert fitted("病病病", 4) == "病~ "
    assert plain("a\x1b[2J\nb\u202e") == "a?[2J?b?"


def test_colour_only_repeats_what_is_written() -> None:
    coloured = frame(MANY, 0, colour=True)
    assert "\x1b[97;41m!!! HIGH" in coloured
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in bare.splitlines()] == frame(MANY, 0).splitlines()


def test_a_screen_too_narrow_is_refused() -> None:
    with pytest.raises(ValueError, match="39 columns; accepted: 40 or more"):
        frame(MANY, 0, width=39)
