"""The write-ahead log as bytes: which of its pages are whole, and whether one is damaged.

SQLite takes a log up to the first frame whose checksum is wrong and forgets the rest. After a power
cut that is right: the rest was never synced. After damage it is a silent loss of all that was
committed later. The two are told apart by what follows. A transaction is begun only when the one
before it is on the disk, so a whole frame of a later transaction shows that a broken one was whole.

Each frame is checked on from what the frame before it claims, so a broken one does not hide those
behind it. https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeward.comms.outbox.allowance import FRAME_BYTES, PAGE_BYTES
from edgeward.ports import DatabaseFile

_HEAD = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
_MAGIC_HERE = _MAGIC | (sys.byteorder == "big")
_READ_BYTES_MAX = 64 << 20
_CHECKED_OF_HEAD, _CHECKED_OF_FRAME = 24, 8


@dataclass(frozen=True, slots=True)
class Frame:
    """One page in the log."""

    page: int
    commits_pages: int
    """The size of the database when a transaction ends here; 0 inside of one."""
    offset: int
    """Where its page begins in the log."""
    whole: bool


def _sums(data: bytes, seed: tuple[int, int], order: str) -> tuple[int, int]:
    """The checksum of SQLite's log, carried on from a seed."""
    first, second = seed
    for one, other in struct.iter_unpack(f"{order}2I", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second


def _page_sums(data: bytes, seed: tuple[int, int], order: str) -> tuple[int, int]:
    """The same for a whole page, some hundred times faster.

    Each step multiplies both sums by [[1, 1], [1, 2]] and adds (a, a + b) for the words a and b; so
    the last sums are those of the seed and all pairs, each weighted by a power of that matrix.
    """
    words = np.frombuffer(data, f"{order}u4").astype(np.uint32).reshape(-1, 2)
    pairs = np.empty((len(words) + 1, 2), np.uint32)
    pairs[0] = seed
    pairs[1:, 0] = words[:, 0]
    pairs[1:, 1] = words[:, 0] + words[:, 1]
    a, b, d = _POWERS[len(words) :: -1].T
    first = np.sum(a * pairs[:, 0] + b * pairs[:, 1], dtype=np.uint32)
    second = np.sum(b * pairs[:, 0] + d * pairs[:, 1], dtype=np.uint32)
    return int(first), int(second)


def _powers(count: int) -> NDArray[np.uint32]:
    """The powers of [[1, 1], [1, 2]], which are [[a, b], [b, d]], modulo 2**32."""
    rows, (a, b, d) = [], (1, 0, 1)
    for _ in range(count):
        rows.append((a, b, d))
        a, b, d = a + b, a + 2 * b, b + 2 * d
        a, b, d = a & 0xFFFFFFFF, b & 0xFFFFFFFF, d & 0xFFFFFFFF
    return np.array(rows, np.uint32)


_POWERS = _powers(PAGE_BYTES // 8 + 1)


def read_log(file: DatabaseFile, name: str = "") -> bytes:
    """All of a log.

    Raises:
        StoreError: it cannot be read.
    """
    return file.read(name, log=True, offset=0, size_bytes=_READ_BYTES_MAX)


def log_is_damaged(file: DatabaseFile) -> bool:
    """Whether SQLite would lose something of the live log without a word.

    Raises:
        StoreError: the log cannot be read.
    """
    log = read_log(file)
    if len(log) < _HEAD.size + FRAME_BYTES:
        return False
    if not _head_is_whole(log):
        return any(log[: _HEAD.size + FRAME_BYTES])
    frames = list(frames_of_log(log))
    broken = next((at for at, frame in enumerate(frames) if not frame.whole), len(frames))
    ended = False
    for frame in frames[broken:]:
        if ended and frame.whole:
            return True
        ended = ended or frame.commits_pages > 0
    return False


def committed(log: bytes) -> Iterator[Frame]:
    """The whole frames of all transactions that were on the disk, oldest first."""
    transaction: list[Frame] = []
    transactions = []
    for frame in frames_of_log(log):
        transaction.append(frame)
        if frame.commits_pages:
            transactions.append(transaction)
            transaction = []
    if transactions and not all(frame.whole for frame in transactions[-1]):
        transactions.pop()
    for transaction in transactions:
        yield from (frame for frame in transaction if frame.whole)


def frames_of_log(log: bytes) -> Iterator[Frame]:
    """The frames since the log was begun anew, broken ones too."""
    if len(log) < _HEAD.size + FRAME_BYTES:
        return
    whole = _head_is_whole(log)
    magic, *_, salt_1, salt_2, sum_1, sum_2 = _HEAD.unpack_from(log)
    order = ">" if (magic if whole else _MAGIC_HERE) & 1 else "<"
    salts, seed = (salt_1, salt_2), (sum_1, sum_2)
    if not whole:
        salts = _FRAME.unpack_from(log, _HEAD.size)[2:4]
    for offset in range(_HEAD.size, len(log) - FRAME_BYTES + 1, FRAME_BYTES):
        page, commits, salt_1, salt_2, sum_1, sum_2 = _FRAME.unpack_from(log, offset)
        start = offset + _FRAME.size
        data = log[start : start + PAGE_BYTES]
        head = _sums(log[offset : offset + _CHECKED_OF_FRAME], seed, order)
        same = (salt_1, salt_2) == salts
        if not same and not _continues(log, offset, salts):
            return
        known = whole or offset > _HEAD.size  # a damaged head seeds nothing
        right = not known or _page_sums(data, head, order) == (sum_1, sum_2)
        yield Frame(page, commits if same else 0, start, right and same and page > 0)
        seed = (sum_1, sum_2)


def _continues(log: bytes, offset: int, salts: tuple[int, ...]) -> bool:
    """Whether a frame with other salts has one of this log behind it: then it is damaged."""
    following = offset + FRAME_BYTES
    if following + FRAME_BYTES > len(log):
        return False
    return _FRAME.unpack_from(log, following)[2:4] == salts


def _head_is_whole(log: bytes) -> bool:
    magic, *_, sum_1, sum_2 = _HEAD.unpack_from(log)
    if magic & ~1 != _MAGIC:
        return False
    order = ">" if magic & 1 else "<"
    return _sums(log[:_CHECKED_OF_HEAD], (0, 0), order) == (sum_1, sum_2)
