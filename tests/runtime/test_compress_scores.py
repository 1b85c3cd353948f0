"""Examples are whole or refused, patients stay apart, and a rare label is not lost in a mean."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeward.errors import ModelError
from edgeward.model.compress.examples import Examples, load_examples, parted
from edgeward.model.compress.scores import retained, score

NAMES = ("N", "S", "V")


def examples(patients: int = 12, each: int = 30, seed: int = 1) -> Examples:
    draw = np.random.default_rng(seed)
    count = patients * each
    return Examples(
        draw.normal(size=(count, 8)).astype(np.float32),
        np.arange(count) % 3,
        np.repeat([f"p{n}" for n in range(patients)], each),
        NAMES,
    )


def answers(
    labels: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    return np.eye(3, dtype=np.float32)[labels]


@pytest.mark.slow
def test_shares_are_those_of_the_field_and_lie_in_their_interval() -> None:
    from sklearn.metrics import accuracy_score, recall_score

    given = examples()
    draw = np.random.default_rng(3)
    found = np.where(draw.random(len(given)) < 0.2, draw.integers(0, 3, len(given)), given.labels)
    scores = score(given, answers(found), 1)
    assert scores.accuracy.value == pytest.approx(accuracy_score(given.labels, found))
    expected = recall_score(given.labels, found, average=None)
    assert [one.value for one in scores.by_label.values()] == pytest.approx(expected)
    for one in (scores.accuracy, *scores.by_label.values()):
        assert one.low <= one.value <= one.high
        assert one.low < one.high


def test_windows_of_one_patient_do_not_count_as_many() -> None:
    """Whole patients right or wrong: the interval is that of 12 draws, not of 360."""
    given = examples()
    wrong = np.isin(given.patients, ["p0", "p1", "p2"])
    found = np.where(wrong, (given.labels + 1) % 3, given.labels)
    scores = score(given, answers(found), 1)
    assert scores.accuracy.value == pytest.approx(0.75)
    assert scores.accuracy.high - scores.accuracy.low > 0.4
    alone = Examples(
        given.windows, given.labels, np.array([f"w{n}" for n in range(len(given))]), NAMES
    )
    narrow = score(alone, answers(found), 1).accuracy
    assert narrow.high - narrow.low < 0.15


def test_no_failure_and_no_difference_promise_no_more_than_so_many_windows_can() -> None:
    given = examples(patients=12)
    perfect = score(given, answers(given.labels), 1)
    zero = 1 - 0.025 ** (1 / 360)  # Clopper and Pearson, none of 360
    assert perfect.accuracy.value == 1.0
    assert perfect.accuracy.low == pytest.approx(1 - zero)
    assert all(one.low == pytest.approx(0.025 ** (1 / 120)) for one in perfect.by_label.values())
    near = answers(given.labels) * np.float32(0.99)
    assert retained(given, near, answers(given.labels), 1).accuracy.low == pytest.approx(-zero)
    assert retained(given, near, near, 1).accuracy.low == 0.0


def test_a_label_that_is_lost_is_seen_behind_a_good_mean() -> None:
    given = examples(patients=40, each=60)
    rare = given.where((given.labels != 1) | (np.arange(len(given)) % 20 == 1))
    collapsed = np.where(rare.labels == 1, 0, rare.labels)
    lost = retained(rare, answers(collapsed), answers(rare.labels), 1)
    assert lost.accuracy.value > -0.1
    assert lost.lowest[0] == "S"
    assert lost.worst[1].value == -1.0
    assert retained(rare, answers(collapsed), answers(collapsed), 1).lowest[1].low == 0.0


def test_an_answer_that_is_no_number_is_wrong() -> None:
    given = examples()
    told = answers(given.labels)
    told[0, 2] = np.nan
    assert score(given, told, 1).accuracy.value == pytest.approx(1 - 1 / len(given))


def test_a_label_that_does_not_occur_is_known_by_nothing() -> None:
    given = examples().where(examples().labels != 2)
    figure = score(given, answers(given.labels), 1).by_label["V"]
    assert (figure.low, figure.high) == (-1.0, 1.0)


def test_the_same_seed_gives_the_same_interval() -> None:
    given = examples()
    told = answers((given.labels + (np.random.default_rng(9).random(len(given)) < 0.3)) % 3)
    assert score(given, told, 4).to_dict() == score(given, told, 4).to_dict()
    assert score(given, told, 4).to_dict() != score(given, told, 5).to_dict()


@pytest.mark.parametrize("seed", range(20))
def test_no_patient_is_in_two_parts(seed: int) -> None:
    parts = parted(examples(), seed)
    sets = [set(one.patients) for one in (parts.training, parts.choosing, parts.judging)]
    assert not any(one & other for one, other in combinations(sets, 2))
    assert set.union(*sets) == set(examples().patients)


def test_too_few_patients_and_a_part_without_a_label_are_refused() -> None:
    with pytest.raises(ModelError, match="found 2 patients; accepted: three or more"):
        parted(examples(patients=2), 1)
    given = examples()
    lone = given.where((given.labels != 2) | (given.patients == "p0"))
    with pytest.raises(ModelError) as refused:
        parted(lone, 1)
    assert str(refused.value).count("found no 'V'") == 2


def saved(path: Path, **changes: Any) -> Path:
    given = examples()
    arrays: dict[str, Any] = {
        "windows": given.windows, "labels": given.labels, "patients": given.patients,
        "names": np.array(NAMES),
    }  # fmt: skip
    arrays.update(changes)
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


def test_examples_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = load_examples(saved(tmp_path / "a.npz"))
    np.testing.assert_array_equal(found.windows, examples().windows)
    assert found.names == NAMES
    assert found.patients[0] == "p0"
    grouped = load_examples(saved(tmp_path / "c.npz", **{"group:sex": np.array(["f", "m"] * 180)}))
    assert set(grouped.where(np.arange(360) % 2 == 0).groups["group:sex"].tolist()) == {"f"}
    numbered = load_examples(saved(tmp_path / "b.npz", patients=np.arange(360)))
    assert numbered.patients[7] == "7"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"patients": None}, "found no array 'patients'; accepted: texts or whole numbers"),
    "type": ({"windows": np.zeros((360, 8))}, "found windows of float64 of shape (360, 8)"),
    "hole": (
        {"windows": np.full((360, 8), np.nan, np.float32)},
        "found 360 windows that are no numbers",
    ),
    "short": ({"labels": np.zeros(3, np.int64)}, "found (3,) labels; accepted: one a window, 360"),
    "float": ({"labels": np.zeros(360)}, "found labels of float64; accepted: whole numbers"),
    "range": ({"labels": np.full(360, 3)}, "found labels from 3 to 3; accepted: 0 to 2"),
    "names": ({"names": np.array(["a", "a", "b"])}, "accepted: two or more, none twice"),
    "pickle": ({"patients": np.array([object()] * 360)}, "cannot be read as examples"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_examples_are_refused_with_the_value_and_the_file(tmp_path: Path, case: str) -> None:
    changes, text = BAD[case]
    with pytest.raises(ModelError) as refused:
        load_examples(saved(tmp_path / "bad.npz", **changes))
    assert text in str(refused.value)
    assert "bad.npz" in str(refused.value)
