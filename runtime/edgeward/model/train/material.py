"""What the model learns from, is chosen by, and is judged on; no patient is in two of them.

Rules:
1. Simulated patients are numbered: those to learn from begin at the seed, those to choose by and to
   judge on are hundreds of thousands apart.
2. Of recordings to learn from, every fourth bedside alarm is for choosing instead.
3. Recorded windows are few. Each is shown as it is and, to learn from, in copies that are higher,
   lower, turned round, moved or noisier, as other electrodes would have shown the same heart.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator, default_rng

from edgeward.model.compress.examples import Examples
from edgeward.model.train import recorded, simulated
from edgeward.model.train.gathering import Gathering, joined
from edgeward.model.train.recorded import Half, Recorded
from edgeward.model.train.rhythms import LABELS, WINDOW_SAMPLES, Label
from edgeward.signal.windows import Samples

CHOOSING_OFFSET: Final = 500_000
JUDGING_OFFSET: Final = 1_000_000
_CHOOSING_EVERY: Final = 4
_WINDOWS_MOST: Final = 120
"""Of one label, of one lead of a recording: a long one is not the whole world."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what."""

    seed: int = 7_000_000_000
    """The first simulated patient to learn from."""
    patients: int = 400
    scripts: int = 320
    choosing: int = 60
    """Patients of each simulator to choose by."""
    judging: int = 300
    """Simple patients to judge on; a third as many of scripts."""
    copies: int = 3
    """Of each recorded window to learn from, besides the window itself."""
    epochs: int = 12
    recordings: Path | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """A recording that the model rests on."""

    name: str
    sha256: str
    role: str


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Everything that the model rests on."""

    training: Examples
    choosing: Examples
    simulated: Mapping[str, str]
    """For each role, the digest of the windows of simulated patients that have it."""
    used: tuple[Used, ...]


def gathered(plan: Plan) -> Material:
    """What to learn from and to choose by.

    Raises:
        ModelError: recordings cannot be read.
    """
    draw = default_rng([plan.seed, 1])
    training, choosing, used = _recorded(plan, draw)
    chosen = plan.seed + CHOOSING_OFFSET
    to_learn = joined(
        [
            simulated.patients(plan.seed, plan.patients),
            moved(simulated.scripts(plan.seed, plan.scripts), draw),
        ]
    )
    to_choose_by = joined(
        [simulated.patients(chosen, plan.choosing), simulated.scripts(chosen, plan.choosing)]
    )
    return Material(
        training=joined([*training, to_learn]),
        choosing=joined([*choosing, to_choose_by]),
        simulated={"train": to_learn.sha256, "choose": to_choose_by.sha256},
        used=tuple(used),
    )


def _recorded(plan: Plan, draw: Generator) -> tuple[list[Examples], list[Examples], list[Used]]:
    """To learn from, to choose by, and all that was used."""
    training: list[Examples] = []
    choosing: list[Examples] = []
    used: list[Used] = []
    for record in _to_learn_from(plan.recordings):
        to_choose = record.name.startswith("cinc2015") and _kept_back(used)
        examples = of_recordings([record], WINDOW_SAMPLES // 2, every_lead=True)
        used.append(Used(record.name, record.sha256, "choose" if to_choose else "train, calibrate"))
        if to_choose:
            choosing.append(examples)
        else:
            training += [examples, *(varied(examples, draw) for _ in range(plan.copies))]
    return training, choosing, used


def _to_learn_from(folder: Path | None) -> Iterator[Recorded]:
    for collection in recorded.LEARNED_FROM if folder else ():
        assert folder is not None
        for record in recorded.read(folder, collection, Half.TO_LEARN_FROM):
            if any(True for _ in recorded.windows(record, WINDOW_SAMPLES)):
                yield record


def _kept_back(used: list[Used]) -> bool:
    """Rule 2."""
    alarms = sum(one.name.startswith("cinc2015") for one in used)
    return alarms % _CHOOSING_EVERY == _CHOOSING_EVERY - 1


def judged(plan: Plan) -> Iterator[tuple[str, Examples]]:
    """Sets of patients that the model has never seen, by the name of the group.

    Raises:
        ModelError: recordings cannot be read.
    """
    first = plan.seed + JUDGING_OFFSET
    yield "simulated patients", simulated.patients(first, plan.judging)
    yield "simulated scripts", simulated.scripts(first, -(-plan.judging // 3))
    if plan.recordings is None:
        return
    for collection in recorded.COLLECTIONS:
        others = recorded.read(plan.recordings, collection, Half.TO_JUDGE)
        yield collection, of_recordings(others, WINDOW_SAMPLES, every_lead=False)


def of_recordings(records: Iterable[Recorded], hop: int, *, every_lead: bool) -> Examples:
    """The windows of recordings; of the first lead, or of all with a limit for each label."""
    found = Gathering()
    for record in records:
        for window, label in _shown(record, hop, every_lead=every_lead):
            found.add(window, label, record.name)
    return found.examples()


def _shown(record: Recorded, hop: int, *, every_lead: bool) -> Iterator[tuple[Samples, Label]]:
    """The windows of a recording that show something, each with its word."""
    places = list(recorded.windows(record, hop))
    leads = record.leads if every_lead else record.leads[:1]
    for lead, label in product(leads, LABELS):
        starts = [first for first, called in places if called is label]
        for first in _few(starts) if every_lead else starts:
            window = lead[first : first + WINDOW_SAMPLES]
            if recorded.seen(window):
                yield window, label


def _few(starts: list[int]) -> list[int]:
    """Not more than the limit, from begin to end."""
    if len(starts) <= _WINDOWS_MOST:
        return starts
    return [starts[place] for place in np.linspace(0, len(starts) - 1, _WINDOWS_MOST).astype(int)]


def moved(examples: Examples, draw: Generator) -> Examples:
    """The same beside the middle, as electrodes are."""
    offsets = draw.uniform(-0.8, 0.8, len(examples)) * (draw.uniform(size=len(examples)) < 0.5)
    return _with(examples, examples.windows + offsets[:, None].astype(np.float32))


def varied(examples: Examples, draw: Generator) -> Examples:
    """Rule 3."""
    count = len(examples)
    centre = np.median(examples.windows, axis=1, keepdims=True)
    gains = 2.0 ** draw.uniform(-1.2, 1.0, count) * draw.choice([-1.0, 1.0], count, p=[0.3, 0.7])
    noise = draw.uniform(0, 0.05, count)[:, None] * draw.standard_normal(examples.windows.shape)
    return moved(_with(examples, gains[:, None] * (examples.windows - centre) + noise), draw)


def _with(examples: Examples, windows: Samples) -> Examples:
    return Examples(
        np.asarray(windows, np.float32), examples.labels, examples.patients, examples.names
    )
