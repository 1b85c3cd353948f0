"""The sign of life on the disk, for when the black box does not survive: a power cut.

Every few seconds it says when the alarm path last came by, and how far the journal was. So after a
power cut the outage can be told, and a journal that was cut short is found out.
"""

from dataclasses import dataclass
from json import loads

from edgeward.alarm.journal.chain import Damage, DamageKind
from edgeward.alarm.journal.slots import Life, Mark
from edgeward.alarm.plain import from_plain, to_plain
from edgeward.canonical import canonical_json
from edgeward.errors import AlarmError, StoreError
from edgeward.ports import AppendLog

NAME = "alive.json"


@dataclass(frozen=True, slots=True)
class _Sign:
    """What is on the disk."""

    life: Life
    mark: Mark


class Alive:
    """Reads the sign of the last time, and leaves those of this time."""

    __slots__ = ("_interval_ns", "_life", "_log", "_mark", "_signed_ns", "damage")

    def __init__(self, log: AppendLog, interval_ns: int) -> None:
        """Read the last sign; leave a new one in each interval."""
        self._log = log
        self._interval_ns = interval_ns
        self._signed_ns: int | None = None
        self._life: Life | None = None
        self._mark: Mark | None = None
        self.damage: list[Damage] = []
        """Why the last sign could not be read."""
        self._read()

    def newest_mark(self, boxed: Mark | None) -> Mark | None:
        """How far the journal was: by this, or by what the box says where that is farther."""
        marks = [mark for mark in (self._mark, boxed) if mark is not None]
        return max(marks, key=lambda mark: mark.line, default=None)

    def last_life(self, boxed: Life | None, now: Life, beat_ns: int) -> tuple[Life, int] | None:
        """The newest sign of life, and in which interval the next one was due."""
        signs = [(boxed, beat_ns), (self._life, self._interval_ns)]
        known = [(life, interval_ns) for life, interval_ns in signs if life is not None]

        def age(sign: tuple[Life, int]) -> tuple[bool, int]:
            same = sign[0].boot == now.boot
            return same, sign[0].monotonic_ns if same else sign[0].wall_ns

        return max(known, key=age, default=None)

    def due(self) -> None:
        """Let the next `sign` leave one in any case."""
        self._signed_ns = None

    def sign(self, life: Life | None, mark: Mark) -> None:
        """Leave a sign, if it is time.

        Raises:
            StoreError: the disk refused.
        """
        if life is None:
            return
        if self._signed_ns is not None and life.monotonic_ns - self._signed_ns < self._interval_ns:
            return
        self._log.write(NAME, canonical_json(to_plain(_Sign(life, mark))))
        self._signed_ns = life.monotonic_ns

    def _read(self) -> None:
        try:
            raw = self._log.read(NAME)
        except StoreError as error:
            self.damage.append(Damage(DamageKind.UNREADABLE, NAME, str(error)))
            return
        if raw is None:
            return
        try:
            sign = from_plain(_Sign, loads(raw))
        except (ValueError, RecursionError, AlarmError):
            text = f"{len(raw)} bytes are no sign of life: {raw[:40]!r}"
            self.damage.append(Damage(DamageKind.ALTERED, NAME, text))
            return
        self._life, self._mark = sign.life, sign.mark
