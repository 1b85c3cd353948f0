"""What no judgement may rest on, seen in one window of an ECG alone: nothing at all, or noise.

Rules:
1. A window in which nothing moves is that of no electrode on anybody: hearts that stand still leave
   a tenth of a millivolt and more (0.26 in the recordings looked at).
2. A window is noise where most of its power lies beyond what hearts make, and that for long:
   mains hum, muscles, a lead in the air. The change over 4 ms has at most 0.3 times the power
   of the signal in recordings of arrhythmias, 1.4 times in mains hum, twice in white noise; a
   pacemaker's spikes have as much, and are short.
3. No patient makes more than a pacemaker does.
4. Only what is certain is told. Motion looks like beats in a single window: a channel that is
   watched all the time is judged by `signal.quality`.
"""

from collections.abc import Callable
from math import sqrt
from typing import Final

from edgeward.signal.ring import Samples

FLAT_MV: Final = 0.005
"""From the least to the greatest sample."""
HEIGHT_MV: Final = 2000.0
"""No electrode shows as much; a pacemaker's spike has 700."""
STEP_S: Final = 0.004
FAST_SHARE: Final = 0.8
COARSE_SHARE: Final = 1.6
"""Where samples are farther apart than a step: there hearts have more of it (1.4 was seen)."""
FAST_MV: Final = 0.1
"""Change over one step, in more than a third of them."""
RATE_HZ_MIN: Final = 100
FINE_HZ: Final = 200
"""From here on samples are as near to each other as a step, or nearer."""
SECONDS_MIN: Final = 2.0
"""A shorter window may lie between two beats."""

Unreadable = Callable[[Samples], str | None]
"""Why a window cannot be read; None where nothing speaks against it."""


def unreadable_in(signal: str, unit: str, rate_hz: int, window_samples: int) -> Unreadable | None:
    """What judges windows of this kind; None for those of which nothing is known."""
    long_enough = window_samples >= SECONDS_MIN * rate_hz
    if (signal, unit) != ("ecg", "mV") or rate_hz < RATE_HZ_MIN or not long_enough:
        return None
    lag = max(1, round(STEP_S * rate_hz))
    step_ms = 1000 * lag / rate_hz
    share = FAST_SHARE if rate_hz >= FINE_HZ else COARSE_SHARE

    def why(samples: Samples) -> str | None:
        height_mv = float(samples.max()) - float(samples.min())
        if height_mv > HEIGHT_MV:
            return f"{height_mv:.0f} mV from the least to the greatest sample"
        if height_mv < FLAT_MV:
            return f"nothing moves: {1000 * height_mv:.1f} uV from the least to the greatest sample"
        change = samples[lag:] - samples[:-lag]
        moved = samples - samples.mean()
        fast, power = float(change.dot(change)), float(moved.dot(moved))
        if fast <= share * power:
            return None
        if 3 * int((abs(change) > FAST_MV).sum()) > len(change):
            return f"noise: {sqrt(fast / len(change)):.2f} mV change within {step_ms:g} ms"
        return None

    return why
