"""What a channel says while something is wrong with it: no number, and no sign decided.

Rules:
1. While a blinding defect lasts, every reading of the channel has no value, and the defect is the
   reason. Numbers that are shown are told as gone when it begins: the next reading may be long in
   coming, and a finger that lost its probe has no saturation.
2. A sign that was decided is told as undecided when the first defect begins. What its detector
   finds meanwhile is kept; what holds when the last defect ends is told then.
3. A number of an intermittent channel that was good before the defects is told again after them, as
   of its own moment: nobody measures anew only because a link was away.
4. Defects are always told, and beats never changed: whoever draws a curve draws what came.
"""

from collections.abc import Collection, Iterable, Iterator

from edgeward.signal.findings import (
    DefectChange,
    Finding,
    Reading,
    Reason,
    Sign,
    SignChange,
    Vital,
)

BLINDING = frozenset(
    {
        Reason.MISSING,
        Reason.FLAT,
        Reason.LEAD_OFF,
        Reason.NOISE,
        Reason.CLOCK,
        Reason.STALE,
        Reason.OUT_OF_RANGE,
    }
)
"""Defects with which a channel cannot be read. A signal that is cut off at the ends of its range
still beats: a large fibrillation must not be hidden by it."""


class Gate:
    """Stands behind the detectors of one channel."""

    __slots__ = ("_blinding", "_intermittent", "_numbers", "_signs", "defects")

    def __init__(
        self, blinding: Collection[Reason] = BLINDING, *, intermittent: bool = False
    ) -> None:
        """Let everything pass until one of these defects begins."""
        self._blinding = frozenset(blinding)
        self._intermittent = intermittent
        self._numbers: dict[Vital, Reading] = {}
        self._signs: dict[Sign, SignChange] = {}
        self.defects: dict[Reason, DefectChange] = {}
        """What is wrong now, the oldest first."""

    @property
    def blinded_by(self) -> Reason | None:
        """The oldest defect with which nothing can be read; None when it can."""
        return next((one for one in self.defects if one in self._blinding), None)

    def pass_on(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """What is to be told of what was found, in order."""
        for found in findings:
            if isinstance(found, DefectChange):
                yield from self._change(found)
            elif isinstance(found, Reading):
                why = self.blinded_by
                self._numbers[found.vital] = found
                yield found if why is None else Reading(found.vital, None, found.at, why)
            elif isinstance(found, SignChange):
                self._signs[found.sign] = found
                if self.blinded_by is None:
                    yield found
            else:
                yield found

    def _change(self, change: DefectChange) -> Iterator[Finding]:
        """Rule 2; the defect itself is told before what follows from it."""
        before = self.blinded_by
        if change.present:
            self.defects.setdefault(change.defect, change)
        else:
            self.defects.pop(change.defect, None)
        yield change
        after = self.blinded_by
        if (before is None) is (after is None):
            return
        numbers = [one for one in self._numbers.values() if one.value is not None]
        if after is None and self._intermittent:  # rule 3
            yield from numbers
        for sign, kept in self._signs.items():
            if kept.present is not None:
                present = None if after else kept.present
                yield SignChange(sign, present, kept.since, change.at, after or kept.text)
        if after is not None:  # rule 1
            yield from (Reading(one.vital, None, change.at, after) for one in numbers)
