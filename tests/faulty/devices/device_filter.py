"""The reference device with one defect of what it leaves out on the way: `python ... DEFECT`.

Each looks well on a chart, and tells the bound that it does not keep. As in `device_alarms.py`.
"""

import sys
from collections.abc import Callable
from typing import Any

from device_alarms import put

from edgeward.comms.filtering.deadband import TrendFilter, TrendPoint, TrendSample
from edgeward.device.device import Device, Parts
from edgeward.device.outgoing import waves
from edgeward.device.outgoing.thinning import Thinning
from edgeward.device.serve import main
from edgeward.signal.ring import Mask, Samples


def drifts(parts: Parts) -> Device:
    """Each number is held against the one before it, not against the one that was sent."""
    push = TrendFilter.push
    before: dict[int, float] = {}

    def creeping(self: TrendFilter, sample: TrendSample) -> TrendPoint | None:
        last = self._last
        if last is not None and last.value is not None and id(self) in before:
            self._last = TrendPoint(last.at_ns, before[id(self)])
        sent = push(self, sample)
        before[id(self)] = sample.value
        return sent

    put(TrendFilter, "push", creeping)
    return Device(parts)


def swallows_events(parts: Parts) -> Device:
    """What is told again within a minute is no news, whatever it is."""
    is_due = Thinning.is_due
    told: dict[tuple[Any, Any], int] = {}

    def seldom(self: Thinning, event: dict[str, Any]) -> bool:
        if event["kind"] not in ("alarm", "sign"):
            return is_due(self, event)
        key, at_ns = (event["kind"], event["patient"]), event["at_ns"]
        due = bool(at_ns - told.get(key, -(1 << 62)) > 60_000_000_000)
        if due:
            told[key] = at_ns
        return due

    put(Thinning, "is_due", seldom)
    return Device(parts)


def smooths_waves(parts: Parts) -> Device:
    """A mean of three samples is packed in half the bytes, and hardly seen."""
    pack = waves.pack_wave

    def smooth(told: dict[str, Any], values: Samples, valid: Mask, level: int) -> bytes:
        mean = values.copy()
        mean[1:-1] = (values[:-2] + values[1:-1] + values[2:]) / 3
        return pack(told, mean, valid, level)

    put(waves, "pack_wave", smooth)
    return Device(parts)


DEFECTS: dict[str, Callable[[Parts], Device]] = {
    one.__name__: one for one in (drifts, swallows_events, smooths_waves)
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], make_device=DEFECTS[sys.argv[1]]))
