"""How right a device is about beats, against the float model and after EC57.

Rules:
1. A marked beat and one that was told may be one within 150 ms; each is used once. The beats of the
   learning period, and of stretches in which nobody marked any, count on neither side.
2. A beat that was not told, or got no answer, is not right: what was left out counts against the
   device. How right it would be without them stands beside that.
3. Fusion and beats that nobody could class count neither way where they are taken for ventricular
   ones, nor the latter where taken for early ones from above.
4. The loss is that of pairs, beat by beat: both models judge the same marked beat.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeward_harness.measure.groups import Group
from edgeward_harness.measure.retention import Pairs, group_of
from edgeward_harness.measure.scoring.beats import (
    MATCH_S,
    AamiClass,
    BeatTable,
    Labelled,
    gross,
    match,
    score_beats,
)

from .beat_answers import Heard

CLASSES: Final = (AamiClass.NORMAL, AamiClass.SUPRAVENTRICULAR, AamiClass.VENTRICULAR)
"""Of the others no model here says that it finds them."""
EXCUSED: Final = {
    AamiClass.VENTRICULAR: (AamiClass.FUSION, AamiClass.UNCLASSIFIED),
    AamiClass.SUPRAVENTRICULAR: (AamiClass.UNCLASSIFIED,),
}
"""By rule 3."""
Flags = NDArray[np.bool_]
Names = NDArray[np.str_]
_NOTHING: Final = ""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The marked beats of one patient, and what both said of them."""

    patient: str
    marks: Names
    device: Names
    """Empty where there was no answer, or no beat was told."""
    reference: Names
    silent: Flags
    """Where a beat was told without an answer."""

    def lost(self, kind: AamiClass) -> Pairs:
        """Beats of a class that only one of the two has right."""
        return self._pairs(self.marks == kind.value, self.device == kind.value,
                           self.reference == kind.value)  # fmt: skip

    def made_up(self, kind: AamiClass) -> Pairs:
        """Beats of other classes that only one of the two takes for this one (rule 3)."""
        excused = [one.value for one in (kind, *EXCUSED.get(kind, ()))]
        return self._pairs(~np.isin(self.marks, excused), self.device != kind.value,
                           self.reference != kind.value)  # fmt: skip

    def dropped(self) -> Pairs:
        """Beats that were told without an answer."""
        return Pairs(self.patient, len(self.marks), int(self.silent.sum()), 0)

    def _pairs(self, of: Flags, device: Flags, reference: Flags) -> Pairs:
        lost, gained = of & reference & ~device, of & device & ~reference
        return Pairs(self.patient, int(of.sum()), int(lost.sum()), int(gained.sum()))


def judged(heard: Heard) -> Judged:
    """The marked beats that count (rule 1)."""
    lead, counts = heard.lead, heard.lead.counts
    in_order = sorted(heard.device, key=lambda one: one.sample)
    told = [(one.sample, one.label if one.answered else _NOTHING) for one in in_order]
    due = [(one.sample, one.label.value if one.label else _NOTHING) for one in heard.reference]
    quiet = [(one.sample, _NOTHING if one.answered else "silent") for one in in_order]
    device, reference, silent = (_at_marks(heard, of)[counts] for of in (told, due, quiet))
    marks = np.array([one.value for one in lead.beats.classes], dtype=np.str_)[counts]
    return Judged(lead.patient, marks, device, reference, silent == "silent")


def _at_marks(heard: Heard, told: Sequence[tuple[int, str]]) -> Names:
    """What was said of each marked beat; empty where nothing was."""
    found = np.full(len(heard.lead.beats.samples), _NOTHING, dtype="<U8")
    near = MATCH_S * heard.lead.channel.rate_hz
    samples = [at for at, _ in told]
    for beat, place in match(heard.lead.beats.samples, samples, near).pairs:
        found[beat] = told[place][1]
    return found


def merged(pairs: Sequence[Pairs]) -> list[Pairs]:
    """One for each patient: two recordings of one are not two."""
    sums: dict[str, Pairs] = {}
    for one in pairs:
        had = sums.get(one.name, Pairs(one.name, 0, 0, 0))
        sums[one.name] = Pairs(
            one.name, had.windows + one.windows, had.lost + one.lost, had.gained + one.gained
        )
    return list(sums.values())


def by_group(heard: Sequence[Heard], kind: AamiClass) -> tuple[Group, ...]:
    """What was lost of a class in each group of patients that is known: shown, never judged."""
    parts: dict[str, list[Pairs]] = {}
    for one in heard:
        lost = judged(one).lost(kind)
        for name, value in one.lead.groups.items():
            parts.setdefault(f"{name}: {value}", []).append(lost)
    return tuple(group_of(name, merged(parts[name])) for name in sorted(parts))


def table(heard: Sequence[Heard]) -> BeatTable:
    """Beat by beat after EC57, what was found without a mark included; no answer is `Q`."""
    return gross(_table(one) for one in heard)


def _table(heard: Heard) -> BeatTable:
    lead, rate_hz = heard.lead, heard.lead.channel.rate_hz
    told = sorted((one.sample, AamiClass(one.label)) for one in heard.device)
    first, end = lead.judged
    return score_beats(
        lead.beats,
        Labelled([at for at, _ in told], [kind for _, kind in told]),
        rate_hz,
        [*lead.excluded, (end, len(lead.samples))],
        learning_s=first / rate_hz,
    )


def in_words(found: BeatTable) -> Iterator[str]:
    """Sensitivity and predictivity of each class, as EC57 asks for them."""
    for kind in CLASSES:
        yield (
            f"{kind.value}: Se {_percent(found.class_sensitivity(kind))},"
            f" +P {_percent(found.class_predictivity(kind))}"
        )


def _percent(share: float | None) -> str:
    return "of none" if share is None else f"{100 * share:.2f} %"
