"""What the device tells of beats, as it runs, and what the bench makes of the same samples.

Rules:
1. A lead is sent in blocks of one second, on a clock that is moved. A second of which no sample
   came is not sent at all.
2. A `Q` without a probability is no answer. A device that tells no probabilities is held to its
   classes alone.
3. When a class was told is read on the clock of the bench: the end of the block after which it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.beats import BenchBeat, check_rows, labelled, rows_of
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.models import BenchModel
from edgeward_harness.rig.ward import Bed, Event, Told, Ward

from .agreement import within
from .examples import refuse_patients
from .hearts import ROUNDS, heart
from .leads import Lead

STEP_MS: Final = 1000
BEDS: Final = 8
"""So many patients are played side by side."""
KNOWN_WITHIN_S: Final = 2.5
"""After a beat its class must be known: no beat for so long is a pause, whatever comes after it."""
NO_ANSWER: Final = "Q"


@dataclass(frozen=True, slots=True)
class ToldBeat:
    """One beat as the device told it."""

    sample: int
    label: str
    probability: float | None
    has_probability: bool
    at_s: float
    """By the clock of the bench, from the first sample of the lead."""

    @property
    def answered(self) -> bool:
        """Rule 2."""
        return self.label != NO_ANSWER or self.probability is not None


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A lead, judged by the device, by the released model and by the float model."""

    lead: Lead
    device: tuple[ToldBeat, ...]
    released: tuple[BenchBeat, ...]
    reference: tuple[BenchBeat, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BeatTrial:
    """All leads of a run."""

    heard: tuple[Heard, ...]
    released: BenchModel
    reference: BenchModel


def simulated_leads(rig: Rig, count: int, rounds: int) -> list[Lead]:
    """So many simulated patients of this run, with so many rounds of early beats each."""
    first = rig.seed("beats of the accuracy suite")
    return [heart(seed, rounds) for seed in range(first, first + count)]


_TRIALS: dict[tuple[Any, ...], tuple[BeatTrial, dict[str, Any] | None]] = {}
"""Of this process, by all that they depend on."""


def beat_trial(rig: Rig, case: str) -> BeatTrial:
    """The trial of this run on simulated patients; the first case that needs it asks the device.

    Raises:
        Finding: a model knows one of them, or the device broke the protocol.
    """
    key = (rig.unit.name, rig.profile.sha256, rig.run_seed, rig.samples(case))
    if key not in _TRIALS:
        found = tried(rig, simulated_leads(rig, rig.samples(case), ROUNDS))
        _TRIALS[key] = (found, rig.device_context)
    trial, rig.device_context = _TRIALS[key]
    return trial


def tried(rig: Rig, leads: Sequence[Lead]) -> BeatTrial:
    """Send these leads to a device, and ask both models at the bench.

    Raises:
        Finding: as `beat_trial`.
        CannotJudge: the models take other rows than the bench makes.
    """
    released, reference = rig.model(Role.BEATS), rig.model(Role.BEATS_REFERENCE)
    check_rows(released, reference)
    refuse_patients({one.patient for one in leads}, released, reference)
    heard = []
    for lead, told in _told(rig, leads):
        rows = rows_of(lead.channel, lead.samples[: lead.seconds * lead.channel.rate_hz])
        both = (tuple(labelled(model, rows)) for model in (released, reference))
        heard.append(Heard(lead, told, *both))
        rig.progress(len(heard), len(leads))
    return BeatTrial(tuple(heard), released, reference)


def _told(rig: Rig, leads: Sequence[Lead]) -> Iterator[tuple[Lead, tuple[ToldBeat, ...]]]:
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for first in range(0, len(leads), BEDS):
            group = leads[first : first + BEDS]
            ward.told.clear()
            began_s = ward.now_s
            beds = beds_of(group)
            _play(ward, beds, group)
            for bed, lead in zip(beds, group, strict=True):
                yield lead, tuple(_beats(ward.told, bed.patient, began_s))


def _play(ward: Ward, beds: Sequence[Bed], group: Sequence[Lead]) -> None:
    ward.admit(*beds)
    for second in range(max(one.seconds for one in group)):
        going = [bed for bed, one in zip(beds, group, strict=True) if second < one.seconds]
        for bed, one in zip(beds, group, strict=True):
            lost = second < one.seconds and one.lost(second)
            bed.skipping = {one.channel.name} if lost else set()
        ward.step(going)
    ward.discharge(*beds)


def beds_of(group: Sequence[Lead]) -> list[Bed]:
    """A bed for each lead: two recordings of one person are two patients to the device."""
    return [
        Bed(
            patient=f"{lead.patient} bed {number}",
            channels=(lead.channel,),
            signals={lead.channel.name: lead.samples},
            seconds=float(lead.seconds),
            beats=True,
        )
        for number, lead in enumerate(group, 1)
    ]


def _beats(told: Sequence[Told], patient: str, began_s: float) -> Iterator[ToldBeat]:
    for one in told:
        if one.event["kind"] == "beat" and one.event["patient"] == patient:
            yield _beat(one.event, one.at_s - began_s)


def _beat(event: Event, at_s: float) -> ToldBeat:
    return ToldBeat(
        sample=int(event["sample"]),
        label=str(event["class"]),
        probability=event.get("probability"),
        has_probability="probability" in event,
        at_s=at_s,
    )


def otherwise(heard: Heard, released: BenchModel) -> Iterator[str]:
    """Each beat of a lead of which the device tells another thing than the released model does."""
    rate_hz, name = heard.lead.channel.rate_hz, heard.lead.patient
    told = {one.sample: one for one in heard.device}
    if len(told) < len(heard.device):
        yield f"{name}: {len(heard.device) - len(told)} beats told twice"
    for due in heard.released:
        one = told.pop(due.sample, None)
        where = f"{name}, {due.sample / rate_hz:.2f} s"
        label = NO_ANSWER if due.label is None else due.label.value
        if one is None:
            yield f"{where}: not told"
        elif (one.label, one.answered) != (label, due.label is not None):
            yield f"{where}: {_shown(one)} told, {label if due.label else 'no answer'} due"
        elif one.has_probability and not _alike(one.probability, due.probability, released):
            yield f"{where}: {one.label} with {one.probability}, due {due.probability}"
    yield from (f"{name}, {at / rate_hz:.2f} s: a beat where the bench finds none" for at in told)


def late(heard: Heard) -> Iterator[str]:
    """Each beat that was told later than it can be known, and than the block after it (rule 3)."""
    for one in heard.device:
        after_s = one.at_s - one.sample / heard.lead.channel.rate_hz
        if not 0 <= after_s <= KNOWN_WITHIN_S + STEP_MS / 1000:
            yield f"{heard.lead.patient}, {one.at_s:g} s: a class {after_s:.2f} s after its beat"


def _shown(one: ToldBeat) -> str:
    return one.label if one.answered else "no answer"


def _alike(told: float | None, due: float | None, released: BenchModel) -> bool:
    if told is None or due is None:
        return told is due
    return abs(float(np.float32(told)) - float(np.float32(due))) <= within(released)
