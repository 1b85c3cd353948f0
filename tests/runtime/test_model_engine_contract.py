"""Every backend keeps one contract: the same small network, as each of their formats."""

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from small_network import FORMATS, LABELS, NETWORK, WINDOW, Array, Made, made_of, onnx_bytes

from edgeward.errors import ModelError
from edgeward.model.engine import BATCH_MAX, ROWS_AGREE, CheckedEngine, probe_windows
from edgeward.model.load import load_engine
from edgeward.model.onnx_runtime import onnxruntime
from edgeward.signal.windows import Samples

AGREE = 5e-6
"""Each backend is this near to the exact answer, so any two of them are within 1e-5."""

SLOW = {"torchscript", "exported"}  # torch alone takes seconds to import


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in FORMATS],
)
def made(request: pytest.FixtureRequest) -> Made:
    kind, build = FORMATS[request.param]
    return made_of(build(), kind)


@pytest.fixture(scope="module")
def engine(made: Made) -> CheckedEngine:
    return made.load()


def singles(engine: CheckedEngine, windows: Samples) -> Array:
    """One call for each window."""
    rows = [engine.probabilities(window) for window in windows]
    return np.array(rows, dtype=np.float32).reshape(len(windows), len(LABELS))


def test_it_answers_what_the_mathematics_say(engine: CheckedEngine) -> None:
    windows = probe_windows(WINDOW, BATCH_MAX)
    exact = NETWORK.exact(windows)
    assert exact.max(axis=1).min() < 0.9  # not all of them certain
    assert np.abs(singles(engine, windows) - exact).max() < AGREE
    assert np.abs(engine.probabilities_many(windows) - exact).max() < AGREE


def test_bytes_of_another_digest_are_refused(made: Made) -> None:
    changed = bytearray(made.data)
    changed[-1] ^= 1
    with pytest.raises(ModelError, match=r"its bytes have SHA-256 \w+, its card says"):
        load_engine(bytes(changed), made.card)


@pytest.mark.parametrize("keep", [0, 4, 200, -100])
def test_half_a_model_is_refused(made: Made, keep: int) -> None:
    with pytest.raises(ModelError, match=r"model net cannot be loaded: ."):
        made.load(made.data[:keep])


def test_bytes_that_are_no_model_are_refused(made: Made) -> None:
    with pytest.raises(ModelError, match=r"model net cannot be loaded: ."):
        made.load(b"junk" * 100)


@pytest.mark.parametrize("labels", [LABELS[:2], (*LABELS, "d")])
def test_a_model_with_another_number_of_labels_is_refused(
    made: Made, labels: tuple[str, ...]
) -> None:
    with pytest.raises(ModelError, match=rf"answers .*3.*{len(labels)} "):
        made.load(labels=labels)


def test_a_model_of_another_window_is_refused(made: Made) -> None:
    with pytest.raises(ModelError, match="model net"):
        made.load(input=replace(made.card.input, window_samples=WINDOW - 1))


def test_it_is_deterministic(made: Made, engine: CheckedEngine) -> None:
    window, other = probe_windows(WINDOW, 2)
    first = engine.probabilities(window)
    engine.probabilities(other)
    assert engine.probabilities(window) == first == made.load().probabilities(window)


@settings(max_examples=50)
@given(data=st.data(), rows=st.integers(0, BATCH_MAX))
def test_a_micro_batch_answers_what_its_windows_answer_alone(
    engine: CheckedEngine, data: st.DataObject, rows: int
) -> None:
    values = st.floats(-10, 10, width=32)
    windows = data.draw(arrays(np.float32, (rows, WINDOW), elements=values))
    together = engine.probabilities_many(windows)
    assert together.shape == (rows, len(LABELS))
    assert together.dtype == np.float32
    alone = singles(engine, windows)
    assert np.allclose(together, alone, rtol=0, atol=ROWS_AGREE)


ODD: list[Any] = [
    np.zeros(WINDOW - 1, np.float32),
    np.zeros(WINDOW + 1, np.float32),
    np.zeros(1, np.float32),
    np.zeros(0, np.float32),
    np.zeros((1, WINDOW), np.float32),
    np.zeros(WINDOW, np.float64),
    np.zeros(WINDOW, np.int16),
    np.zeros(WINDOW, ">f4"),
    [0.0] * WINDOW,
    None,
]


@pytest.mark.parametrize("samples", ODD)
def test_an_odd_window_is_an_error_of_ours_and_the_next_one_is_judged(
    engine: CheckedEngine, samples: Any
) -> None:
    window = probe_windows(WINDOW, 1)[0]
    before = engine.probabilities(window)
    with pytest.raises(ModelError, match=r"model net failed: ."):
        engine.probabilities(samples)
    assert engine.probabilities(window) == before


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        (np.zeros((2, WINDOW - 1), np.float32), r"takes \(n, 50\)"),
        (np.zeros(WINDOW, np.float32), r"takes \(n, 50\)"),
        (np.zeros((1, 2, WINDOW), np.float32), r"takes \(n, 50\)"),
        (np.zeros((2, WINDOW), np.float64), "takes float32"),
        (np.zeros((BATCH_MAX + 1, WINDOW), np.float32), "17 windows in one call; takes 16"),
        (None, "failed"),
    ],
)
def test_an_odd_micro_batch_is_an_error_of_ours(
    engine: CheckedEngine, windows: Any, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        engine.probabilities_many(windows)
    good = probe_windows(WINDOW, 3)
    assert np.abs(engine.probabilities_many(good) - NETWORK.exact(good)).max() < AGREE


def test_any_layout_in_memory_will_do_and_none_is_written_to(engine: CheckedEngine) -> None:
    windows = probe_windows(WINDOW, 6)
    windows.setflags(write=False)
    wanted = engine.probabilities_many(windows)
    spread = np.full((6, 2 * WINDOW), 9, np.float32)
    spread[:, ::2] = windows
    layouts = [np.asfortranarray(windows), spread[:, ::2], windows[::-1][::-1]]
    for layout in layouts:
        kept = layout.copy()
        assert np.allclose(engine.probabilities_many(layout), wanted, rtol=0, atol=ROWS_AGREE)
        assert np.array_equal(singles(engine, layout), singles(engine, windows))
        assert np.array_equal(layout, kept)


def test_an_answer_is_the_callers_own(engine: CheckedEngine) -> None:
    windows = probe_windows(WINDOW, 4)
    first = engine.probabilities_many(windows)
    kept = first.copy()
    engine.probabilities_many(-windows)
    assert np.array_equal(first, kept)
    first[:] = 7
    assert np.array_equal(engine.probabilities_many(windows), kept)


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_no_window_spoils_the_next_one(engine: CheckedEngine, value: float) -> None:
    window = probe_windows(WINDOW, 1)[0]
    before = engine.probabilities(window)
    assert len(engine.probabilities(np.full(WINDOW, value, np.float32))) == len(LABELS)
    assert engine.probabilities(window) == before


def threads() -> set[str]:
    """The threads of this process; those that other tests left may end meanwhile."""
    return set(os.listdir("/proc/self/task"))


def test_it_starts_no_thread(made: Made) -> None:
    made.load()  # what importing the backend starts is not the model's
    before = threads()
    engine = made.load()
    engine.probabilities_many(probe_windows(WINDOW, BATCH_MAX))
    assert threads() - before == set()


def test_a_pool_would_be_seen() -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 3
    before = threads()
    session = onnxruntime.InferenceSession(onnx_bytes(), sess_options=options)
    assert len(threads() - before) == 2
    del session
