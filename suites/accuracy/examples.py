"""Windows of which it is known what they show, and whose they are.

Rules:
1. Windows of one patient belong together; whoever compares, compares patients.
2. Whose windows a model was made from is said by its card. None of these patients may be here: what
   was learned by heart says nothing about anybody else. `refuse_known` refuses the whole set.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward_harness.errors import Finding, InputError
from edgeward_harness.measure.origin import Origin
from edgeward_harness.rig.models import BenchModel, Windows, taught_by

GROUP: Final = "group:"
"""How the name of an array begins that says something of each window, such as `group:sex`."""
SHOWN: Final = 4
Names = NDArray[np.str_]


@dataclass(frozen=True)
class Examples:
    """Windows, their labels, their patients, and what else is known of each."""

    windows: Windows
    labels: Names
    patients: Names
    origin: Origin | None
    """Whose they are; None where the bench brought them and says no more."""
    groups: Mapping[str, Names] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self.windows)

    def subgroups(self) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Each value of each group, and which windows are of it."""
        for name, values in self.groups.items():
            for value in np.unique(values):
                if value:
                    yield f"{name}: {value}", values == value


def from_file(path: Path) -> Examples:
    """Windows that the bench brings: arrays `windows`, `labels`, `patients`, `names`, `group:...`.

    Raises:
        InputError: the file cannot be used.
    """
    try:
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        names = arrays["names"].astype(str)
        numbers = arrays["labels"].astype(np.int64)
        labels = names[numbers] if len(numbers) else numbers.astype(str)
        return Examples(
            windows=_windows(arrays["windows"]),
            labels=labels,
            patients=_as_long(arrays["patients"].astype(str), len(labels), "patients"),
            origin=None,
            groups={
                name.removeprefix(GROUP): _as_long(values.astype(str), len(labels), name)
                for name, values in arrays.items()
                if name.startswith(GROUP)
            },
        )
    except (OSError, KeyError, ValueError, IndexError) as error:
        accepted = "a .npz file with windows, labels, patients and names of the same windows"
        raise InputError(str(path), [f"{error}; accepted: {accepted}"]) from error


def _windows(found: NDArray[Any]) -> Windows:
    if found.ndim != 2 or not len(found) or not np.isfinite(found).all():
        raise ValueError(f"windows of shape {found.shape}; all must be finite, a row each")
    return found.astype(np.float32)


def _as_long(values: Names, count: int, name: str) -> Names:
    if values.shape != (count,):
        raise ValueError(f"{name} of shape {values.shape}, for {count} windows")
    return values


def joined(sets: Sequence[Examples]) -> Examples:
    """Several sets of one origin as one; a group that one does not know is empty there."""
    names = dict.fromkeys(name for one in sets for name in one.groups)
    groups = {
        name: np.concatenate([one.groups.get(name, np.full(len(one), "")) for one in sets])
        for name in names
    }
    return replace(
        sets[0],
        windows=np.concatenate([one.windows for one in sets]),
        labels=np.concatenate([one.labels for one in sets]),
        patients=np.concatenate([one.patients for one in sets]),
        groups=groups,
    )


def refuse_known(examples: Examples, *models: BenchModel) -> None:
    """Refuse a set with anybody in it from whom one of these models learned (rule 2).

    Raises:
        Finding: there is somebody; nothing can be said about a model with this set.
    """
    refuse_patients(set(examples.patients.tolist()), *models)


def refuse_patients(everybody: set[str], *models: BenchModel) -> None:
    """The same, for whoever is named here.

    Raises:
        Finding: as `refuse_known`.
    """
    for model in models:
        known = sorted(everybody & taught_by(model))
        if known:
            shown = ", ".join(known[:SHOWN])
            raise Finding(
                "The evaluation is refused: the model knows these patients",
                f"{len(known)} of {len(everybody)} patients taught {model.card.name} "
                f"{model.card.version}, or were used to choose or to calibrate it: {shown}",
            )
