"""Do models in whole numbers give the same bits everywhere? Ours, and those of the usual setting.

Usage: bench_identity.py [WINDOWS [EMULATED]]
10,000 windows here, and 100 on each emulated processor, if nothing else is said: minutes.

Three networks (`identity_networks`), each quantised by us and as tools do it by themselves. Here:
windows one by one, in calls of 16 and 64, on one thread and on two. Then on other processors, which
qemu-user stands in for: x86 ones without VNNI and without AVX, and ARM ones with and without
products of eight bits. An ARM one needs libraries of its own: `arm_root.sh` fetches them.
Goal: not one bit of ours differs. No verdict where a processor is not measured.

An emulator computes what a processor computes, and says nothing about its speed.
"""

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import onnx
from identity_networks import NETWORKS
from verdict import Verdict

from edgeward.canonical import sha256_hex
from edgeward.model.compress.graphs import write
from edgeward.model.compress.operators import executed
from edgeward.model.compress.quantise import quantised
from edgeward.model.compress.risks import lint
from edgeward.signal.patient import Rhythm, SimulatedPatient
from edgeward.signal.windows import Samples
from edgeward_harness.rig.answering import answers
from edgeward_harness.rig.elsewhere import PROCESSORS, Asked, answers_of, missing

WINDOW: Final = 1000
RATE_HZ: Final = 250
CALIBRATION: Final = 512
ROWS: Final = (1, 16, 64)
OURS: Final = "ours"
Models = dict[tuple[str, str], bytes]
"""By network and setting."""


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


def usual(network: onnx.ModelProto, calibration: Samples) -> bytes:
    """As the tool quantises it when nothing else is said, but for each channel by itself."""
    from onnxruntime import quantization

    class Windows(quantization.CalibrationDataReader):  # type: ignore[misc] # no stubs
        """Hands the calibration windows over."""

        def __init__(self) -> None:
            self._parts: Iterator[Samples] = iter(np.array_split(calibration, 16))

        def get_next(self) -> dict[str, Samples] | None:
            part = next(self._parts, None)
            return None if part is None else {network.graph.input[0].name: part}

    logging.getLogger().setLevel(logging.ERROR)  # it recommends preparations that change nothing
    with TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(write(network))
        quantization.quantize_static(before, after, Windows(), per_channel=True)
        return after.read_bytes()


def made(calibration: Samples) -> Models:
    """Every network in both settings; says what is executed of each."""
    models: Models = {}
    for name, make in NETWORKS.items():
        network = make(WINDOW)
        models[name, OURS] = write(quantised(network, calibration))
        models[name, "usual"] = usual(network, calibration)
    for (name, setting), model in models.items():
        found, risks = executed(model), lint(onnx.load_model_from_string(model))
        print(
            f"  {name:<10}{setting:<6}{sha256_hex(model)[:12]} {len(model):>7,} bytes,"
            f" {'exact' if found.exact else 'not exact'}, {len(risks)} risks:"
            f" {', '.join(f'{count} {kind}' for kind, count in sorted(found.counts.items()))}"
        )
    return models


class Comparison:
    """Counts the windows that were answered with other bits."""

    def __init__(self) -> None:
        self.other = {OURS: 0, "usual": 0}

    def add(self, key: tuple[str, str], where: str, expected: Any, found: Sequence[Any]) -> None:  # noqa: ANN401 - arrays
        """What one model answers in some ways against how it did first; says how many differ."""
        pairs = [(one.view(np.uint32) != expected.view(np.uint32)).any(axis=1) for one in found]
        other = np.any(pairs, axis=0)
        flips = np.any([one.argmax(1) != expected.argmax(1) for one in found], axis=0)
        apart = max(float(np.abs(one - expected).max()) for one in found)
        self.other[key[1]] += int(other.sum())
        print(
            f"  {key[0]:<10}{key[1]:<7}{where:<24}{other.sum():>6,} of {len(other):,} otherwise,"
            f" {flips.sum()} with another label, up to {apart:.2g}"
        )


def here(models: Models, given: Samples, comparison: Comparison) -> None:
    """Every way of calling against one by one on one thread."""
    ways = [(rows, threads) for threads in (1, 2) for rows in ROWS][1:]
    for key, model in models.items():
        alone = answers(model, given)
        found = [answers(model, given, rows, threads) for rows, threads in ways]
        comparison.add(key, f"{len(ways)} other calls here", alone, found)


def there(processor: str, models: Models, given: Samples, comparison: Comparison) -> None:
    """An emulated processor against this one, one by one."""
    found = answers_of(processor, [Asked(model, given) for model in models.values()])
    for (key, model), other in zip(models.items(), found, strict=True):
        comparison.add(key, processor, answers(model, given), [other])


def main(count: int, emulated: int) -> Verdict:
    """Compare, and judge ours."""
    given = windows(max(count, emulated, CALIBRATION))
    print(f"{count:,} simulated windows of {WINDOW} samples here, {emulated:,} emulated")
    models, comparison = made(given[:CALIBRATION]), Comparison()
    here(models, given[:count], comparison)
    not_measured = [one for one in PROCESSORS if missing(one)]
    for processor in PROCESSORS:
        if processor in not_measured:
            print(f"  {processor}: not measured, {missing(processor)}")
        else:
            there(processor, models, given[:emulated], comparison)
    ours, others = comparison.other.values()
    print(f"goal: ours never otherwise; found {ours:,}, the usual setting {others:,}")
    if ours:
        return Verdict.MISSED
    return Verdict.NONE if not_measured else Verdict.KEPT


if __name__ == "__main__":
    sizes = [int(one) for one in sys.argv[1:]]
    sys.exit(main(*(sizes + [10_000, 100][len(sizes) :])))
