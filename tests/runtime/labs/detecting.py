"""What a detector tells about a signal, however the signal is cut into blocks."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from edgeward.signal.findings import Detector, Finding, Reading, Sign, SignChange, Vital
from edgeward.signal.ring import Mask, Samples


def feed(
    detector: Detector, samples: Samples, valid: Mask | None = None, cuts: Sequence[int] = ()
) -> list[Finding]:
    """Push in blocks of these lengths, again and again; all at once without any.

    Findings must come in the order of their `at`, never before that sample and in the block that
    holds it.
    """
    mask = np.ones(len(samples), np.bool_) if valid is None else valid
    told: list[Finding] = []
    first = turn = 0
    while first < len(samples):
        length = cuts[turn % len(cuts)] if cuts else len(samples)
        end = min(len(samples), first + length)
        found = detector.push(samples[first:end], mask[first:end])
        assert all(first <= one.at < end for one in found)
        told += found
        first, turn = end, turn + 1
    places = [one.at for one in told]
    assert places == sorted(places)
    return told


def same_however_cut(
    build: Callable[[], Detector], samples: Samples, valid: Mask, cuts: Sequence[int]
) -> list[Finding]:
    """The findings, which are the same at once and in these blocks."""
    whole = feed(build(), samples, valid)
    assert feed(build(), samples, valid, cuts) == whole
    return whole


def readings(found: Sequence[Finding], vital: Vital) -> list[Reading]:
    """Those of one vital, each with a value or with a reason."""
    told = [one for one in found if isinstance(one, Reading) and one.vital is vital]
    assert all((one.value is None) is (one.reason is not None) for one in told)
    return told


def values(found: Sequence[Finding], vital: Vital) -> list[float]:
    """The values that were told."""
    return [one.value for one in readings(found, vital) if one.value is not None]


def changes(found: Sequence[Finding], sign: Sign) -> list[SignChange]:
    """Those of one sign; none repeats the one before."""
    told = [one for one in found if isinstance(one, SignChange) and one.sign is sign]
    assert all(a.present is not b.present for a, b in pairwise(told))
    return told
