"""A sound model and a change for the better hold; one that saturates falls on every seed."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edgeward.canonical import sha256_hex
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.profile.bench import Role
from edgeward_harness.profile.unit import SHIPPED_MODELS, emulates_x86
from edgeward_harness.qualify.making import MAKERS, as_it_is, bench_of, card_of
from edgeward_harness.rig.elsewhere import missing

from .twin_lab import BENCH, failed_measurements, judge

pytestmark = pytest.mark.slow


def test_the_sound_evaluation_holds(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, as_it_is)
    cases = "test_fair or test_retention"
    _, assessment, output = judge(tmp_path, "made", cases, suite="accuracy", bench=bench)
    for name in ("REQ-ACC-002", "REQ-ACC-010"):
        assert assessment.requirements[name].standing is Standing.VERIFIED, output


def _worse(folder: Path, name: str) -> str:
    """A forerunner that calls many normal windows something else."""
    model = onnx.load(SHIPPED_MODELS[Role.REFERENCE])
    card = card_of(Role.REFERENCE)
    bias = next(one for one in model.graph.initializer
                if numpy_helper.to_array(one).shape == (len(card["labels"]),))  # fmt: skip
    values = numpy_helper.to_array(bias).copy()
    values[card["labels"].index("sinus")] -= np.float32(12)
    bias.CopyFrom(numpy_helper.from_array(values, bias.name))
    data = model.SerializeToString()
    (folder / f"{name}.onnx").write_bytes(data)
    (folder / f"{name}.json").write_text(json.dumps({**card, "sha256": sha256_hex(data)}))
    return f"{name}.onnx"


def test_a_change_that_is_a_gain_may_be_made(tmp_path: Path) -> None:
    last = _worse(tmp_path, "last")
    bench = bench_of(tmp_path, as_it_is, {"last": last, "original": last})
    _, assessment, output = judge(tmp_path, "made", "test_change", suite="accuracy", bench=bench)
    assert assessment.requirements["REQ-ACC-011"].standing is Standing.VERIFIED, output


@pytest.mark.skipif(not emulates_x86(), reason=missing("Haswell"))
def test_a_model_that_saturates_on_some_processors_is_found(tmp_path: Path) -> None:
    """Both against the device and against the bench, which has windows that no device takes."""
    bench = MAKERS["saturates"](BENCH.parent, tmp_path)
    cases = "test_released or test_processors"
    _, assessment, output = judge(tmp_path, "made", cases, suite="accuracy", bench=bench, seed=8)
    assert assessment.requirements["REQ-ACC-012"].standing is Standing.FAILED, output
    assert assessment.requirements["REQ-ACC-001"].standing is Standing.VERIFIED, output
    failed = failed_measurements(tmp_path)
    assert {name.rpartition("_")[2] for name in failed} == {"device", "bench"}, output


@pytest.mark.skipif(not emulates_x86(), reason=missing("Haswell"))
def test_the_shipped_model_answers_alike_on_every_processor(tmp_path: Path) -> None:
    """Without this the case might be red for everybody."""
    _, assessment, output = judge(tmp_path, "reference", "test_processors", suite="accuracy")
    assert assessment.requirements["REQ-ACC-012"].standing is Standing.VERIFIED, output
