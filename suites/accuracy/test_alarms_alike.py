"""What staff would be called to: the same alarms, from the device and from the float model.

Rules:
1. A label is up from the second of two windows in a row that are called so, until two in a row are
   not. Windows on the border of two rhythms belong to neither, and one of them decides nothing.
2. Both judge the same windows: those of a stream, as the device cuts it.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pytest

from edgeward.signal.simulation.heart_steps import HeartStep
from edgeward_harness.measure.clusters import Share, pooled
from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.measure.origin import SIMULATED
from edgeward_harness.measure.retention import windows_needed
from edgeward_harness.measure.shares import judge_share
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import BenchModel, Windows
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .answering import NO_ANSWER, labelled
from .examples import Names
from .recording import SHOWN
from .simulated import NORMAL, check_simulated, course, step

BEFORE_S, EVENT_S, AFTER_S = 12.0, 20.0, 12.0
LEAST: Final = 0.95
"""Of events that are called, and of calls that are alike. On the border of two rhythms a window is
neither, and models that agree on both may call it otherwise."""
FEW, ENOUGH = 0.01, 0.8
"""So much is otherwise in truth, and so likely is it shown all the same."""
APART: Final = 2
"""Windows by which one may be told later than the other."""
WAIT_MS: Final = 5000
EVENTS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Call:
    """A label that came up."""

    label: str
    window: int


@pytest.mark.case("TC-ACC-005")
def test_alarms_alike(measure: Measure, rig: Rig) -> None:
    """Staff are called to the same events, at most two windows apart.

    Method: simulated patients in a normal rhythm have twenty seconds of each other one that the
    model knows, and recover. Their signals go to the device as streams. A label is up after two
    windows in a row. A call of the float model, which judges the same windows at the bench, is
    alike where the device makes it too, at most two windows apart, and the other way round. The
    share of calls that are alike, and that of the events of the scripts that are called by their
    names, are accepted on their lower bounds over patients; with fewer courses than could show
    them, not one call may be otherwise.
    """
    released, reference = rig.model(Role.RELEASED), rig.model(Role.REFERENCE)
    check_simulated(released)
    kinds = [label for label in released.card.labels if label != NORMAL]
    courses = rig.samples("TC-ACC-005")
    called: list[Share] = []
    alike: list[Share] = []
    faults: list[str] = []
    with rig.open_device() as device:
        streams = Streams(device, released)
        for number in range(courses):
            label = kinds[number % len(kinds)]
            name = f"{label} {number // len(kinds)}"
            ecg = course(released, seed := rig.seed(name), _heart(label, seed))
            told = list(calls(streams.judged(ecg, f"course-{number}")))
            due = list(calls(labelled(reference, _windows(released, ecg))))
            called.append(Share(name, any(one.label == label for one in told), 1))
            other = list(_apart(due, told))
            made = len(due) + len(told)
            alike.append(Share(name, made - len(other), made))
            faults += [f"{name}: {fault}" for fault in other]
            rig.progress(number + 1, courses)
    measure.rests_on(SIMULATED)
    detail = "; ".join(faults[:SHOWN])
    _record(measure, "events_called_by_their_names", called)
    _record(measure, "calls_as_the_float_model_makes_them", alike, detail)


def _record(measure: Measure, name: str, shares: Sequence[Share], detail: str = "") -> None:
    """Hold a share against its least; with too few courses nothing may be otherwise."""
    if len(shares) >= windows_needed(1 - LEAST, FEW, ENOUGH):
        told = judge_share(shares, 100 * LEAST, detail)
    else:
        whole = pooled(shares)
        wrong = round(whole.total - whole.right)
        told = judge_failures(wrong, round(whole.total), "not one otherwise", detail)
    measure.record(name, replace(told, groups=()))


def _heart(label: str, seed: int) -> tuple[HeartStep, ...]:
    return (
        step(NORMAL, BEFORE_S, seed),
        step(label, EVENT_S, seed),
        step(NORMAL, AFTER_S, seed),
    )


def calls(labels: Names) -> Iterator[Call]:
    """What staff are called to, by the labels of windows in a row (rule 1)."""
    up = NORMAL
    for at, (one, other) in enumerate(pairwise(labels.tolist())):
        if one == other and one != up:
            up = one
            if one not in (NORMAL, NO_ANSWER):
                yield Call(one, at + 1)


def _apart(due: Sequence[Call], told: Sequence[Call]) -> Iterator[str]:
    for here, there, who in ((due, told, "the device"), (told, due, "the float model")):
        for one in here:
            near = [
                other
                for other in there
                if other.label == one.label and abs(other.window - one.window) <= APART
            ]
            if not near:
                yield f"{one.label} at window {one.window} is no call of {who}"


def _windows(model: BenchModel, ecg: Windows) -> Windows:
    taken = model.card.input
    cut = np.lib.stride_tricks.sliding_window_view(ecg, taken.window_samples)
    return np.ascontiguousarray(cut[:: taken.hop_samples])


class Streams:
    """Streams of one device, one after the other."""

    def __init__(self, device: DeviceSession, model: BenchModel) -> None:
        """Nothing was told yet."""
        self._device, self._taken = device, model.card.input
        self._cursor = 0

    def judged(self, ecg: Windows, stream: str) -> Names:
        """The label of each window of a signal.

        Raises:
            Finding: a window has no result, or they come out of order.
        """
        taken, device = self._taken, self._device
        asked = {"signal": taken.signal, "rate_hz": taken.rate_hz, "unit": taken.unit}
        device.call("stream.open", {"stream": stream, **asked})
        results: list[Mapping[str, Any]] = []
        hop = taken.hop_samples
        for first in range(0, len(ecg) - hop + 1, hop):
            samples = base64.b64encode(ecg[first : first + hop].astype("<f4").tobytes()).decode()
            device.call("stream.push", {"stream": stream, "first": first, "samples": samples})
            due = max(0, (first + hop - taken.window_samples) // hop + 1)
            while len(results) < due:
                results += self._told(stream, len(results))
        device.call("stream.close", {"stream": stream})
        if [one["window"]["index"] for one in results] != list(range(len(results))):
            raise device.finding("Results of a stream come out of order", stream)
        return np.array([one.get("label") or NO_ANSWER for one in results])

    def _told(self, stream: str, window: int) -> list[Mapping[str, Any]]:
        asked = {"after": self._cursor, "wait_ms": WAIT_MS, "limit": EVENTS_MAX}
        answer = self._device.call("events", asked)
        if not answer["events"]:
            raise self._device.finding("A window of a stream has no result", f"window {window}")
        self._cursor = int(answer["next"])
        return [
            one for one in answer["events"] if one["kind"] == "result" and one["stream"] == stream
        ]
