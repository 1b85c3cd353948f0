"""Beats at the bench: what is due, what counts, what is lost, without a device."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
import pytest
from suites.accuracy.beat_answers import Heard, ToldBeat, beds_of, late, otherwise
from suites.accuracy.beat_figures import CLASSES, by_group, in_words, judged, merged, table
from suites.accuracy.hearts import EACH, RATE_HZ, heart
from suites.accuracy.leads import Lead
from suites.accuracy.test_recorded_beats import known_to, lead_of, refuse_unmarked

from edgeward.model.beats import BeatLabel
from edgeward.signal.channel import Channel, Signal
from edgeward_harness.errors import CannotJudge
from edgeward_harness.measure.retention import Pairs
from edgeward_harness.measure.scoring.beats import AamiClass, Labelled
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import SHIPPED_MODELS
from edgeward_harness.rig import beats as bench
from edgeward_harness.rig.beats import BenchBeat, check_rows, labelled, rows_of
from edgeward_harness.rig.models import BenchModel, open_model
from edgeward_harness.rig.recordings.recording import Recording, Wave

N, S, V, F, Q = (
    AamiClass.NORMAL,
    AamiClass.SUPRAVENTRICULAR,
    AamiClass.VENTRICULAR,
    AamiClass.FUSION,
    AamiClass.UNCLASSIFIED,
)
ROUNDS: Final = 2


@cache
def released() -> BenchModel:
    """The shipped model of beats."""
    return open_model(SHIPPED_MODELS[Role.BEATS])


@cache
def sound() -> Heard:
    """A simulated patient at a device that does what it should."""
    lead = heart(3, ROUNDS)
    rows = rows_of(lead.channel, lead.samples)
    due = tuple(labelled(released(), rows))
    reference = tuple(labelled(open_model(SHIPPED_MODELS[Role.BEATS_REFERENCE]), rows))
    told = tuple(
        ToldBeat(one.sample, one.label or "Q", one.probability, True, one.at / RATE_HZ)
        for one in due
    )
    return Heard(lead, told, due, reference)


def changed(place: int, **how: object) -> Heard:
    """The same, with one beat told otherwise."""
    told = list(sound().device)
    told[place] = replace(told[place], **how)  # type: ignore[arg-type] # fields of a told beat
    return replace(sound(), device=tuple(told))


# simulated patients


def test_a_simulated_patient_has_each_class_of_beats_and_is_the_same_for_the_same_seed() -> None:
    lead = heart(3, ROUNDS)
    classes = list(lead.beats.classes)
    assert classes.count(S) == ROUNDS * EACH
    assert classes.count(V) >= ROUNDS * 3
    intervals = np.diff(lead.beats.samples)
    early = [at for at, kind in enumerate(classes) if kind is S]
    assert all(intervals[at - 1] < 0.75 * intervals[at - 2] for at in early)
    assert np.array_equal(lead.samples, heart(3, ROUNDS).samples)
    assert not np.array_equal(lead.samples, heart(4, ROUNDS).samples[: len(lead.samples)])


# what is due


@pytest.mark.parametrize("block_s", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_what_is_due_depends_on_the_signal_alone(
    monkeypatch: pytest.MonkeyPatch, block_s: int
) -> None:
    monkeypatch.setattr(bench, "BLOCK_S", block_s)
    lead = sound().lead
    assert tuple(labelled(released(), rows_of(lead.channel, lead.samples))) == sound().released


def test_a_beat_without_a_row_has_no_label() -> None:
    first, *_, last = sound().released
    assert (first.label, first.probability) == (None, None)
    assert last.label is not None
    assert labelled(released(), []) == []


def test_models_of_other_rows_are_not_judged_here() -> None:
    check_rows(released())
    with pytest.raises(CannotJudge, match=r"found rows of 1250 numbers; accepted: 46"):
        check_rows(released(), open_model(SHIPPED_MODELS[Role.RELEASED]))


# what the device tells


def test_a_device_that_tells_what_is_due_has_no_fault() -> None:
    assert not list(otherwise(sound(), released()))
    assert not list(late(sound()))


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"label": "V"}, "V told, N due"),
        ({"label": "Q", "probability": None}, "no answer told, N due"),
        ({"probability": 0.5}, "N with 0.5, due"),
        ({"probability": None}, "N with None, due"),
        ({"sample": 7}, "not told"),
    ],
)
def test_whatever_is_told_otherwise_is_found(how: dict[str, object], said: str) -> None:
    faults = list(otherwise(changed(20, **how), released()))
    assert said in faults[0]
    assert len(faults) == (2 if "sample" in how else 1)


def test_an_answer_where_there_is_none_a_beat_too_many_and_one_told_twice_are_found() -> None:
    (fault,) = otherwise(changed(0, label="N"), released())
    assert "N told, no answer due" in fault
    twice = replace(sound(), device=(*sound().device, sound().device[-1]))
    assert "1 beats told twice" in next(iter(otherwise(twice, released())))
    more = replace(sound(), device=(*sound().device, replace(sound().device[0], sample=1)))
    assert "a beat where the bench finds none" in list(otherwise(more, released()))[-1]


def test_a_device_without_probabilities_is_held_to_its_classes() -> None:
    silent = [replace(one, probability=None, has_probability=False) for one in sound().device]
    assert not list(otherwise(replace(sound(), device=tuple(silent)), released()))


@pytest.mark.parametrize("after_s", [-0.1, 3.6])
def test_a_class_that_is_told_late_or_before_its_beat_is_found(after_s: float) -> None:
    at_s = sound().device[20].sample / RATE_HZ + after_s
    (fault,) = late(changed(20, at_s=at_s))
    assert f"a class {after_s:.2f} s after its beat" in fault


# what counts, and what is lost


def made(
    marks: Sequence[tuple[int, AamiClass]],
    told: Sequence[tuple[int, str]],
    reference: Sequence[tuple[int, str | None]] = (),
    excluded: tuple[tuple[int, int], ...] = (),
) -> Heard:
    """A lead of a hundred seconds, of which ten are learned from; instants in hundredths of one."""
    lead = Lead(
        patient="p",
        channel=Channel("ecg", Signal.ECG, "mV", 200),
        samples=np.zeros(20_000, np.float32),
        beats=Labelled([2 * at for at, _ in marks], [kind for _, kind in marks]),
        judged=(2000, 19_400),
        excluded=tuple((2 * first, 2 * end) for first, end in excluded),
    )
    device = tuple(
        ToldBeat(2 * at, label, None if label == "Q" else 0.9, True, at / 100) for at, label in told
    )
    floats = tuple(
        BenchBeat(2 * at, 2 * at, None if label is None else BeatLabel(label), None)
        for at, label in reference
    )
    return Heard(lead, device, (), floats)


def test_marks_within_150_ms_count_and_those_of_learning_or_left_out_do_not() -> None:
    marks = [(500, N), (1500, V), (2500, S), (3500, N), (5500, N), (9800, V)]
    told = [(500, "V"), (1515, "V"), (2516, "S"), (3500, "Q"), (5500, "N"), (9800, "V")]
    found = judged(made(marks, told, excluded=((5000, 6000),)))
    assert found.marks.tolist() == ["V", "S", "N"]
    assert found.device.tolist() == ["V", "", ""]  # one told too far away, one without an answer
    assert found.silent.tolist() == [False, False, True]
    assert found.dropped() == Pairs("p", 3, 1, 0)


def test_the_loss_is_that_of_pairs() -> None:
    marks = [(at * 100, V if at % 2 else N) for at in range(20, 40)]
    device = [(at * 100, "N") for at in range(20, 40)]
    device[1] = (2100, "V")
    reference = [(at * 100, "V" if at % 2 else "N") for at in range(20, 40)]
    reference[1] = (2100, "N")
    found = judged(made(marks, device, reference))
    assert found.lost(V) == Pairs("p", 10, 9, 1)
    assert found.lost(N) == Pairs("p", 10, 0, 0)
    assert found.made_up(N) == Pairs("p", 10, 9, 1)
    assert found.made_up(V) == Pairs("p", 10, 0, 0)


def test_fusion_and_what_nobody_could_class_count_neither_way() -> None:
    marks = [(2000, F), (2100, Q), (2200, N)]
    device = [(at, "V") for at, _ in marks]
    found = judged(made(marks, device, [(at, "N") for at, _ in marks]))
    assert found.made_up(V) == Pairs("p", 1, 1, 0)
    assert found.made_up(S).windows == 2  # of fusion it is counted
    told = dict(one.split(": ") for one in in_words(table([made(marks, device)])))
    assert told["V"] == "Se of none, +P 0.00 %"


@pytest.mark.slow
def test_sensitivities_are_those_of_scikit_learn_where_every_mark_has_its_beat() -> None:
    """Where one has none, or an excused one, EC57 counts otherwise, as above."""
    from sklearn.metrics import recall_score

    seed = int.from_bytes(hashlib.sha256(b"beats").digest()[:4], "big")
    draw = np.random.default_rng(seed)
    places = [int(at) for at in range(1000, 9700, 90)]
    classes = [CLASSES[one] for one in draw.integers(0, 3, len(places))]
    told = [str(CLASSES[one]) for one in draw.integers(0, 3, len(places))]
    found = table(
        [made(list(zip(places, classes, strict=True)), list(zip(places, told, strict=True)))]
    )
    due = recall_score([one.value for one in classes], told, labels=list("NSV"), average=None)
    assert [found.class_sensitivity(one) for one in CLASSES] == pytest.approx(list(due))


def test_what_was_lost_is_shown_group_by_group() -> None:
    both = made([(2000, V), (3000, V)], [(2000, "V"), (3000, "N")], [(2000, "V"), (3000, "V")])
    sound_one = made([(2000, V)], [(2000, "V")], [(2000, "V")])
    heard = [
        replace(one, lead=replace(one.lead, patient=name, groups={"noise": value}))
        for one, name, value in ((both, "a", "much"), (sound_one, "b", "some"))
    ]
    assert [(one.name, one.n, one.value) for one in by_group(heard, V)] == [
        ("noise: much", 2, 50.0), ("noise: some", 1, 0.0),
    ]  # fmt: skip


def test_two_recordings_of_one_patient_are_one() -> None:
    both = merged([Pairs("a", 3, 1, 0), Pairs("b", 1, 0, 0), Pairs("a", 2, 0, 1)])
    assert both == [Pairs("a", 5, 1, 1), Pairs("b", 1, 0, 0)]


def test_of_a_recording_the_first_five_minutes_and_what_nobody_marked_are_left_out() -> None:
    wave = Wave("MLII", Signal.ECG, "mV", 360, np.zeros(400 * 360, np.float32))
    beats = Labelled([100 * 360, 310 * 360, 350 * 360], [N, V, N])
    one = Recording("mitdb", "s", "mitdb/s", (wave,), {}, beats, unmarked=((349 * 360, 351 * 360),))
    found = judged(Heard(lead_of(one), (), (), ()))
    assert found.marks.tolist() == ["V"]
    refuse_unmarked([lead_of(one)])
    early = replace(one, beats=Labelled([100 * 360, 350 * 360], [N, N]))
    with pytest.raises(CannotJudge, match="in 1 recordings of strangers nobody marked a beat"):
        refuse_unmarked([lead_of(early)])


def test_where_nobody_is_left_nothing_is_judged() -> None:
    with pytest.raises(CannotJudge, match="each recording of mitdb taught one of the models"):
        refuse_unmarked([])


def test_a_card_that_names_nobody_clears_nobody() -> None:
    assert "mitdb/101" in known_to(released())
    silent = replace(released(), said={})
    with pytest.raises(CannotJudge, match=r"the card of beat_reference.onnx names nobody"):
        known_to(released(), silent)


def test_two_recordings_of_one_person_lie_in_two_beds() -> None:
    lead = sound().lead
    beds = beds_of([lead, lead])
    assert len({one.patient for one in beds}) == 2
    assert all(one.patient.startswith(lead.patient) and one.beats for one in beds)
