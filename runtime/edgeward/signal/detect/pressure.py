"""Blood pressure: from the wave of an arterial line, or as numbers of a cuff.

Rules of the wave:
1. Beats are those of `chain`, as in a pulse of light, and at least `HEIGHT_MIN_MMHG` high.
2. Systolic is the top of a beat, diastolic the lowest value before it, mean the average from one
   foot to the next. Told each second: the mean of the middle half of the beats of the last
   `AVERAGED_S`, three or more, while beats go on. Where every other beat is an early one, with half
   of the stroke, a median would be now a strong beat and now a weak one, as the count has it.
3. A line that is damped still tells the mean: with a pulse of less than `DAMPED` of it, only
   systolic and diastolic have no value (weak).
4. Without beats there is no value: a line that is flushed is out of range, one that is open to the
   air (zeroed) has its lead off, and otherwise the pulse is weak or hidden in noise.
5. A beat is told as late as one in a pulse of light, and so are its values.
6. A pulse that has stopped is a sign (`run_out`), and has no rate.

Rules of the numbers: those of `numeric`; a cuff measures each few minutes, so a value is good for
`stale_s`, and two may differ by anything.
"""

from collections import deque
from collections.abc import Iterable
from math import inf
from statistics import fmean, median
from typing import NamedTuple

from edgeward.signal.detect.chain import Chain
from edgeward.signal.detect.numeric import NumberRules, NumericDetector
from edgeward.signal.detect.past import Past
from edgeward.signal.detect.run_out import AIR_MMHG, RunOut
from edgeward.signal.detect.thin import Thin
from edgeward.signal.detect.wave import Wave, WaveFinder
from edgeward.signal.findings import Beat, Finding, Reading, Reason, Sign, SignChange, Vital
from edgeward.signal.ring import Mask, Samples

HEIGHT_MIN_MMHG = 4.0
AVERAGED_S = 10.0
DAMPED = 0.15
POSSIBLE_MMHG = (5.0, 300.0)
"""What a living body's systolic and mean pressure can be."""
VITALS = (Vital.PRESSURE_SYSTOLIC, Vital.PRESSURE_MEAN, Vital.PRESSURE_DIASTOLIC)
CUFF_STALE_S = (60.0, 7200.0)
"""The limits of the setting."""
_BEATS_MIN = 3
_SILENT_S = 3.0
_KEPT_S = 8.0
_FLUSHED_MMHG = 200.0
_THINNED_HZ = 62
_RATES_HZ = (50, 1000)


class _Pressures(NamedTuple):
    """Those of one beat."""

    at: float
    systolic: float
    mean: float
    diastolic: float


class PressureDetector:
    """Beats, the pulse rate and the three pressures in the wave of an arterial line."""

    __slots__ = (
        "_beats",
        "_chain",
        "_finder",
        "_foot",
        "_levels",
        "_past",
        "_rate_hz",
        "_run_out",
        "_seconds",
        "_sign",
        "_steps_silent",
        "_sums",
        "_thin",
    )

    def __init__(self, rate_hz: int) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate is not accepted.
        """
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            low, high = _RATES_HZ
            raise ValueError(f"rate_hz: found {rate_hz!r}; accepted: {low} to {high}")
        self._rate_hz = rate_hz
        self._thin = Thin(rate_hz, _THINNED_HZ)
        self._finder = WaveFinder(self._thin.rate_hz)
        self._finder.floor = HEIGHT_MIN_MMHG
        self._chain = Chain(self._thin.rate_hz)
        self._steps_silent = round(_SILENT_S * rate_hz / self._thin.step_samples)
        self._past = Past(self._steps_silent)
        self._levels: deque[float] = deque(maxlen=self._steps_silent)
        self._sums: deque[float] = deque(maxlen=round(_KEPT_S * self._thin.rate_hz))
        self._foot: float | None = None
        self._beats: deque[_Pressures] = deque()
        self._seconds = 0
        values = self._thin.step_samples // self._thin.factor
        self._run_out = RunOut(self._thin.rate_hz, values)
        self._sign: bool | None = None

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples, and tell what they make known."""
        found: list[Finding] = []
        for first, values, whole in self._thin.push(samples, valid):
            at = first + self._thin.step_samples - 1
            self._take(values, whole, at, found)
            now = (at + 1) / self._thin.factor
            self._chain.age(now)
            self._judge_sign(now, at, found)
            if at + 1 >= (self._seconds + 1) * self._rate_hz:
                self._seconds += 1
                found += self._readings(now, at)
        return found

    def _take(self, values: list[float], whole: list[bool], at: int, found: list[Finding]) -> None:
        """One step."""
        place, rise = (at + 1) // self._thin.factor - len(values), 0.0
        for count, (value, sound) in enumerate(zip(values, whole, strict=True), place + 1):
            self._sums.append(value + (self._sums[-1] if self._sums else 0.0))
            if not sound:
                self._finder.lose()
                self._chain.lose()
                self._foot = None
                continue
            wave = self._finder.push(value)
            rise = max(rise, self._finder.rise)
            if wave is not None:
                self._judge(wave, count, at, found)
            self._finder.floor = max(HEIGHT_MIN_MMHG, self._chain.floor)
        self._past.add(whole, values, 0.0)
        self._run_out.push(values, rise, whole=all(whole))
        self._levels.append(sum(values) / len(values))

    def _judge(self, wave: Wave, count: int, at: int, found: list[Finding]) -> None:
        """Rule 2, for one beat."""
        if not self._chain.take(wave):
            return
        self._run_out.beat(wave)
        found.append(Beat(self._sample(wave.foot), at, wave.height))
        mean = None if self._foot is None else self._average(self._foot, wave.foot, count)
        self._foot = wave.foot
        if mean is not None:
            self._beats.append(_Pressures(wave.foot, wave.high, mean, wave.low))

    def _sample(self, place: float) -> int:
        """The sample in the middle of a thinned one."""
        return round((place + 0.5) * self._thin.factor - 0.5)

    def _judge_sign(self, now: float, at: int, found: list[Finding]) -> None:
        """Rule 6, when it has changed."""
        self._run_out.judge(self._chain, now)
        present, last = self._run_out.present, self._chain.last
        if present is self._sign:
            return
        self._sign = present
        since = at if last is None or present is None else self._sample(last)
        text = f"no pulse wave for {(at - since) / self._rate_hz:.1f} s" if present else ""
        begin = at if present is False else since
        found.append(SignChange(Sign.NO_PULSE, present, begin, at, text))

    def _average(self, foot: float, next_foot: float, count: int) -> float | None:
        """The mean from one foot to the next, `count` values having come."""
        begin, end = round(foot), round(next_foot)
        first = count - len(self._sums)
        if begin < first or end <= begin:
            return None
        return (self._sums[end - first] - self._sums[begin - first]) / (end - begin)

    def _readings(self, now: float, at: int) -> list[Finding]:
        """The rate and the pressures, or why there is none."""
        rate = None if self._sign is True else self._chain.rate(now)
        while self._beats and self._beats[0].at < now - AVERAGED_S * self._thin.rate_hz:
            self._beats.popleft()
        told: list[Finding]
        if self._chain.going and len(self._beats) >= _BEATS_MIN:
            told = self._pressures(at)
        else:
            told = [Reading(vital, None, at, self._why()) for vital in VITALS]
        why = self._why() if rate is None else None
        return [Reading(Vital.PULSE_RATE, rate, at, why), *told]

    def _pressures(self, at: int) -> list[Finding]:
        """Rule 3."""
        systolic = _middle(one.systolic for one in self._beats)
        mean = _middle(one.mean for one in self._beats)
        diastolic = _middle(one.diastolic for one in self._beats)
        low, high = POSSIBLE_MMHG
        if not (low <= systolic <= high and low <= mean and -low <= diastolic):
            return [Reading(vital, None, at, Reason.OUT_OF_RANGE) for vital in VITALS]
        mean_told = Reading(Vital.PRESSURE_MEAN, mean, at)
        if systolic - diastolic < DAMPED * mean:
            return [
                Reading(Vital.PRESSURE_SYSTOLIC, None, at, Reason.WEAK),
                mean_told,
                Reading(Vital.PRESSURE_DIASTOLIC, None, at, Reason.WEAK),
            ]
        return [
            Reading(Vital.PRESSURE_SYSTOLIC, systolic, at),
            mean_told,
            Reading(Vital.PRESSURE_DIASTOLIC, diastolic, at),
        ]

    def _why(self) -> Reason:
        """Rule 4."""
        last = self._past.last(self._steps_silent)
        level = median(self._levels)
        if not last.whole:
            return Reason.MISSING
        if abs(level) < AIR_MMHG:
            return Reason.LEAD_OFF
        if level > _FLUSHED_MMHG:
            return Reason.OUT_OF_RANGE
        if last.constant:
            return Reason.FLAT
        if self._chain.going or self._chain.height is None:
            return Reason.LEARNING
        quiet = max(self._levels) - min(self._levels) < HEIGHT_MIN_MMHG
        return Reason.WEAK if quiet else Reason.NOISE


def _middle(values: Iterable[float]) -> float:
    """The mean without the lowest and the highest quarter."""
    ordered = sorted(values)
    cut = len(ordered) // 4
    return fmean(ordered[cut : len(ordered) - cut])


class PressureNumberDetector(NumericDetector):
    """Readings of one pressure that a cuff tells as a number."""

    __slots__ = ()

    def __init__(self, rate_hz: int, vital: Vital, stale_s: float = 900.0) -> None:
        """Expect sample 0.

        Raises:
            ValueError: the rate, the vital or the age is not accepted.
        """
        faults = []
        if vital not in VITALS:
            faults.append(f"vital: found {vital!s}; accepted: {', '.join(VITALS)}")
        if not CUFF_STALE_S[0] <= stale_s <= CUFF_STALE_S[1]:
            low, high = CUFF_STALE_S
            faults.append(f"stale_s: found {stale_s!r}; accepted: {low:g} to {high:g}")
        if faults:
            raise ValueError("\n".join(faults))
        super().__init__(
            rate_hz,
            NumberRules(
                vital,
                *POSSIBLE_MMHG,
                jump=inf,
                jump_per_s=0.0,
                stale_s=stale_s,
                stuck_s=inf,
                fine_stuck_s=inf,
                grain=1.0,
            ),
        )
