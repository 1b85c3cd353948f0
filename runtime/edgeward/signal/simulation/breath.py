"""The breaths of a script, each with its begin, length and depth, and the wave they make."""

from collections.abc import Iterator

import numpy as np

from edgeward.signal.simulation.body_steps import Apnea, BreathStep
from edgeward.signal.simulation.checks import SECONDS_RANGE
from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.lane import F64, Marks, parts, placed

BREATH = np.dtype([("time_s", "f8"), ("length_s", "f8"), ("depth", "f8")])
"""A breath: when the air begins to flow in, how long until it is out again, how deep."""
_IN_SHARE = 0.4  # of a breath, air flows in
_JITTER = 0.03  # of the length of a breath


def breath_parts(lane: tuple[BreathStep, ...], seed: int) -> Iterator[tuple[float, Marks]]:
    """Until when breaths are known, and those that are new; the last step goes on for ever."""
    turn = 0.7  # how far the breath under way has come
    for number, (step, start_s, end_s) in enumerate(
        placed((*lane, lane[-1].held(SECONDS_RANGE[1])))
    ):
        if isinstance(step, Apnea):
            turn = 0.9
            yield end_s, np.zeros(0, BREATH)
            continue
        for part, (low_s, high_s) in enumerate(parts(start_s, end_s)):
            grid_s = np.linspace(low_s, high_s, max(2, round((high_s - low_s) * 4)))
            to_rate = step.rate_per_min if step.to_rate is None else step.to_rate
            share = (grid_s - start_s) / (end_s - start_s)
            rate_hz = (step.rate_per_min + share * (to_rate - step.rate_per_min)) / 60.0
            turns = turns_of(grid_s, rate_hz)
            chance = draw(seed, Purpose.BREATH, number, part)
            due = np.arange(1, int(turn + turns[-1]) + 3) - turn
            due += np.clip(chance.normal(0.0, _JITTER, len(due)), -0.1, 0.1)
            due = due[: np.searchsorted(np.maximum(due, 0.0), turns[-1])]
            breaths = np.zeros(len(due), BREATH)
            breaths["time_s"] = np.interp(due, turns, grid_s)
            breaths["length_s"] = 0.95 / np.interp(breaths["time_s"], grid_s, rate_hz)
            breaths["depth"] = step.depth * (1.0 + chance.normal(0.0, 0.05, len(due)))
            turn += turns[-1] - len(due)
            yield high_s, breaths


def turns_of(grid_s: F64, rate_hz: F64) -> F64:
    """How many turns have been made at each point of the grid, at a rate that changes."""
    steps = (rate_hz[1:] + rate_hz[:-1]) * np.diff(grid_s) / 2.0
    return np.concatenate([[0.0], np.cumsum(steps)])


def breath_wave(breaths: Marks, times_s: F64) -> F64:
    """How much air is in, as a share of a usual breath: 0 at rest."""
    if not len(breaths):
        return np.zeros_like(times_s)
    place = np.searchsorted(breaths["time_s"], times_s, side="right") - 1
    own = breaths[np.maximum(place, 0)]
    share = (times_s - own["time_s"]) / own["length_s"]
    inside = (place >= 0) & (share < 1.0)
    angle = np.where(share < _IN_SHARE, share / _IN_SHARE, (1 - share) / (1 - _IN_SHARE))
    wave: F64 = np.where(inside, own["depth"] * np.sin(np.pi / 2 * angle) ** 2, 0.0)
    return wave
