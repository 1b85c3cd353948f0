"""Does a model in whole numbers give the same bits everywhere? Ours, and one of the usual setting.

Usage: bench_identity.py [WINDOWS [EMULATED]]     so many here, and on each emulated processor

Here: windows one by one, in calls of 16 and 64, on one thread and on two. Then on processors with
fewer instructions, emulated by qemu-user: a newer one without VNNI, and an old one without AVX.
Goal: not one bit of ours differs. The usual setting (eight-bit weights) is shown beside it.

An emulator computes what a processor computes, and says nothing about its speed. Other
architectures need an interpreter and libraries of their own: not measured here.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from onnx.version_converter import convert_version
from reference_cnn import cnn_onnx
from verdict import Verdict

from edgeward.model.compress.graphs import OPSET, read, run, write
from edgeward.model.compress.operators import executed
from edgeward.model.compress.quantise import quantised
from edgeward.model.compress.risks import lint
from edgeward.model.engine import Probabilities
from edgeward.model.onnx_runtime import onnxruntime, session_options
from edgeward.signal.patient import Rhythm, SimulatedPatient
from edgeward.signal.windows import Samples

WINDOW: Final = 1000
RATE_HZ: Final = 250
EMULATOR: Final = "qemu-x86_64"
PROCESSORS: Final = ("Haswell", "EPYC", "Nehalem")
"""AVX2 of two makers, and SSE4 alone."""
LIMIT_S: Final = 1800


def windows(count: int) -> Samples:
    """Windows of simulated patients of every rhythm."""
    each = 4
    rows: list[Samples] = []
    patient = 0
    while len(rows) < count:
        rhythm = list(Rhythm)[patient % len(Rhythm)]
        ecg = SimulatedPatient(patient, RATE_HZ).ecg(rhythm.value, each * WINDOW / RATE_HZ)
        rows += list(ecg.reshape(each, WINDOW))
        patient += 1
    return np.stack(rows[:count]).astype(np.float32)


def answered_elsewhere(processor: str, model: Path, given: Path) -> Probabilities:
    """What a model answers on an emulated processor, one window at a time."""
    out = model.with_suffix(f".{processor}.npy")
    subprocess.run(
        [EMULATOR, "-cpu", processor, sys.executable, __file__, "--answer", model, given, out],
        check=True, stderr=subprocess.PIPE, timeout=LIMIT_S,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    answers: Probabilities = np.load(out)
    return answers


def two_threads(model: bytes, given: Samples) -> Probabilities:
    """What it answers on two threads."""
    options = session_options()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model, sess_options=options)
    (answers,) = session.run(None, {session.get_inputs()[0].name: given})
    result: Probabilities = answers
    return result


def compared(name: str, where: str, expected: Probabilities, found: Probabilities) -> int:
    """How many windows were answered with other bits; says so."""
    other = int((expected.view(np.uint32) != found.view(np.uint32)).any(axis=1).sum())
    flips = int((expected.argmax(1) != found.argmax(1)).sum())
    apart = float(np.abs(expected - found).max())
    print(
        f"  {name:<8}{where:<22}{other:>7} of {len(found):,} otherwise, {flips} with another label,"
        f" up to {apart:.2g}"
    )
    return other


def main(count: int, emulated: int) -> Verdict:
    """Compare, and judge ours."""
    given = windows(max(count, emulated))
    print(f"{count:,} simulated windows of {WINDOW} samples here, {emulated:,} emulated")
    models = {
        "ours": write(quantised(convert_version(read(cnn_onnx(WINDOW)), OPSET), given[:512])),
        "usual": cnn_onnx(WINDOW, int8=True),
    }
    different = dict.fromkeys(models, 0)
    for name, model in models.items():
        operators, risks = executed(model), lint(read(model))
        digest = hashlib.sha256(model).hexdigest()[:12]
        print(f"  {name:<8}{digest}: {operators.to_dict()['executed']}, {len(risks)} risks")
        alone = run(model, given[:count], 1)
        for rows in (16, 64):
            different[name] += compared(
                name, f"{rows} a call", alone, run(model, given[:count], rows)
            )
        different[name] += compared(name, "two threads", alone, two_threads(model, given[:count]))
    if shutil.which(EMULATOR) is None:
        print(f"no {EMULATOR} here: other processors are not measured")
        return Verdict.MISSED if different["ours"] else Verdict.NONE
    with TemporaryDirectory() as folder:
        path = Path(folder) / "windows.npy"
        np.save(path, given[:emulated])
        for name, model in models.items():
            file = Path(folder) / f"{name}.onnx"
            file.write_bytes(model)
            alone = run(model, given[:emulated], 1)
            for processor in PROCESSORS:
                found = answered_elsewhere(processor, file, path)
                different[name] += compared(name, processor, alone, found)
    ours, usual = different["ours"], different["usual"]
    print(f"goal: ours never otherwise; found {ours}, the usual setting {usual}")
    return Verdict.MISSED if different["ours"] else Verdict.KEPT


if __name__ == "__main__":
    if sys.argv[1:2] == ["--answer"]:
        model_file, given_file, out_file = map(Path, sys.argv[2:])
        np.save(out_file, run(model_file.read_bytes(), np.load(given_file), 1))
        sys.exit(0)
    sizes = [int(one) for one in sys.argv[1:]]
    sys.exit(main(*(sizes + [10_000, 500][len(sizes) :])))
