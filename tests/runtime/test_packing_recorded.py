"""A recorded ECG, packed and sealed, is about as small as the steps it is made of."""

import numpy as np
import pytest
from packed import as_sealed, delta_entropy_bytes
from recorded import recordings

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("record", ["101", "106", "119", "207"])
def test_a_recorded_ecg_is_within_a_quarter_of_its_entropy(record: str) -> None:
    path = recordings("mitdb", f"{record}.hea")
    import wfdb

    found = wfdb.rdrecord(str(path.with_suffix("")), physical=False, sampto=36_000)
    for first in range(0, 36_000, 3600):
        counts = found.d_signal[first : first + 3600, 0].astype(np.int32)
        assert as_sealed(counts, 200.0, 1) <= 1.25 * delta_entropy_bytes(counts)
