"""The same bits on processors with fewer instructions, which an emulator stands in for."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import pytest
from small_graphs import convolutional, waves

from edgeward.model.compress.graphs import run, write
from edgeward.model.compress.operators import executed
from edgeward.model.compress.quantise import CALIBRATION_LEAST, lint, quantised

pytestmark = pytest.mark.slow
EMULATOR = "qemu-x86_64"
WINDOWS = 150
ANSWER = """
import sys, numpy as np
from pathlib import Path
from edgeward.model.compress.graphs import run
model, given, out = map(Path, sys.argv[1:])
np.save(out, run(model.read_bytes(), np.load(given), 1))
"""


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


def elsewhere(processor: str, model: bytes, folder: Path) -> Any:
    """What a model answers on an emulated processor."""
    if shutil.which(EMULATOR) is None:
        assert "CI" not in os.environ, f"{EMULATOR} is missing"
        pytest.skip(f"{EMULATOR} is missing")
    file, given, out = (folder / name for name in ("model.onnx", "given.npy", "out.npy"))
    file.write_bytes(model)
    np.save(given, waves(WINDOWS, seed=11))
    subprocess.run(
        [EMULATOR, "-cpu", processor, sys.executable, "-c", ANSWER, file, given, out],
        check=True, capture_output=True, timeout=300,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    return np.load(out)


@pytest.mark.parametrize("processor", ["Haswell", "Nehalem"])
def test_a_model_in_whole_numbers_gives_the_same_bits_there(tmp_path: Path, processor: str) -> None:
    model = write(quantised(convolutional(), waves(CALIBRATION_LEAST)))
    assert executed(model).exact
    here = run(model, waves(WINDOWS, seed=11), 1)
    np.testing.assert_array_equal(elsewhere(processor, model, tmp_path), here)


def test_the_usual_setting_does_not_and_is_found_beforehand(tmp_path: Path) -> None:
    """Without this the test above might pass because the emulator computes as the host does."""
    model = usual(convolutional())
    assert any("saturate" in one.text for one in lint(model))
    answers = [elsewhere(one, write(model), tmp_path) for one in ("Haswell", "Nehalem")]
    assert (answers[0] != answers[1]).any()
