"""Whether other channels bear out what one ECG lead says, before it becomes an alarm.

Most alarms of standstill, extreme rates and ventricular rhythms at a bedside are false: the lead
was disturbed. A pulse that goes on evenly through the very interval proves it. All of this works on
time in nanoseconds; each channel keeps its own rate.

Rules:
1. A sign is only contradicted by strong evidence: a witness that could be read all the time, whose
   beats run through the whole interval at a plausible rate, as `STRONG` asks for this sign. What is
   missing, weak, uneven or late is no evidence: the sign stands.
2. A fast rate is only contradicted by two witnesses, one of them a pulse: a pulse alone may miss
   beats that are too weak to be felt.
3. A sign is held back for `HOLD_NS` at most, and only while a witness could still contradict it.
   One that is borne out is told at once.
4. A contradicted sign is judged again all the time: it stands as soon as the evidence is no longer
   strong. One that stands is never taken back.
5. Nothing is dropped in silence: what is contradicted is told too, with its reason, and counted.
6. Answers depend on what was known at which time, not on how often one asks: a sign is judged when
   it begins, and then at each multiple of `STEP_NS`.
"""

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

from edgeward.signal.detect.rhythm.corroborate_rules import BOTH, STRONG, bears_out, contradicts
from edgeward.signal.detect.rhythm.corroborate_witness import Kind, Witness
from edgeward.signal.findings import Sign

STEP_NS = 100_000_000
HOLD_NS = 500_000_000
LOOKED_AT_NS = 16_000_000_000
"""Older evidence says nothing about now."""


class Verdict(StrEnum):
    """What other channels say of a sign."""

    CONFIRMED = "confirmed"
    UNDECIDED = "undecided"
    """No strong evidence: the sign stands."""
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer. The sign stands unless it is contradicted."""

    sign: Sign
    verdict: Verdict
    since_ns: int
    at_ns: int
    text: str

    @property
    def stands(self) -> bool:
        """Whether it is to become an alarm."""
        return self.verdict is not Verdict.CONTRADICTED


@dataclass(frozen=True, slots=True)
class _Open:
    """A sign that is present."""

    since_ns: int
    asked_ns: int
    apart_from: str
    told: Verdict | None = None


class Corroboration:
    """The witnesses of one patient, and the signs that are present."""

    __slots__ = ("_now_ns", "_open", "_witnesses", "counts")

    def __init__(self) -> None:
        """Begin without witnesses: every sign stands."""
        self._witnesses: dict[str, Witness] = {}
        self._open: dict[Sign, _Open] = {}
        self._now_ns = 0
        self.counts: Counter[tuple[Sign, Verdict]] = Counter()
        """How often each verdict was told of each sign."""

    def witness(self, name: str, kind: Kind, lag_ns: int) -> Witness:
        """Another channel, whose beats become known so long after they were.

        Raises:
            ValueError: the name is taken, or the lag is negative.
        """
        if name in self._witnesses or lag_ns < 0:
            raise ValueError(
                f"found the witness {name!r} with a lag of {lag_ns} ns; accepted: a new name and"
                " 0 or more"
            )
        found = self._witnesses[name] = Witness(name, kind, lag_ns)
        return found

    def begin(self, sign: Sign, since_ns: int, at_ns: int, apart_from: str = "") -> list[Judgement]:
        """A sign is present, says the witness `apart_from`, whose word does not count then."""
        if sign in self._open:
            return []
        told = self.advance(at_ns)
        if not self._open:
            self._now_ns = at_ns // STEP_NS * STEP_NS
        one = self._open[sign] = _Open(since_ns, at_ns, apart_from)
        return told + self._judge(sign, one, at_ns)

    def end(self, sign: Sign) -> None:
        """A sign is over, or can no longer be seen."""
        self._open.pop(sign, None)

    def advance(self, now_ns: int) -> list[Judgement]:
        """What is told by now. The witnesses must have been told what is known by now."""
        told: list[Judgement] = []
        while self._open and self._now_ns + STEP_NS <= now_ns:
            self._now_ns += STEP_NS
            for sign, one in list(self._open.items()):
                if one.told in (None, Verdict.CONTRADICTED) and one.asked_ns < self._now_ns:
                    told += self._judge(sign, one, self._now_ns)
        return told

    def _judge(self, sign: Sign, one: _Open, now_ns: int) -> list[Judgement]:
        verdict, text = self.look(sign, one.since_ns, now_ns, one.apart_from)
        due = now_ns >= one.asked_ns + HOLD_NS or not self._could(sign, one.apart_from, now_ns)
        if verdict is one.told or (verdict is Verdict.UNDECIDED and not one.told and not due):
            return []
        self._open[sign] = replace(one, told=verdict)
        self.counts[sign, verdict] += 1
        return [Judgement(sign, verdict, one.since_ns, now_ns, text)]

    def _could(self, sign: Sign, apart_from: str, now_ns: int) -> bool:
        """Whether a witness has beats so late that it could contradict the sign in a moment."""
        for witness in self._witnesses.values():
            strong = STRONG.get((sign, witness.kind))
            if strong is None or witness.name == apart_from:
                continue
            if now_ns - witness.last_ns(now_ns) <= strong.gap_max_s * 1e9 + witness.lag_ns:
                return True
        return False

    def look(
        self, sign: Sign, since_ns: int, now_ns: int, apart_from: str = ""
    ) -> tuple[Verdict, str]:
        """What the witnesses say of a sign at this moment, and why."""
        against: dict[Kind, str] = {}
        for witness in self._witnesses.values():
            strong = STRONG.get((sign, witness.kind))
            if strong is None or witness.name == apart_from:
                continue
            first_ns = min(since_ns, now_ns - round(strong.window_s * 1e9))
            course = witness.course(max(first_ns, now_ns - LOOKED_AT_NS), now_ns)
            if bears_out(sign, witness, now_ns):
                silent_s = (now_ns - witness.last_ns(now_ns)) / 1e9
                return Verdict.CONFIRMED, f"{witness.name}: no pulse for {silent_s:.1f} s"
            if course is not None and contradicts(strong, course):
                against[witness.kind] = (
                    f"{witness.name}: {course.beats} beats at {course.per_min:.0f}/min, none more"
                    f" than {course.gap_max_s:.1f} s apart"
                )
        needed = set(Kind) if sign in BOTH else set()
        if against and needed <= against.keys():
            return Verdict.CONTRADICTED, "; ".join(against.values())
        return Verdict.UNDECIDED, "no strong evidence against it"
