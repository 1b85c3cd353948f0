"""How the beat model is made: marks are matched once, figures are reckoned right, weights too."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeward.errors import ModelError

torch = pytest.importorskip("torch", reason="torch is missing")
pytest.importorskip("onnx", reason="onnx is missing")
wfdb = pytest.importorskip("wfdb", reason="wfdb is missing")

from edgeward.model.compress.examples import Examples  # noqa: E402 - after torch was looked for
from edgeward.model.compress.graphs import run  # noqa: E402
from edgeward.model.train_beats.__main__ import main  # noqa: E402
from edgeward.model.train_beats.judging import judged, table  # noqa: E402
from edgeward.model.train_beats.making import Models, Plan, made  # noqa: E402
from edgeward.model.train_beats.material import LABELS, matched, recorded  # noqa: E402
from edgeward.model.train_beats.merging import FLOOR, floored, joined  # noqa: E402
from edgeward.model.train_beats.network import Ensemble, balance, folded  # noqa: E402
from edgeward.signal.detect.beats.row import FEATURES  # noqa: E402
from edgeward.signal.patient import SimulatedPatient  # noqa: E402

pytestmark = pytest.mark.slow  # torch alone takes a second to import

F, N, Q, S, V = range(5)
TINY = Plan(teacher_epochs=150, teacher_widths=(8,))


def easy(beats: int) -> Examples:
    """Rows whose first number tells V from N."""
    draw = np.random.default_rng(3)
    labels = np.where(np.arange(beats) % 4 == 0, V, N)
    rows = draw.uniform(-0.3, 0.3, (beats, len(FEATURES))).astype(np.float32)
    rows[:, 0] += np.where(labels == V, 0.6, -0.6)
    patients = np.array([f"p{number % 7}" for number in range(beats)])
    return Examples(rows, labels.astype(np.int64), patients, LABELS)


def test_each_mark_is_given_once_to_the_nearest_in_order() -> None:
    marks = np.array([100, 200, 300, 400])
    beats = np.array([103, 160, 205, 340, 351, 395, 405])
    assert matched(beats, marks, 45).tolist() == [0, 1, -1, 2, -1, 3, -1]
    assert matched(beats, marks, 20).tolist() == [0, -1, 1, -1, -1, 3, -1]
    assert matched(np.array([], np.int64), marks, 45).tolist() == []


def test_figures_are_those_reckoned_by_hand() -> None:
    labels = np.array([N] * 80 + [S] * 10 + [V] * 10)
    told = labels.copy()
    told[:4], told[80:85], told[90] = S, N, N
    found = judged({"a": table(labels, told, np.array([0, 20, 0, 0, 10]))})
    value = {name: figure.value for name, figure in found.figures.items()}
    assert value["accuracy"] == pytest.approx(0.90)
    assert value["sensitivity N"] == pytest.approx(76 / 100), "20 marks were missed"
    assert value["sensitivity V"] == pytest.approx(9 / 20)
    assert value["predictivity S"] == pytest.approx(5 / 9)
    by_chance = (80 * 82 + 10 * 9 + 10 * 9) / 100**2
    kappa = (0.90 - by_chance) / (1 - by_chance)
    assert value["kappa"] == pytest.approx(kappa)
    assert value["jk"] == pytest.approx(kappa / 2 + (5 / 10 + 5 / 9 + 9 / 10 + 1) / 8)
    assert np.isnan(value["sensitivity F"])


def test_an_interval_is_that_of_patients_and_not_of_beats() -> None:
    right, wrong = np.full(1000, V), np.full(1000, N)
    nothing = np.zeros(5, np.int64)
    tables = {f"good {n}": table(right, right, nothing) for n in range(10)}
    tables |= {f"bad {n}": table(right, wrong, nothing) for n in range(2)}
    figure = judged(tables).figures["sensitivity V"]
    assert figure.value == pytest.approx(10 / 12)
    assert figure.low < 0.65 < 0.99 < figure.high


def test_a_record_and_a_label_count_for_less_than_their_beats() -> None:
    labels = np.array([N] * 1000 + [N] * 10 + [V] * 100)
    patients = np.array(["long"] * 1000 + ["short"] * 10 + ["short"] * 100)
    weights = balance(Examples(np.zeros((1110, 2), np.float32), labels, patients, LABELS))
    assert weights.mean() == pytest.approx(1, abs=1e-4)
    assert weights[1000] > 3 * weights[0]
    of_n, of_v = weights[labels == N].sum(), weights[labels == V].sum()
    assert of_n / of_v == pytest.approx((1010 / 100) ** 0.7, rel=1e-3)


def test_a_folded_network_answers_what_it_answered() -> None:
    torch.manual_seed(5)
    parts = [torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 6), torch.nn.ReLU()]
    network = torch.nn.Sequential(*parts, torch.nn.BatchNorm1d(6), torch.nn.Linear(6, 3))
    network.train()
    for _ in range(20):
        network(3 * torch.randn(64, 4) + 1)
    rows = torch.randn(32, 4)
    network.eval()
    layers = folded(network)
    assert [type(one) for one in layers] == [torch.nn.Linear, torch.nn.ReLU, torch.nn.Linear]
    torch.testing.assert_close(layers(rows), network(rows), rtol=1e-4, atol=1e-5)


def drawn(widths: Sequence[int], seed: int) -> Any:
    """A network of plain layers that nobody taught, with scores far from each other."""
    torch.manual_seed(seed)
    parts: list[Any] = []
    for takes, gives in pairwise(widths):
        parts += [torch.nn.Linear(takes, gives), torch.nn.ReLU()]
    parts[-2].weight.data *= 20
    return torch.nn.Sequential(*parts[:-1]).eval()


@pytest.mark.parametrize("widths", [(4, 6, 5), (4, 7, 6, 5)])
def test_networks_that_are_joined_answer_their_mean(widths: tuple[int, ...]) -> None:
    members = [drawn(widths, seed) for seed in range(3)]
    rows = torch.rand(200, 4) * 2 - 1
    with torch.no_grad():
        due, told = Ensemble(members)(rows), joined(members)(rows)
    torch.testing.assert_close(told, due, rtol=1e-4, atol=1e-4)


def test_a_floor_of_scores_changes_no_answer_and_no_share_by_more_than_it_says() -> None:
    network, rows = drawn((4, 7, 5), 11), torch.rand(2000, 4) * 2 - 1
    with torch.no_grad():
        before, after = network(rows), floored(network)(rows)
    assert after.min() == 0, "there are scores that were raised"
    assert (after.max(dim=1).values >= -FLOOR - 1e-4).all()
    assert (after.argmax(dim=1) == before.argmax(dim=1)).all()
    apart = (torch.softmax(after, dim=1) - torch.softmax(before, dim=1)).abs().max()
    assert 0 < apart <= (len(LABELS) - 1) * np.exp(FLOOR)


@pytest.fixture(scope="module")
def tiny() -> Models:
    """Both models of the easy rows, in a second or two."""
    return made(easy(1200), TINY)


def test_of_beats_that_the_teacher_tells_apart_rounding_loses_none(tiny: Models) -> None:
    rows = easy(1200).windows
    teacher, student = (run(one, rows) for one in (tiny.teacher, tiny.student))
    highest = np.sort(teacher, axis=1)
    clear = highest[:, -1] - highest[:, -2] > 0.05
    assert clear.mean() > 0.9
    assert (teacher.argmax(axis=1) == student.argmax(axis=1))[clear].all()
    assert np.abs(teacher - student).max() < 0.02, "the steps are for scores that may be the answer"


def test_both_models_are_made_again_bit_by_bit_and_the_student_is_whole(
    tiny: Models,
) -> None:
    examples = easy(1200)
    one, again = tiny, made(examples, TINY)
    assert one == again
    for model in (one.teacher, one.student):
        answers = run(model, examples.windows)
        assert (answers.argmax(1) == examples.labels).mean() > 0.95
    assert isinstance(one, Models)
    assert len(one.student) < len(one.teacher)


def test_a_record_gives_rows_with_the_marks_beside_them(tmp_path: Path) -> None:
    minute = SimulatedPatient(1).record([("sinus", 60)], rate_bpm=75)
    wave = minute.samples_mv.astype(np.float64)
    wfdb.wrsamp(
        "100", fs=250, units=["mV", "mV"], sig_name=["V5", "MLII"],
        p_signal=np.stack([0 * wave, wave], 1), fmt=["16", "16"], write_dir=str(tmp_path),
    )  # fmt: skip
    beats = np.asarray(minute.beats)
    symbols = ["e" if number % 2 else "V" for number in range(len(beats))]
    wfdb.wrann("100", "atr", beats, symbol=symbols, write_dir=str(tmp_path))
    found = recorded(tmp_path / "100")
    assert found.rows.shape == (len(found.labels), len(FEATURES))
    assert set(found.labels.tolist()) == {N, V}, "an escape beat of the atria is N"
    assert len(found.labels) + found.missed.sum() == len(beats)
    assert 0 < found.missed.sum() < 20, "the first beats have no row"


def test_too_few_records_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mitdb").mkdir()
    asked = ["--recordings", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(asked) == 2
    assert "found 0 records with marks; accepted: 10 or more" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    with pytest.raises(ModelError, match="cannot be read"):
        recorded(tmp_path / "mitdb" / "100")
