"""What it costs to watch one patient on this device: measured, a turn of the daemon at a time.

A patient with one channel of each kind goes from a run of ventricular beats into fibrillation: all
detectors have work, and alarms begin. Measured is processor time of the thread, with the entries
that go into the journal and the signals that are given.
"""

import gc

from edgeward.adapters.clock import SimulatedClock, ThreadClock
from edgeward.alarm.vocabulary import Category
from edgeward.device.bedside.media import StoreMedia
from edgeward.device.bedside.start import start_bedside
from edgeward.limits import DEFAULT
from edgeward.signal.simulation.generate import CHANNELS, simulate
from edgeward.signal.simulation.scenarios import scenario

SCENARIO = "tachycardia_to_fibrillation"
FROM_S = 45
"""What comes before is not measured: the detectors have not settled yet."""
SECONDS = 36
_SETTLE_S = 6
_NS_PER_S = 1_000_000_000


def turn_times_ns(turn_ns: int) -> list[int]:
    """Processor time of one patient's turns, of this length each."""
    record = simulate(scenario(SCENARIO), seed=1)
    clock, measured = SimulatedClock(), ThreadClock()
    started = start_bedside(clock, DEFAULT, 1, lambda _: None, StoreMedia(), {})
    bedside = started.bedside
    bedside.admit("measured", Category.ADULT)
    for channel in CHANNELS:
        bedside.attach("measured", channel)
    sent = {channel.name: 0 for channel in CHANNELS}
    times_ns = []
    collecting = gc.isenabled()
    gc.disable()  # a collection of what the start left behind is no part of a turn
    for turn in range(1, SECONDS * _NS_PER_S // turn_ns + 1):
        clock.advance(turn_ns)
        began_ns = measured.monotonic_ns()
        for channel in CHANNELS:
            end, first = turn * turn_ns * channel.rate_hz // _NS_PER_S, sent[channel.name]
            if end > first:
                at = FROM_S * channel.rate_hz
                samples = record.signals[channel.name][at + first : at + end]
                now_ns = clock.monotonic_ns()
                bedside.push("measured", channel.name, first, samples, None, now_ns)
                sent[channel.name] = end
        bedside.advance_when_due()
        times_ns.append(measured.monotonic_ns() - began_ns)
    if collecting:
        gc.enable()
    started.recorder.close()
    return times_ns[_SETTLE_S * _NS_PER_S // turn_ns :]
