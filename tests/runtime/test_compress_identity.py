"""The same bits on other processors, which an emulator stands in for.

ARM ones are among them where EDGEWARD_ARM_ROOT names a folder as `benchmarks/arm_root.sh` makes it.
"""

import logging
import os
import shutil
import subprocess
import sys
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

pytestmark = pytest.mark.slow
EMULATOR = "qemu-x86_64"
ELSEWHERE = Path(__file__).resolve().parents[2] / "benchmarks/elsewhere.py"
WINDOWS = 150
ARM = ["cortex-a72", "cortex-a76"] if os.environ.get("EDGEWARD_ARM_ROOT") else []
PROCESSORS = ["Haswell", "Nehalem", *ARM]


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
def cases() -> dict[str, tuple[bytes, Any, int]]:
    """Models, what each is given, and how much of it in one call."""
    each = waves(WINDOWS, seed=11)
    together = every_pair()
    kinds = ("Add", "Mul", "PRelu", "Tanh")
    return {
        "plain": (write(quantised(convolutional(), waves(CALIBRATION_LEAST))), each, 1),
        "branched": (write(quantised(branched(), waves(CALIBRATION_LEAST))), each, 1),
        "usual": (write(usual(convolutional())), each, 1),
        "in steps": (write(stepped(summed(pairs(kinds)))), together, len(together)),
        "one operator": (write(pairs(("Add",))), together, len(together)),
    }


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """What each model answers on an emulated processor; each is started once."""

    @cache
    def answers(processor: str) -> dict[str, Any]:
        if shutil.which(EMULATOR) is None:
            assert "CI" not in os.environ, f"{EMULATOR} is missing"
            pytest.skip(f"{EMULATOR} is missing")
        folder, words = tmp_path_factory.mktemp(processor), list[str]()
        for name, (model, given, rows) in cases().items():
            files = [folder / f"{name}.{of}" for of in ("onnx", "given.npy", "out.npy")]
            files[0].write_bytes(model)
            np.save(files[1], given)
            words += [*map(str, files), str(rows)]
        command = [sys.executable, str(ELSEWHERE), processor, *words]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        return {name: np.load(folder / f"{name}.out.npy") for name in cases()}

    return answers


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("name", ["plain", "branched", "in steps"])
def test_what_is_exact_gives_the_same_bits_there(
    elsewhere: Callable[[str], dict[str, Any]], name: str, processor: str
) -> None:
    """Networks, and every pair of numbers that can be added or multiplied."""
    model, given, rows = cases()[name]
    assert executed(model).exact
    np.testing.assert_array_equal(elsewhere(processor)[name], run(model, given, rows))


@pytest.mark.parametrize("processor", ["Nehalem", *ARM])
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
