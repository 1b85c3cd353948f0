"""How much of the disk and of the memory an outbox may take, and what it gives up first."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeward.comms.record import NEVER_EVICTED, RecordClass
from edgeward.errors import LimitError

PAGE_BYTES = 4096
FRAME_BYTES = 24 + PAGE_BYTES
"""One page in the write-ahead log."""
_LOG_HEAD_BYTES = 32
_LOG_BYTES_MIN, _LOG_BYTES_MAX, _LOG_PART = 256 << 10, 16 << 20, 16
_TRANSACTION_PART = 8
_INDEX_BYTES, _FRAMES_PER_INDEX = 32 << 10, 4062
_MARK_BYTES = 512
"""For what lies beside the database, and more."""
_MARGIN_PAGES_MIN, _MARGIN_PAGES_MAX, _MARGIN_PART = 8, 256, 32
DISK_BYTES_MIN = 1 << 20
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an outbox may take."""

    disk_bytes_max: int
    """For the database, its log, index, mark and spare, together and at every moment."""
    memory_bytes_max: int = 256 << 10
    """For records that the disk refused."""
    eviction: tuple[RecordClass, ...] = (
        RecordClass.WAVEFORM,
        RecordClass.TREND,
        RecordClass.EVENT,
    )
    """What a full queue gives up, in this order. A class that is not named here is kept."""
    quota_percent: Mapping[RecordClass, int] = field(default_factory=dict)
    """What a class may take of the queue without giving anything up for others; 0 where it is not
    named. It may take more while there is room, and pays first once there is none."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.disk_bytes_max < DISK_BYTES_MIN:
            raise LimitError(
                f"disk_bytes_max is {self.disk_bytes_max}; accepted: {DISK_BYTES_MIN} or more,"
                " room for a log, a spare and some records"
            )
        if self.memory_bytes_max < 0:
            raise LimitError(f"memory_bytes_max is {self.memory_bytes_max}; accepted: 0 or more")
        kept = sorted(kind.word for kind in NEVER_EVICTED & set(self.eviction))
        if kept or len(set(self.eviction)) != len(self.eviction):
            raise LimitError(
                f"eviction is {[kind.word for kind in self.eviction]}; accepted: each of waveform,"
                f" trend and event at most once, never {' or '.join(kept) or 'one of them twice'}"
            )
        quotas = {kind.word: percent for kind, percent in self.quota_percent.items()}
        least, together = min(quotas.values(), default=0), sum(quotas.values())
        if NEVER_EVICTED & set(self.quota_percent) or least < 0 or together > _WHOLE:
            raise LimitError(
                f"quota_percent is {quotas}; accepted: 0 or more for each of waveform, trend and"
                f" event, {_WHOLE} together at the most"
            )

    def rank(self, kind: RecordClass) -> int:
        """How late a class is given up: the place in the order, behind it for what is kept."""
        return self.eviction.index(kind) if kind in self.eviction else len(self.eviction)


@dataclass(frozen=True, slots=True)
class Room:
    """How the allowed bytes of the disk are divided."""

    log_frames_max: int
    """Pages in the log; before it grows longer, they are put into the database."""
    log_bytes: int
    spare_bytes: int
    """As much as the log: what is needed to empty the log into the database on a full disk."""
    pages_any: int
    """Pages of the database that every record may use."""
    pages_kept: int
    """Pages that records of the classes never given up may use as well."""
    pages_all: int
    """The rest is for the work of deleting, which needs a page now and then."""
    transaction_bytes_max: int
    """Sealed bytes in one transaction: with all that goes with them, less than the log takes."""


def room_of(allowance: Allowance) -> Room:
    """Divide it."""
    disk_bytes = allowance.disk_bytes_max
    log_bytes = min(max(disk_bytes // _LOG_PART, _LOG_BYTES_MIN), _LOG_BYTES_MAX)
    frames = (log_bytes - _LOG_HEAD_BYTES) // FRAME_BYTES
    index_bytes = _INDEX_BYTES * (1 + frames // _FRAMES_PER_INDEX)
    pages = (disk_bytes - 2 * log_bytes - index_bytes - _MARK_BYTES) // PAGE_BYTES
    margin = min(max(pages // _MARGIN_PART, _MARGIN_PAGES_MIN), _MARGIN_PAGES_MAX)
    return Room(
        log_frames_max=frames,
        log_bytes=log_bytes,
        spare_bytes=log_bytes,
        pages_any=pages - 2 * margin,
        pages_kept=pages - margin,
        pages_all=pages,
        transaction_bytes_max=log_bytes // _TRANSACTION_PART,
    )
