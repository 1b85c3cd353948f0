"""How hard to compress, by how fast the link is.

Compressing harder costs time at once and saves time on the link. What is waited for is the sum, and
where the link is slow or away, the bytes decide. `benchmarks/bench_sealing.py` holds the choice
against the best one in hindsight.
"""

from typing import Final

_LEVELS: Final = {1: (8.0, 0.620), 3: (9.0, 0.632), 12: (110.0, 0.605)}
"""By level of zstd: nanoseconds a byte on one core of a small computer, and what is left of a byte
of packed ECG. Measured on batches of ten seconds; above 12 nothing more is left out."""
OFFLINE: Final = 12


def level_for(bytes_per_s: float | None, slowness: float = 1.0) -> int:
    """The level whose compressing and sending take the least together.

    Args:
        bytes_per_s: what the link carries; None where there is none, and bytes are what counts.
        slowness: how many times slower the processor is than the one of the table.
    """
    if bytes_per_s is None or bytes_per_s <= 0:
        return OFFLINE
    return min(
        _LEVELS,
        key=lambda level: _LEVELS[level][0] * slowness + _LEVELS[level][1] * 1e9 / bytes_per_s,
    )
