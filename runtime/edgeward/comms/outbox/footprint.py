"""What a record takes on the disk, by its length alone, so that it need not be looked up anywhere.

Pages of a table hold whole records, as many as fit; what is longer than a page spills onto pages of
its own. A class of records that are alike takes what this says; a mixed one takes less or more.
"""

from collections.abc import Callable
from typing import Final

from edgeward.comms.outbox.allowance import PAGE_BYTES

_LEAF_BYTES: Final = PAGE_BYTES - 8
"""Of a page, without its head."""
_COLUMNS_BYTES: Final = 9
"""What lies in a row beside the sealed bytes."""
_CELL_BYTES: Final = 10
"""What lies around a row: its length, its place, where it begins, and its part of a page above."""
_LOCAL_MAX: Final = PAGE_BYTES - 35
"""Of a row, on the page of its table; a longer one keeps less of it there and spills the rest."""
_LOCAL_MIN: Final = (PAGE_BYTES - 12) * 32 // 255 - 23
_SPILLED_BYTES: Final = PAGE_BYTES - 4
"""Of a row, on each page that it spills onto."""
_LENGTHS_KEPT: Final = 8192


class _Taken(dict[int, int]):
    """Looked up for each record of each batch: a cache of functools takes twice as long."""

    def __missing__(self, sealed_bytes: int) -> int:
        if len(self) >= _LENGTHS_KEPT:
            self.clear()
        self[sealed_bytes] = _taken_bytes(sealed_bytes)
        return self[sealed_bytes]


taken_bytes: Final[Callable[[int], int]] = _Taken().__getitem__
"""What a record of so many sealed bytes takes on the disk."""


def _taken_bytes(sealed_bytes: int) -> int:
    row_bytes, spilled = sealed_bytes + _COLUMNS_BYTES, 0
    if row_bytes > _LOCAL_MAX:
        local = _LOCAL_MIN + (row_bytes - _LOCAL_MIN) % _SPILLED_BYTES
        local = local if local <= _LOCAL_MAX else _LOCAL_MIN
        spilled = -(-(row_bytes - local) // _SPILLED_BYTES)
        row_bytes = local
    a_page = _LEAF_BYTES // (row_bytes + _CELL_BYTES)
    return spilled * PAGE_BYTES + PAGE_BYTES // a_page
