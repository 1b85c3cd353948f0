"""Hold the result of a window against what was sent, described, and answered when asked again."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, Final

from edgeward_harness.errors import Finding

from .reader import ANSWER_TIMEOUT_S
from .sensor import Crossing, Sensor

RECHECKED_SHARE: Final = 1 / 50
CHANGES_RECHECKED: Final = 4
"""Places at which the answers changed most, with the windows around them."""
PROBABILITY_TOLERANCE: Final = 1e-4
"""Between two answers to the same samples."""
TOLD_APART: Final = 0.01
"""Between the mean answers to two rhythms, so that a last digit that moves tells nothing apart."""
SUM_TOLERANCE: Final = 1e-3
"""Of the probabilities of one answer, whose sum is 1."""

Models = Mapping[str, Sequence[frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Recheck:
    """What a device says of windows that it is asked about a second time."""

    asked: int
    """0 when it does not offer to be asked."""
    faults: tuple[str, ...]
    rhythms: int
    """How many rhythms had windows of their own in the drive."""
    answers_differ: bool
    """Whether windows of two rhythms got answers that differ in label or probabilities."""


def models_of(description: Mapping[str, Any]) -> Models:
    """The labels of each model a device describes, by its digest."""
    found: dict[str, list[frozenset[str]]] = {}
    for model in description["models"]:
        found.setdefault(model["sha256"], []).append(frozenset(model["labels"]))
    return found


def misfit(crossing: Crossing, models: Models) -> str:
    """What is wrong with the results of a window; empty when there is exactly the one expected."""
    if fault := misplaced(crossing):
        return fault
    event = crossing.events[0]
    index = crossing.expected["index"]
    if event["outcome"] != "answer":
        return f"window {index} is valid but got {event['outcome']!r:.40}"
    fault = _answer_fault(event, models)
    return f"window {index}: {fault}" if fault else ""


def misplaced(crossing: Crossing) -> str:
    """Why a window has not exactly one result, for its own samples; empty when it has.

    Whether it is an answer is left open: one who cannot keep up may say so.
    """
    if len(crossing.events) != 1:
        return f"{len(crossing.events)} results for window {crossing.expected['index']}"
    event = crossing.events[0]
    if event["kind"] != "result":
        return f"window {crossing.expected['index']}: an event of kind {event['kind']!r:.40}"
    seen = {key: event["window"][key] for key in crossing.expected}
    if event["stream"] != crossing.stream or seen != dict(crossing.expected):
        return f"expected window {dict(crossing.expected)}, got {seen} of {event['stream']!r:.40}"
    return ""


def _answer_fault(event: Mapping[str, Any], models: Models) -> str:
    """What is wrong with an answer, by what the device says its models are."""
    if event["model_sha256"] not in models:
        return f"model {event['model_sha256'][:12]} is none of those described"
    told = event["probabilities"]
    if frozenset(told) not in models[event["model_sha256"]]:
        return f"probabilities of {sorted(told)!r:.80}, which are not the labels of its model"
    if event["label"] not in told:
        return f"label {event['label']!r:.40} is none of its model"
    if abs(sum(told.values()) - 1.0) > SUM_TOLERANCE:
        return f"probabilities with the sum {sum(told.values()):.6g}"
    return ""


def recheck(sensor: Sensor, crossings: Sequence[Crossing], seed: int) -> Recheck:
    """Ask about some windows of a drive again.

    At least one of each rhythm, others by chance, and those around the greatest changes: a device
    that tells the result of a window beside it may be right by chance wherever answers stay alike,
    but not there.
    """
    of_rhythm: dict[str, list[Crossing]] = {}
    answered = [one for one in crossings if one.event and one.event["outcome"] == "answer"]
    for crossing in answered:
        rhythm = sensor.rhythm(crossing.expected["first"])
        if rhythm is not None:
            of_rhythm.setdefault(rhythm, []).append(crossing)
    chosen: list[Crossing] = []
    if "infer" in sensor.device.description["capabilities"]:
        draw = random.Random(seed)  # noqa: S311 - replays from the seed of the run
        chosen = [draw.choice(of) for of in of_rhythm.values()]
        more = max(0, round(len(crossings) * RECHECKED_SHARE) - len(chosen))
        chosen += draw.sample(answered, min(more, len(answered)))
        chosen += around_changes(answered)
    return Recheck(
        asked=len(chosen),
        faults=tuple(fault for one in chosen if (fault := _second_answer_fault(sensor, one))),
        rhythms=len(of_rhythm),
        answers_differ=_differ([_mean_answer(of) for of in of_rhythm.values()]),
    )


def _mean_answer(crossings: Sequence[Crossing]) -> Mapping[str, float]:
    """How often each label was given to windows of one rhythm, and its mean probability."""
    total: defaultdict[str, float] = defaultdict(float)
    for event in (one.event for one in crossings if one.event):
        total[f"label {event['label']}"] += 1 / len(crossings)
        for name, probability in event["probabilities"].items():
            total[name] += probability / len(crossings)
    return total


def _differ(answers: Sequence[Mapping[str, float]]) -> bool:
    """Whether any two rhythms are answered differently, beyond what wavers at random."""
    return any(
        abs(one.get(name, 0.0) - other.get(name, 0.0)) > TOLD_APART
        for one, other in combinations(answers, 2)
        for name in {*one, *other}
    )


def around_changes(answered: Sequence[Crossing]) -> list[Crossing]:
    """The windows before, at and after the greatest changes from one answer to the next.

    What a device tells one window late changes one window late: then it is the window before the
    change whose second answer differs, by as much as the change.
    """
    changes = [
        (_change(before, after), place)
        for place, (before, after) in enumerate(pairwise(answered), start=1)
    ]
    places = {
        near
        for change, place in sorted(changes, reverse=True)[:CHANGES_RECHECKED]
        for near in (place - 1, place, place + 1)
        if change > TOLD_APART and near < len(answered)
    }
    return [answered[place] for place in sorted(places)]


def _change(before: Crossing, after: Crossing) -> float:
    """How much the probabilities moved from one result to the next of its stream."""
    if before.event is None or after.event is None:
        return 0.0
    if after.expected["index"] != before.expected["index"] + 1:
        return 0.0
    first, second = before.event["probabilities"], after.event["probabilities"]
    return max((abs(first.get(name, 0.0) - second[name]) for name in second), default=0.0)


def _second_answer_fault(sensor: Sensor, crossing: Crossing) -> str:
    """How the answer to the samples of a window differs from its result; empty when not."""
    event = crossing.event
    if event is None:
        return f"window {crossing.expected['index']} has no result"
    samples = sensor.samples(crossing.expected["first"], sensor.window)
    where = f"window {crossing.expected['index']}"
    try:
        again = sensor.device.call("infer", {"signal": "ecg", "samples": samples}, ANSWER_TIMEOUT_S)
    except Finding as finding:  # a device that ended is found again when the stream is closed
        return f"{where}: asked again: {finding.title[:120]}"
    if again["outcome"] != "answer":
        return f"{where}: asked again, the outcome is {again['outcome']!r:.40}"
    if again["label"] != event["label"]:
        return f"{where}: {event['label']!r:.40}, asked again {again['label']!r:.40}"
    first, second = event["probabilities"], again["probabilities"]
    if first.keys() != second.keys() or any(
        abs(first[name] - second[name]) > PROBABILITY_TOLERANCE for name in first
    ):
        return f"{where}: other probabilities when asked again"
    return ""
