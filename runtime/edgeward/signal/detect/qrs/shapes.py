"""Whether a beat comes from a ventricle: its shape, its size, and when it came.

Rules:
1. The patient's *usual* beats are learned from the first ten: the largest family of beats that look
   alike, and at least half. Until then nothing is said of a beat.
2. A beat is judged by evidence, added up: how unlike it is to usual beats, measured by how unlike
   those are to each other (a noisy lead makes all of them so); how much slower its wave moves and
   how much larger it is than theirs; how early it came; and how like it is to beats that were
   ventricular. Above 0 it is ventricular.
3. Other families become usual when they come in time, slowly, one after the other and move as fast:
   a bundle branch that fails now and then.
4. A narrow family that looks otherwise, of a fifth of all beats, is the patient's own, whatever was
   learned: then what is wider was ventricular from the begin.
5. When beats have long been foreign, slow, and most of them alike, the shape has changed: usual
   beats are learned again. It takes longer for wider ones while usual ones still come.

The weights of rule 2 are those of a logistic regression over the even-numbered records of mitdb,
rounded; rules 3 to 5 were written with all of them in view.
"""

from collections import deque
from dataclasses import dataclass
from math import log
from statistics import median

from edgeward.signal.detect.qrs.families import Families, Family, Likeness, Outline
from edgeward.signal.findings import BeatClass

_LEARN_FROM, _LEARN_LEAST = 10, 5
_ALIKE = 0.9
_APART = (0.07, 0.25)
"""By how much less than 1 beats of one family may be alike."""
_APART_OF_SPREAD = 4.0
_UNLIKE, _QUICKER, _LARGER, _LATER, _LIKE_ECTOPIC, _TO_BEGIN_WITH = 2.0, -3.0, 1.0, -5.0, 1.5, -4.9
_SPREAD_LEAST = 0.03
_EARLIEST, _LATEST, _IN_TIME = -0.7, 0.2, -0.14
_EVIDENCE_CARRY = 0.15
_USUAL, _BEATS = 16, 40
_INTERVALS = 8
_SLOW_S = 0.6
_ONE_AFTER_OTHER, _OF = 10, 12
_SECOND_QUICK, _SECOND_IN_TIME = -0.25, -0.1
_USUAL_MAX = 4
_NARROW, _NARROW_PER_S, _NARROW_BEATS, _NARROW_LIKE, _NARROW_IN_TIME = 1.3, 55.0, 8, 0.6, -0.15
_FOREIGN, _FOREIGN_WIDER, _FOREIGN_ONE, _FOREIGN_QUICK, _BACK = 30, 120, 0.6, -0.1, 10


@dataclass(frozen=True, slots=True)
class Complex:
    """A beat, as far as it is judged by."""

    outline: Outline
    interval_s: float | None


class Usual:
    """What the last usual beats were like."""

    __slots__ = ("area", "quickness", "spread")

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.area: deque[float] = deque(maxlen=_USUAL)
        self.quickness: deque[float] = deque(maxlen=_USUAL)
        self.spread: deque[float] = deque(maxlen=_USUAL)
        """By how much less than 1 they are like their family."""

    def note(self, outline: Outline, likeness: float) -> None:
        """One more."""
        self.area.append(outline.area)
        self.quickness.append(outline.quickness)
        self.spread.append(1 - likeness)


class Shapes:
    """Judges the beats of one patient."""

    __slots__ = ("_families", "_foreign", "_intervals", "_last", "_met", "_own", "_usual")

    def __init__(self) -> None:
        """Begin knowing none."""
        self._families = Families()
        self._last: deque[Family] = deque(maxlen=_BEATS)
        self._intervals: deque[float] = deque(maxlen=_INTERVALS)
        self._foreign = 0
        self._relearn()

    def _relearn(self) -> None:
        self._own: Family | None = None
        """The usual family that others are measured by."""
        self._usual = Usual()
        self._met: deque[tuple[Family, Outline, float]] = deque(maxlen=_LEARN_FROM)
        for one in self._families.known:
            one.usual, one.evidence = False, 0.0

    def judge(self, beat: Complex) -> BeatClass:
        """The class of the next beat."""
        outline = beat.outline
        alike = self._families.compare(outline)
        family = self._families.join(outline, alike, self._enough())
        self._last.append(family)
        if beat.interval_s is not None:
            family.intervals.append(beat.interval_s)
        if self._own is None:
            self._note(beat.interval_s)
            self._met.append((family, outline, max((one.value for one in alike), default=0.0)))
            self._learn()
            return BeatClass.UNKNOWN
        early = self._earliness(beat.interval_s)
        evidence = self._evidence(outline, alike, early)
        ventricular = evidence > 0
        family.earliness.append(early)
        if not family.usual:
            share = max(_EVIDENCE_CARRY, 1 / family.beats)
            family.evidence += share * (evidence - family.evidence)
        if not ventricular or early > _IN_TIME:
            self._note(beat.interval_s)
        self._adapt(family, self._own, beat.interval_s, ventricular=ventricular)
        return BeatClass.VENTRICULAR if ventricular else BeatClass.NORMAL

    def _enough(self) -> float:
        """How alike beats of one family are."""
        if self._own is None:
            return _ALIKE
        least, most = _APART
        return 1 - min(most, max(least, _APART_OF_SPREAD * median(self._usual.spread)))

    def _note(self, interval_s: float | None) -> None:
        if interval_s is not None:
            self._intervals.append(interval_s)

    def _earliness(self, interval_s: float | None) -> float:
        if interval_s is None or len(self._intervals) < 3:
            return 0.0
        early = log(max(interval_s, 0.01) / median(self._intervals))
        return max(_EARLIEST, min(_LATEST, early))

    def _learn(self) -> None:
        """Rule 1."""
        if len(self._met) < _LEARN_FROM:
            return
        met = [family for family, _, _ in self._met]
        largest = max(self._families.known, key=met.count)
        if met.count(largest) < _LEARN_LEAST:
            return
        self._own = largest
        largest.usual = True
        for family, outline, likeness in list(self._met):
            if family is largest:
                self._usual.note(outline, max(likeness, _ALIKE))

    def _evidence(self, outline: Outline, alike: list[Likeness], early: float) -> float:
        """Rule 2."""
        usual = max(one.value for one in alike if one.family.usual)
        ectopic = max(
            (one.value for one in alike if one.family.evidence > 0 and one.family.beats > 1),
            default=0.0,
        )
        spread = median(self._usual.spread) + _SPREAD_LEAST
        found = (
            _TO_BEGIN_WITH
            + _UNLIKE * log((1 - usual + _SPREAD_LEAST) / spread)
            + _QUICKER * log(outline.quickness / median(self._usual.quickness))
            + _LARGER * log(outline.area / median(self._usual.area))
            + _LATER * early
            + _LIKE_ECTOPIC * ectopic
        )
        if usual > ectopic:
            self._usual.note(outline, usual)
        return found

    def _adapt(
        self, family: Family, own: Family, interval_s: float | None, *, ventricular: bool
    ) -> None:
        """Rules 3 to 5."""
        if self._changed(own, interval_s, ventricular=ventricular):
            self._foreign = 0
            self._relearn()
        elif family.usual:
            return
        elif self._second(family, own):
            family.usual, family.evidence = True, 0.0
        elif self._narrow(family, own):
            for one in self._families.known:
                if one.usual and one.quickness < family.quickness / _NARROW:
                    one.usual, one.evidence = False, 1.0
            family.usual, family.evidence = True, 0.0
            self._own = family
            self._usual.quickness = deque([family.quickness], maxlen=_USUAL)
            self._usual.area = deque([family.area], maxlen=_USUAL)
        self._forget_usual(family)

    def _second(self, family: Family, own: Family) -> bool:
        """Rule 3."""
        row = list(self._last)[-_OF:]
        return (
            sum(one is family for one in row) >= _ONE_AFTER_OTHER
            and median(family.intervals or [0.0]) > _SLOW_S
            and median(family.earliness) > _SECOND_IN_TIME
            and log(family.quickness / own.quickness) > _SECOND_QUICK
        )

    def _narrow(self, family: Family, own: Family) -> bool:
        """Rule 4."""
        return (
            family.quickness > max(_NARROW_PER_S, _NARROW * own.quickness)
            and sum(one is family for one in self._last) >= _NARROW_BEATS
            and float(own.shape @ family.shape) < _NARROW_LIKE
            and median(family.earliness) > _NARROW_IN_TIME
        )

    def _changed(self, own: Family, interval_s: float | None, *, ventricular: bool) -> bool:
        """Rule 5."""
        if not ventricular:
            self._foreign = max(0, self._foreign - _BACK)
        else:
            slow = interval_s is not None and interval_s >= _SLOW_S
            self._foreign = self._foreign + 1 if slow else 0
        if self._foreign < _FOREIGN:
            return False
        last = list(self._last)
        largest = max(self._families.known, key=lambda one: sum(each is one for each in last))
        if sum(each is largest for each in last) < _FOREIGN_ONE * len(last):
            return False
        return median(largest.intervals or [0.0]) > _SLOW_S and (
            log(largest.quickness / own.quickness) > _FOREIGN_QUICK
            or self._foreign >= _FOREIGN_WIDER
            or not any(each.usual for each in last)
        )

    def _forget_usual(self, family: Family) -> None:
        """Of too many usual families, the one met longest ago is usual no more."""
        usual = [one for one in self._families.known if one.usual]
        if len(usual) > _USUAL_MAX:
            usual[0].usual = False
            if usual[0] is self._own:
                self._own = family
