"""The write-ahead log as bytes: which of its pages are whole, and whether one is damaged.

SQLite takes a log up to the first frame whose checksum is wrong and forgets the rest. After a power
cut that is right: the rest was never synced. After damage it is a silent loss of all that was
committed later. The two are told apart by what follows. A transaction is begun only when the one
before it is on the disk, so a whole frame of a later transaction shows that a broken one was whole.

Each frame is checked on from what the frame before it claims and from what is computed over it: a
broken one does not hide those behind it, and where its sum alone was changed, they prove it whole.
https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
import sys
from dataclasses import dataclass, replace

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
_SEEDS_MAX = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """One page in the log."""

    page: int
    commits_pages: int
    """The size of the database when a transaction ends here; 0 inside of one."""
    offset: int
    """Where its page begins in the log."""
    whole: bool
    """Its content is proven, by its own sum or by the frames behind it."""
    taken: bool
    """SQLite takes it too: nothing is wrong with it, nor with any before it."""


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
    """Whether SQLite would lose something of the live log without a word, as the log alone tells.

    Damage within the last transaction looks like a power cut; what lies beside the database tells
    the two apart (`edgeward.comms.outbox.mark`).

    Raises:
        StoreError: the log cannot be read.
    """
    log = read_log(file)
    if len(log) < _HEAD.size + FRAME_BYTES:
        return False
    if not _head_is_whole(log):
        return any(log[: _HEAD.size + FRAME_BYTES])
    frames = frames_of_log(log)
    refused = next((at for at, frame in enumerate(frames) if not frame.taken), len(frames))
    ended, whole = False, True
    for frame in frames[refused:]:
        if ended and frame.whole:
            return True
        whole = whole and frame.whole
        if frame.commits_pages and whole:
            return True  # all of a transaction is there, and SQLite forgets it
        ended = ended or frame.commits_pages > 0
    return False


def sorted_out(log: bytes) -> tuple[list[Frame], list[Frame]]:
    """The proven frames of all transactions that were on the disk, oldest first; and the others."""
    transactions: list[list[Frame]] = [[]]
    for frame in frames_of_log(log):
        transactions[-1].append(frame)
        if frame.commits_pages:
            transactions.append([])
    ended = [frames for frames in transactions if frames and frames[-1].commits_pages]
    loose = [frame for frame in transactions[-1] if not frame.commits_pages]
    if ended and not all(frame.whole for frame in ended[-1]):
        loose = ended.pop() + loose
    proven = [frame for frames in ended for frame in frames if frame.whole]
    broken = [frame for frames in ended for frame in frames if not frame.whole]
    return proven, broken + loose


def frames_of_log(log: bytes) -> list[Frame]:
    """The frames since the log was begun anew, broken ones too."""
    frames: list[Frame] = []
    if len(log) < _HEAD.size + FRAME_BYTES:
        return frames
    chain = _Chain.begun(log)
    for offset in range(_HEAD.size, len(log) - FRAME_BYTES + 1, FRAME_BYTES):
        page, commits, *salts = _FRAME.unpack_from(log, offset)[:4]
        same = tuple(salts) == chain.salts
        since = chain.proven_since(log, offset, len(frames))
        right = since is not None and page > 0
        if not right and not same and not _continues(log, offset, chain.salts):
            break
        taken = right and same and chain.unbroken and (not frames or frames[-1].taken)
        if since is not None:
            for at in range(since, len(frames)):  # only a sum of theirs was changed
                frames[at] = replace(frames[at], whole=frames[at].page > 0)
        ends = commits if same or right else 0
        frames.append(Frame(page, ends, offset + _FRAME.size, right, taken))
    return frames


@dataclass(slots=True)
class _Chain:
    """What the next frame may carry on from: a sum that was told, or one that was computed.

    Where a frame is not proven, either its content was changed, and the sum that it tells is right,
    or the sum was, and the one that is computed over it is right. The frame behind shows which.
    """

    salts: tuple[int, ...]
    order: str
    seeds: dict[tuple[int, int], int]
    """Each with the frame from which on all are whole where the next one proves it right."""
    unbroken: bool
    """Whether each sum so far was told as it is computed, as SQLite wants it."""

    @classmethod
    def begun(cls, log: bytes) -> "_Chain":
        """Begin with the head of a log, which may be damaged itself."""
        magic, *_, salt_1, salt_2, sum_1, sum_2 = _HEAD.unpack_from(log)
        whole = _head_is_whole(log)
        order = ">" if (magic if whole else _MAGIC_HERE) & 1 else "<"
        salts: tuple[int, ...] = (salt_1, salt_2)
        if not whole:
            salts = _FRAME.unpack_from(log, _HEAD.size)[2:4]
        computed = _sums(log[:_CHECKED_OF_HEAD], (0, 0), order)
        return cls(salts, order, {(sum_1, sum_2): 0, computed: 0}, whole)

    def proven_since(self, log: bytes, offset: int, at: int) -> int | None:
        """From which frame on this one proves all to be whole; None where it is not proven."""
        told: tuple[int, int] = _FRAME.unpack_from(log, offset)[4:6]
        head = log[offset : offset + _CHECKED_OF_FRAME]
        data = log[offset + _FRAME.size : offset + FRAME_BYTES]
        computed: dict[tuple[int, int], int] = {}
        for seed, since in self.seeds.items():
            sums = _page_sums(data, _sums(head, seed, self.order), self.order)
            if sums == told:
                self.seeds = {told: since}
                return since
            computed.setdefault(sums, since)
        self.unbroken = False
        self.seeds = {told: at + 1, **dict(list(computed.items())[:_SEEDS_MAX])}
        return None


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
