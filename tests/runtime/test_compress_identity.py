"""The same bits on other processors, which an emulator stands in for.

ARM ones are among them where EDGEWARD_ARM_ROOT names a folder as `benchmarks/arm_root.sh` makes it.
"""

import logging
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import pytest
from branched_graphs import branched, every_pair, pairs
from small_graphs import convolutional, waves

from edgeward.model.compress.graphs import run, write
from edgeward.model.compress.operators import executed
from edgeward.model.compress.quantise import CALIBRATION_LEAST, quantised
from edgeward.model.compress.risks import lint
from edgeward.model.compress.steps import stepped, summed
from edgeward_harness.rig.elsewhere import ARM, ROOT, Asked, answers_of, missing

pytestmark = pytest.mark.slow
WINDOWS = 150
EMULATED_ARM = ARM if os.environ.get(ROOT) else ()
PROCESSORS = ["Haswell", "Nehalem", *EMULATED_ARM]


def usual(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in the setting that tools take by themselves: eight bits for weights."""
    from onnxruntime import quantization

    class Windows:
        parts = iter(np.array_split(waves(CALIBRATION_LEAST), 8))

        def get_next(self) -> Any:
            part = next(self.parts, None)
            return None if part is None else {"x": part}

    logging.getLogger().setLevel(logging.ERROR)
    with TemporaryDirectory() as folder:
        before, after = Path(folder) / "a.onnx", Path(folder) / "b.onnx"
        before.write_bytes(write(model))
        quantization.quantize_static(
            before, after, Windows(), per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )  # fmt: skip
        return onnx.load(after)


@cache
def cases() -> dict[str, Asked]:
    """Models, and what each is given."""
    each = waves(WINDOWS, seed=11)
    together = every_pair()
    kinds = ("Add", "Mul", "PRelu", "Tanh")
    return {
        "plain": Asked(write(quantised(convolutional(), waves(CALIBRATION_LEAST))), each),
        "branched": Asked(write(quantised(branched(), waves(CALIBRATION_LEAST))), each),
        "usual": Asked(write(usual(convolutional())), each),
        "in steps": Asked(write(stepped(summed(pairs(kinds)))), together, len(together)),
        "one operator": Asked(write(pairs(("Add",))), together, len(together)),
    }


@pytest.fixture(scope="module")
def elsewhere() -> Callable[[str], dict[str, Any]]:
    """What each model answers on an emulated processor; each is started once."""

    @cache
    def answers(processor: str) -> dict[str, Any]:
        absent = missing(processor)
        if absent:
            assert "CI" not in os.environ, absent
            pytest.skip(absent)
        return dict(zip(cases(), answers_of(processor, list(cases().values())), strict=True))

    return answers


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("name", ["plain", "branched", "in steps"])
def test_what_is_exact_gives_the_same_bits_there(
    elsewhere: Callable[[str], dict[str, Any]], name: str, processor: str
) -> None:
    """Networks, and every pair of numbers that can be added or multiplied."""
    case = cases()[name]
    assert executed(case.model).exact
    expected = run(case.model, case.given, case.rows)
    np.testing.assert_array_equal(elsewhere(processor)[name], expected)


@pytest.mark.parametrize("processor", ["Nehalem", *EMULATED_ARM])
def test_as_one_operator_a_sum_has_several_answers(
    elsewhere: Callable[[str], dict[str, Any]], processor: str
) -> None:
    """Without this the test above might pass because the operator gives the same everywhere."""
    newer, other = (elsewhere(one)["one operator"] for one in ("Haswell", processor))
    assert 0 < int((newer != other).sum()) < newer.size / 1e4
    assert np.abs(newer.astype(int) - other).max() == 1


def test_the_usual_setting_does_not_and_is_found_beforehand(
    elsewhere: Callable[[str], dict[str, Any]],
) -> None:
    """Without this the test above might pass because the emulator computes as the host does."""
    assert any("saturate" in one.text for one in lint(usual(convolutional())))
    assert (elsewhere("Haswell")["usual"] != elsewhere("Nehalem")["usual"]).any()
