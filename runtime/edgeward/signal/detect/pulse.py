"""Pulse waves in the light of a finger or an ear: beats, pulse rate, and whether a pulse is there.

Rules:
1. A beat is a rise that falls off again (`wave`), and that looks like those before it (`chain`). No
   absolute height is asked for: a sensor's unit is arbitrary.
2. A beat lies at its foot. It is told `LAG_S` and a step of 0.1 s after it at the latest. The first
   four of a chain, which only become beats when a fifth agrees, are part of the rate, not told.
3. The rate is told each second, by the rule of `chain`: the trimmed mean of the intervals of the
   last 12 s, in which a beat too early to be felt is no pause. When these are too few there is no
   value, and a reason.
4. No pulse: no beat for `no_pulse_s`, while the signal never rises by a quarter of what a beat was.
   When it does rise so far (motion), or stood at one value (`past`), or did not come, or no beat
   was ever seen, it cannot be decided; what is to be seen begins anew after that.
5. A pulse that was lost as on no finger (`loss`) cannot be decided either, until there is a beat
   again. When what is left is no finger at all, that is told as LEAD_OFF.
6. A pulse is there again with the first beat of a new chain. Motion alone does not end the sign.
"""

from edgeward.signal.detect.chain import AVERAGED_S, QUIET, Chain
from edgeward.signal.detect.loss import Loss, LossWatch
from edgeward.signal.detect.past import Past
from edgeward.signal.detect.thin import Thin
from edgeward.signal.detect.wave import LAG_S as LAG_S
from edgeward.signal.detect.wave import Wave, WaveFinder
from edgeward.signal.findings import (
    Beat,
    DefectChange,
    Finding,
    Reading,
    Reason,
    Sign,
    SignChange,
    Vital,
)
from edgeward.signal.ring import Mask, Samples

THINNED_HZ = 62
NO_PULSE_S = (4.0, 30.0)
"""The limits of the setting."""
_WAVE_S_MAX = 1.5
"""The last wave has run out so long after its foot."""
_RATES_HZ = (50, 1000)


class PulseDetector:
    """Beats, the pulse rate and the sign NO_PULSE in one photoplethysmogram."""

    __slots__ = (
        "_chain",
        "_finder",
        "_loss",
        "_lost",
        "_no_pulse_samples",
        "_off",
        "_past",
        "_rate_hz",
        "_seconds",
        "_sign",
        "_steps_after_beat",
        "_steps_averaged",
        "_thin",
    )

    def __init__(self, rate_hz: int, no_pulse_s: float = 10.0) -> None:
        """Expect sample 0.

        Raises:
            ValueError: with every fault.
        """
        faults = []
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            faults.append(f"rate_hz: found {rate_hz!r}; accepted: {_RATES_HZ[0]} to {_RATES_HZ[1]}")
        if not NO_PULSE_S[0] <= no_pulse_s <= NO_PULSE_S[1]:
            low, high = NO_PULSE_S
            faults.append(f"no_pulse_s: found {no_pulse_s!r}; accepted: {low:g} to {high:g}")
        if faults:
            raise ValueError("\n".join(faults))
        self._rate_hz = rate_hz
        self._thin = Thin(rate_hz, THINNED_HZ)
        self._finder = WaveFinder(self._thin.rate_hz)
        self._chain = Chain(self._thin.rate_hz)
        per_step_s = self._thin.step_samples / rate_hz
        self._steps_after_beat = round((no_pulse_s - LAG_S) / per_step_s)
        self._steps_averaged = round(AVERAGED_S / per_step_s)
        self._no_pulse_samples = no_pulse_s * self._thin.rate_hz
        self._past = Past(max(self._steps_after_beat, self._steps_averaged))
        values = self._thin.step_samples // self._thin.factor
        self._loss = LossWatch(self._thin.rate_hz, values, no_pulse_s - _WAVE_S_MAX)
        self._lost: Loss | None = None
        self._off = False
        self._seconds = 0
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
                found.append(self._reading(now, at))
        return found

    def _take(self, values: list[float], whole: list[bool], at: int, found: list[Finding]) -> None:
        """One step: its beats, and what it was like."""
        finder, chain, rise = self._finder, self._chain, 0.0
        self._loss.push(values, whole, pulse=chain.going)
        for value, sound in zip(values, whole, strict=True):
            if not sound:
                finder.lose()
                chain.lose()
                continue
            wave = finder.push(value)
            rise = max(rise, finder.rise)
            if wave is not None and chain.take(wave):
                self._loss.beat(wave.foot)
                found.append(self._beat(wave, at))
            finder.floor = chain.floor
        self._past.add(whole, values, rise)

    def _beat(self, wave: Wave, at: int) -> Beat:
        return Beat(self._sample(wave.foot), at, wave.height)

    def _sample(self, place: float) -> int:
        """The sample in the middle of a thinned one."""
        return round((place + 0.5) * self._thin.factor - 0.5)

    def _reading(self, now: float, at: int) -> Reading:
        rate = None if self._sign is True else self._chain.rate(now)
        return Reading(Vital.PULSE_RATE, rate, at, None if rate is not None else self._why())

    def _why(self) -> Reason:
        """Why there is no rate."""
        last = self._past.last(self._steps_averaged)
        if not last.whole:
            return Reason.MISSING
        if last.constant:
            return Reason.FLAT
        if self._chain.going or len(self._past) < self._steps_averaged:
            return Reason.LEARNING
        return Reason.WEAK if self._quiet(last.rise) else Reason.NOISE

    def _quiet(self, rise: float) -> bool:
        usual = self._chain.height
        return usual is not None and rise < QUIET * usual

    def _judge_sign(self, now: float, at: int, found: list[Finding]) -> None:
        """Rules 4 to 6."""
        present, last = self._present(now), self._chain.last
        since = at if last is None or present is False else self._sample(last)
        if self._off and present is False:
            self._off = False
            found.append(DefectChange(Reason.LEAD_OFF, present=False, since=since, at=at))
        if present is not self._sign:
            self._sign = present
            begin = since if present is True else at
            text = f"no pulse wave for {(at - since) / self._rate_hz:.1f} s" if present else ""
            found.append(SignChange(Sign.NO_PULSE, present, begin, at, text))
        if self._lost is Loss.SENSOR_OFF and present is None and not self._off:
            self._off = True
            found.append(DefectChange(Reason.LEAD_OFF, present=True, since=since, at=at))

    def _present(self, now: float) -> bool | None:
        last = self._chain.last
        if last is None:
            return None
        if now - last < self._no_pulse_samples:
            self._lost = None
            return False
        if self._past.evidence < self._steps_after_beat:
            return None
        if self._sign is True:
            return True
        if not self._quiet(self._past.last(self._steps_after_beat).rise):
            return None
        if self._lost is not Loss.SENSOR_OFF:
            self._lost = self._loss.how()
        return True if self._lost is Loss.ON_FINGER else None
