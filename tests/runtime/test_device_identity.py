"""Identity and epoch survive as long as the store does, and never count backwards."""

import pytest

from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.store import MemoryStore
from edgeward.device.identity import start_identity
from edgeward.errors import StoreError


def test_the_first_start_draws_an_identity_and_every_start_counts() -> None:
    store = MemoryStore()
    starts = [start_identity(store, SeededEntropy(seed)) for seed in (1, 2, 3)]
    assert [start.epoch for start in starts] == [1, 2, 3]
    assert len({start.id for start in starts}) == 1
    assert len(starts[0].id) == 32
    assert starts[0].serial == starts[0].id[:8]
    assert start_identity(MemoryStore(), SeededEntropy(2)).id != starts[0].id


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("epoch", b""),
        ("epoch", b"-1"),
        ("epoch", b"1.5"),
        ("epoch", b"9" * 19),
        ("identity", b"short"),
        ("identity", b"\xff" * 32),
        ("identity", b"G" * 32),
    ],
)
def test_what_was_never_written_here_stops_the_start(name: str, stored: bytes) -> None:
    store = MemoryStore()
    store.write(name, stored)
    with pytest.raises(StoreError, match=f"{name}: found"):
        start_identity(store, SeededEntropy(1))
