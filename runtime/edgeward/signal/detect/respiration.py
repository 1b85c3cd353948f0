"""Respiration rate and apnea, from the impedance of a chest or from a band around it.

Rules:
1. Breaths are those of `breath`: 4 to 150 a minute. A heart that shows in the signal is no breath.
2. The rate is told each second, by the rule of `averaging` over 30 s. In an apnea there is none.
3. Apnea: no breath for `apnea_s`, counted from the top of the last one. It ends with a breath.
4. Where a movement, a stretch at one value (`past`) or missing samples lie within `apnea_s`, or in
   noise, or when nothing is learnt yet, apnea cannot be decided: what is to be seen begins anew
   after them. A movement does not end an apnea that is told.
5. After `REATTACHED_S` without a sample the sensor may have been put on anew: all is learnt again.
6. A breath that ends an apnea is known when the signal has fallen again by half of its height; what
   is told of a second comes with its end. Both are at most one step of 0.1 s later. Learning takes
   15 s and four breaths.
"""

from edgeward.signal.detect.breath import AVERAGED_S, BreathFinder
from edgeward.signal.detect.past import Past
from edgeward.signal.detect.thin import Thin
from edgeward.signal.findings import Finding, Reading, Reason, Sign, SignChange, Vital
from edgeward.signal.ring import Mask, Samples

APNEA_S = (10.0, 40.0)
"""The limits of the setting."""
REATTACHED_S = 10.0
_THINNED_HZ = 20
_RATES_HZ = (10, 1000)


class RespirationDetector:
    """The respiration rate and the sign APNEA in one waveform."""

    __slots__ = (
        "_apnea_s",
        "_breaths",
        "_lost",
        "_noisy",
        "_past",
        "_rate_hz",
        "_seconds",
        "_sign",
        "_steps_apnea",
        "_steps_averaged",
        "_thin",
    )

    def __init__(self, rate_hz: int, apnea_s: float = 20.0) -> None:
        """Expect sample 0.

        Raises:
            ValueError: with every fault.
        """
        faults = []
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            faults.append(f"rate_hz: found {rate_hz!r}; accepted: {_RATES_HZ[0]} to {_RATES_HZ[1]}")
        if not APNEA_S[0] <= apnea_s <= APNEA_S[1]:
            low, high = APNEA_S
            faults.append(f"apnea_s: found {apnea_s!r}; accepted: {low:g} to {high:g}")
        if faults:
            raise ValueError("\n".join(faults))
        self._rate_hz = rate_hz
        self._apnea_s = apnea_s
        self._thin = Thin(rate_hz, _THINNED_HZ)
        self._breaths = BreathFinder(self._thin.rate_hz)
        per_step_s = self._thin.step_samples / rate_hz
        self._steps_apnea = round(apnea_s / per_step_s)
        self._steps_averaged = round(AVERAGED_S / per_step_s)
        self._past = Past(max(self._steps_apnea, self._steps_averaged))
        self._lost = 0
        self._noisy = False
        self._seconds = 0
        self._sign: bool | None = None

    def push(self, samples: Samples, valid: Mask) -> list[Finding]:
        """Take the next samples, and tell what they make known."""
        found: list[Finding] = []
        for first, values, whole in self._thin.push(samples, valid):
            at = first + self._thin.step_samples - 1
            breathed = self._take(values, whole)
            now = (at + 1) / self._thin.factor
            second_ends = at + 1 >= (self._seconds + 1) * self._rate_hz
            if breathed or second_ends:
                self._noisy = self._breaths.noisy(now)
            self._judge_sign(now, at, found, breathed=breathed)
            if second_ends:
                self._seconds += 1
                found.append(self._reading(now, at))
        return found

    def _take(self, values: list[float], whole: list[bool]) -> bool:
        """One step; whether a breath ended in it."""
        breaths, breathed, moved = self._breaths, False, 0.0
        for value, sound in zip(values, whole, strict=True):
            if sound:
                self._lost = 0
                breathed = breaths.push(value) or breathed
                moved = max(moved, float(breaths.moving))
                continue
            self._lost += 1
            breaths.lose()
            if self._lost == round(REATTACHED_S * self._thin.rate_hz):
                breaths.forget()
        self._past.add(whole, values, moved)
        return breathed

    def _reading(self, now: float, at: int) -> Reading:
        if self._noisy:
            return Reading(Vital.RESPIRATION_RATE, None, at, Reason.NOISE)
        rate = None if self._sign is True else self._breaths.per_minute(now)
        return Reading(Vital.RESPIRATION_RATE, rate, at, self._why() if rate is None else None)

    def _why(self) -> Reason:
        """Why there is no rate."""
        last = self._past.last(self._steps_averaged)
        if not last.whole:
            return Reason.MISSING
        if last.constant:
            return Reason.FLAT
        if self._breaths.height is None or len(self._past) < self._steps_averaged:
            return Reason.LEARNING
        return Reason.NOISE if last.rise else Reason.WEAK

    def _judge_sign(self, now: float, at: int, found: list[Finding], *, breathed: bool) -> None:
        present = self._present(now, breathed=breathed)
        if present is self._sign:
            return
        self._sign = present
        last = self._breaths.last
        since = at
        if present is True and last is not None:
            since = round((last + 0.5) * self._thin.factor - 0.5)
        text = f"no breath for {(at - since) / self._rate_hz:.0f} s" if present else ""
        found.append(SignChange(Sign.APNEA, present, since, at, text))

    def _present(self, now: float, *, breathed: bool) -> bool | None:
        """Rules 3 and 4."""
        last = self._breaths.last
        if last is None or (self._noisy and self._sign is not True):
            return None
        if breathed or now - last < self._apnea_s * self._thin.rate_hz:
            return False
        if self._past.evidence < self._steps_apnea:
            return None
        return True if self._sign is True or not self._past.last(self._steps_apnea).rise else None
