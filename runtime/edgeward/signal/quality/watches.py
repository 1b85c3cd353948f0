"""What is watched for in each kind of signal, and how long it must last.

Nothing here calls an ECG weak: a small one may be a heart that has stopped, and that is for those
to tell who look for beats. Their heart rate does when beats cannot be told from disturbance.
"""

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import Reason
from edgeward.signal.quality.check import Check, Patience, Step, Watch
from edgeward.signal.quality.hum import PureHum
from edgeward.signal.quality.level import AtRest, Clipping, Impossible, Missing, Stuck
from edgeward.signal.quality.noise import (
    ECG_NOISE,
    PPG_NOISE,
    Disturbed,
    Noise,
    Small,
    merge_of,
)

STEPS_OF_SECOND = 5
"""Steps are a fifth of a second; of channels slower than that, one sample."""
SLOWEST_S = {
    Reason.MISSING: 1.0,
    Reason.OUT_OF_RANGE: 5.0,
    Reason.LEAD_OFF: 2.0,
    Reason.FLAT: 2.0,
    Reason.CLIPPING: 6.0,
    Reason.NOISE: 10.0,
    Reason.DISTURBED: 10.0,
    Reason.WEAK: 10.0,
    Reason.STUCK: 1800.0,
}
"""How long something lasts at most, in seconds, before it is told; at 1 Hz a second more."""

_STILL_MV = 0.006
"""An ECG that moves less is at rest: amplifiers have more noise, and a heart that has stopped has
more wander (0.1 mV and up)."""
_FAR_MV = 2.0
_HUM_MV = 0.2
_STILL_MMHG = 0.1
_NEVER = float("inf")
_REST_S = 1.6
_LOOK_BACK_S = 60.0
_CLIPPED_RUN_S = 0.016
_CLIPPED_LOOK_S = 2.0
_NUMBERS_HZ_MAX = 10
"""Below this rate, a channel carries numbers, which may well stay the same, and no wave."""
_NUMBERS = frozenset({Signal.SPO2, Signal.TEMPERATURE})
_NOISE = {Signal.ECG: ECG_NOISE, Signal.PPG: PPG_NOISE}
_STUCK_ACCELERATION_S = 30.0


class AnyOf:
    """Checks for one defect with more than one face."""

    def __init__(self, *checks: Check) -> None:
        """Judge by all of these."""
        self._checks = checks

    def judge(self, step: Step) -> bool | None:
        """Wrong if one of them says so, right if one can be judged and none says so."""
        verdicts = [check.judge(step) for check in self._checks]
        if True in verdicts:
            return True
        return False if False in verdicts else None


def step_samples(rate_hz: int) -> int:
    """A fifth of a second, in whole samples of the rate that noise is looked for with."""
    merge = merge_of(rate_hz)
    return max(1, rate_hz // STEPS_OF_SECOND // merge * merge)


class Watches:
    """Everything that is watched for in one channel."""

    def __init__(self, channel: Channel) -> None:
        """Begin with nothing wrong."""
        self._rate_hz = channel.rate_hz
        self._count = step_samples(channel.rate_hz)
        self.noise: Noise | None = None
        self.all = [
            Watch(Reason.MISSING, Missing(), self._patience(0.6, 2.0, 3.0)),
            Watch(
                Reason.OUT_OF_RANGE,
                Impossible(*channel.acceptance.possible),
                self._patience(0.6, 5.0, 5.0),
            ),
        ]
        if channel.signal is Signal.ACCELERATION:
            self._stuck(_STUCK_ACCELERATION_S)
        elif channel.signal in _NUMBERS or channel.rate_hz < _NUMBERS_HZ_MAX:
            self._stuck(SLOWEST_S[Reason.STUCK])
        else:
            self._wave(channel.signal)

    def _steps(self, seconds: float) -> int:
        return max(1, round(seconds * self._rate_hz / self._count))

    def _patience(self, wrong_s: float, among_s: float, right_s: float) -> Patience:
        wrong, among = self._steps(wrong_s), self._steps(among_s)
        return Patience(wrong, max(wrong, among), self._steps(right_s))

    def _stuck(self, seconds: float) -> None:
        steps = self._steps(seconds)
        self.all.append(Watch(Reason.STUCK, Stuck(steps), Patience(1, 1, 1, back=steps)))

    def _wave(self, signal: Signal) -> None:
        """What is wrong with a wave of any kind, and of this one."""
        if signal is Signal.ECG:
            self._lead_off()
        if signal in _NOISE:
            self.noise = Noise(_NOISE[signal], self._rate_hz, self._count, STEPS_OF_SECOND)
            self.all.append(Watch(Reason.NOISE, self.noise, Patience(2, 2, 1)))
        if signal is Signal.ECG and self.noise is not None:
            self.all.append(Watch(Reason.DISTURBED, Disturbed(self.noise), Patience(4, 5, 4)))
        if signal is Signal.PPG and self.noise is not None:
            self.all.append(Watch(Reason.WEAK, Small(self.noise), Patience(2, 2, 3)))
        still = {Signal.ECG: _STILL_MV, Signal.PRESSURE: _STILL_MMHG}.get(signal, 0.0)
        far = _FAR_MV if signal is Signal.ECG else _NEVER
        self.all.append(Watch(Reason.FLAT, self._at_rest(still, far, ends=False), self._resting))
        run = round(_CLIPPED_RUN_S * self._rate_hz)
        clipping = Clipping(self._steps(_CLIPPED_LOOK_S), self._steps(5.0), run)
        self.all.append(Watch(Reason.CLIPPING, clipping, Patience(1, 1, self._steps(2.0))))

    def _lead_off(self) -> None:
        """An electrode that is off: at the end of the range, or an aerial."""
        steps = self._steps(_REST_S)
        rail = self._at_rest(_STILL_MV, _FAR_MV, ends=True)
        hum = PureHum(self._rate_hz, self._count, steps, _HUM_MV)
        self.all.append(Watch(Reason.LEAD_OFF, AnyOf(rail, hum), self._resting))

    @property
    def _resting(self) -> Patience:
        """The check itself looks back."""
        return Patience(1, 1, self._steps(1.0), back=self._steps(_REST_S) - 1)

    def _at_rest(self, still: float, far: float, *, ends: bool) -> AtRest:
        return AtRest(self._steps(_REST_S), self._steps(_LOOK_BACK_S), still, far, ends=ends)
