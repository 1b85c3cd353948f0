"""How small samples could be, and how small they are when they are packed and sealed."""

from collections import Counter
from math import log2
from typing import Any

import numpy as np
from sealed import started

from edgeward.adapters.store import MemoryStore
from edgeward.comms.packing.samples import pack_samples
from edgeward.comms.record import Identity, Offered, RecordClass
from edgeward.signal.ring import Mask, Samples

ABOUT = {"signal": "ecg", "unit": "mV", "rate_hz": 250, "first": 1_234_567}


def all_of(values: Samples) -> Mask:
    return np.ones(len(values), np.bool_)


def delta_entropy_bytes(counts: np.ndarray[Any, Any]) -> float:
    """What no code of single steps can go below."""
    found = Counter(np.diff(counts).tolist())
    total = sum(found.values())
    return -sum(n * log2(n / total) for n in found.values()) / 8


def as_sealed(counts: np.ndarray[Any, Any], per_unit: float, level: int) -> int:
    """The bytes of a batch of samples as it lies on the disk."""
    values = (counts / per_unit).astype(np.float32)
    payload = pack_samples(ABOUT, values, all_of(values), per_unit, level)
    sealing = started(MemoryStore())
    record = Offered(RecordClass.WAVEFORM, payload, "p-1")
    return len(sealing.sealer.seal(Identity(sealing.begin(), 1), record).blob)
