"""Beats and breaths of a script, epoch by epoch, in bounded memory."""

from collections.abc import Iterator
from math import ceil

from edgeward.signal.simulation.body_steps import Breathing
from edgeward.signal.simulation.breath import BREATH, breath_parts
from edgeward.signal.simulation.epoch import AHEAD_S, BEHIND_S, EPOCH_S, Epoch
from edgeward.signal.simulation.heart import BEAT, heart_parts
from edgeward.signal.simulation.lane import Rolling
from edgeward.signal.simulation.script import Script


def epochs(script: Script, seed: int) -> Iterator[Epoch]:
    """Every stretch that the script reaches into, in order."""
    beats = Rolling(heart_parts(script, seed), BEAT)
    breaths = Rolling(breath_parts(script.breath or (Breathing(1.0),), seed), BREATH)
    for number in range(ceil(script.seconds / EPOCH_S)):
        start_s = number * EPOCH_S
        span = start_s - BEHIND_S, start_s + EPOCH_S + AHEAD_S
        yield Epoch(number, script, seed, beats.window(*span), breaths.window(*span))
