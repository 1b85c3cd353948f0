"""Makes the reference model again from one integer: `python -m edgeward.model.train --out DIR`.

Simulated patients in, the learned layer out, the whole graph and its card written. Needs the extra
`train` (onnx, scikit-learn); a device never imports this.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from edgeward.canonical import sha256_hex
from edgeward.model.onnx_runtime import onnxruntime
from edgeward.model.rhythm_graph import RATE_HZ, WINDOW_SAMPLES, LinearLayer, build
from edgeward.signal.patient import RATE_RANGE_BPM, Rhythm, SimulatedPatient
from edgeward.signal.windows import Samples

NAME = "rhythm-reference"
VERSION = "1"
HOP_SAMPLES = 250
LABELS = tuple(sorted(rhythm.value for rhythm in Rhythm))
SEED = 7_000_000_000
"""The first simulated patient of the training set; the held-out ones start a million later."""
HELD_OUT_OFFSET = 1_000_000
TRAINING_PATIENTS = 400
HELD_OUT_PATIENTS = 200
WINDOWS_PER_RHYTHM = 3
NOTICE = (
    "Trained and judged on simulated patients only. Not for clinical use: it makes the runtime and"
    " its verification testable from end to end, and says nothing about people."
)


@dataclass(frozen=True, slots=True)
class Examples:
    """Windows and the number of each one's label."""

    windows: Samples
    labels: NDArray[np.int64]


def examples(first_patient: int, patients: int) -> Examples:
    """A few windows of every rhythm from every one of these simulated patients."""
    windows: list[Samples] = []
    labels: list[int] = []
    for seed in range(first_patient, first_patient + patients):
        patient = SimulatedPatient(seed, RATE_HZ)
        for number, label in enumerate(LABELS):
            seconds = WINDOWS_PER_RHYTHM * WINDOW_SAMPLES / RATE_HZ
            ecg = patient.ecg(label, seconds, episode=number)
            windows += list(ecg.reshape(WINDOWS_PER_RHYTHM, WINDOW_SAMPLES))
            labels += [number] * WINDOWS_PER_RHYTHM
    return Examples(np.stack(windows), np.array(labels, dtype=np.int64))


def run_graph(model: bytes, windows: Samples) -> NDArray[np.float32]:
    """What a graph answers to windows."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"ecg_mv": windows})
    result: NDArray[np.float32] = answer
    return result


def learn(training: Examples) -> LinearLayer:
    """Multinomial logistic regression on the graph's own features, standardisation folded in."""
    features = run_graph(build(None, f"{NAME}-features"), training.windows).astype(np.float64)
    scale = StandardScaler().fit(features)
    regression = LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000)
    regression.fit(scale.transform(features), training.labels)
    weights = regression.coef_.T / scale.scale_[:, None]
    return LinearLayer(weights, regression.intercept_ - scale.mean_ @ weights)


def judge(model: bytes, held_out: Examples) -> dict[str, Any]:
    """How often the model is right about simulated patients it has never seen."""
    right = run_graph(model, held_out.windows).argmax(axis=1) == held_out.labels
    return {
        "kind": "simulated",
        "patients": HELD_OUT_PATIENTS,
        "windows": len(right),
        "correct": int(right.sum()),
        "accuracy": round(float(right.mean()), 6),
        "by_label": {
            label: round(float(right[held_out.labels == number].mean()), 6)
            for number, label in enumerate(LABELS)
        },
    }


def make(seed: int = SEED) -> tuple[bytes, dict[str, Any]]:
    """The model and its card."""
    model = build(learn(examples(seed, TRAINING_PATIENTS)), NAME)
    card = {
        "name": NAME,
        "version": VERSION,
        "notice": NOTICE,
        "sha256": sha256_hex(model),
        "labels": list(LABELS),
        "input": {
            "signal": "ecg",
            "unit": "mV",
            "rate_hz": RATE_HZ,
            "window_samples": WINDOW_SAMPLES,
            "hop_samples": HOP_SAMPLES,
        },
        "accuracy": judge(model, examples(seed + HELD_OUT_OFFSET, HELD_OUT_PATIENTS)),
        "made": {
            "by": "python -m edgeward.model.train",
            "method": "fixed band-pass envelope spectrum, multinomial logistic regression",
            "first_training_patient": seed,
            "training_patients": TRAINING_PATIENTS,
            "first_held_out_patient": seed + HELD_OUT_OFFSET,
            "windows_per_rhythm": WINDOWS_PER_RHYTHM,
            "rates_bpm": {rhythm.value: list(span) for rhythm, span in RATE_RANGE_BPM.items()},
        },
    }
    return model, card


def main(argv: Sequence[str] | None = None) -> int:
    """Write the model and its card into a folder."""
    parser = argparse.ArgumentParser(prog="python -m edgeward.model.train", description=NOTICE)
    parser.add_argument("--out", type=Path, required=True, help="folder for the two files")
    parser.add_argument("--seed", type=int, default=SEED, help="first simulated patient")
    options = parser.parse_args(argv)
    model, card = make(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "rhythm_reference.onnx").write_bytes(model)
    text = json.dumps(card, indent=2) + "\n"
    (options.out / "rhythm_reference.json").write_text(text, encoding="utf-8")
    sys.stdout.write(f"{card['sha256']}  simulated accuracy {card['accuracy']['accuracy']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
