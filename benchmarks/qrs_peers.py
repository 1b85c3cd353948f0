"""Beats by other detectors, for bench_qrs.py; run by a Python that has wfdb and sleepecg.

    python qrs_peers.py OUT.json RECORD...

Each is handed the whole record at once, and lead 0 of it, as its authors intend. Written are, for
each record and detector, the samples of the beats and the seconds of processor time.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

sleepecg: Any = import_module("sleepecg")  # not in the environment of the checks of types
wfdb: Any = import_module("wfdb")
processing: Any = import_module("wfdb.processing")

DETECTORS: dict[str, Callable[[Any, int], Any]] = {
    "gqrs": lambda wave, rate_hz: processing.gqrs_detect(wave, fs=rate_hz),
    "xqrs": lambda wave, rate_hz: processing.xqrs_detect(wave, fs=rate_hz, verbose=False),
    "sleepecg": lambda wave, rate_hz: sleepecg.detect_heartbeats(wave, rate_hz),
}


def read(path: str) -> tuple[Any, int]:
    """Lead 0 and its rate: a WFDB record, or an array `mv` at the rate in its name."""
    if path.endswith("hz.npz"):
        return np.load(path)["mv"].astype(float), int(path.rpartition("_")[2][:-6])
    record = wfdb.rdrecord(path, channels=[0])
    return record.p_signal[:, 0], int(record.fs)


def main(out: str, records: list[str]) -> None:
    """Run every detector on every record."""
    warnings.simplefilter("ignore")
    told: dict[str, dict[str, tuple[list[int], float]]] = {}
    for path in records:
        wave, rate_hz = read(path)
        found = told[Path(path).name] = {}
        for name, detect in DETECTORS.items():
            began_s = time.process_time()
            beats = np.unique(detect(wave, rate_hz)).tolist()
            found[name] = (beats, time.process_time() - began_s)
    Path(out).write_text(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
