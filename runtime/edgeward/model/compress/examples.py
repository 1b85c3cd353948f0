"""The user's examples: windows with labels, and whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeward.canonical import canonical_json, digest, sha256_hex
from edgeward.errors import ModelError
from edgeward.signal.windows import Samples

ARRAYS: Final = {
    "windows": "float32, one row a window",
    "labels": "whole numbers, one a window",
    "patients": "texts or whole numbers, one a window",
    "names": "texts, one a label",
}


GROUP: Final = "group:"
"""How the name of an array begins that says something else of each window, as `group:sex`."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Windows, the number of each one's label, and the patient it is of."""

    windows: Samples
    labels: NDArray[np.int64]
    patients: NDArray[np.str_]
    names: tuple[str, ...]
    groups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    """What else is known of each window, by the name of its array; nothing is learned from it."""

    def __len__(self) -> int:
        """How many windows."""
        return len(self.windows)

    def where(self, chosen: NDArray[np.bool_]) -> "Examples":
        """Only some of them."""
        return Examples(
            self.windows[chosen],
            self.labels[chosen],
            self.patients[chosen],
            self.names,
            {name: values[chosen] for name, values in self.groups.items()},
        )

    def of(self, patients: Sequence[str]) -> "Examples":
        """Those of these patients."""
        return self.where(np.isin(self.patients, list(patients)))

    @property
    def sha256(self) -> str:
        """For lineage: of the windows, labels, patients and names."""
        parts = [
            np.ascontiguousarray(self.windows).tobytes(),
            np.ascontiguousarray(self.labels).tobytes(),
            canonical_json(self.patients.tolist()),
            canonical_json(list(self.names)),
        ]
        return digest([sha256_hex(part) for part in parts])


@dataclass(frozen=True, slots=True)
class Parts:
    """What is learned from, chosen by, and judged on: no patient is in two of them."""

    training: Examples
    choosing: Examples
    judging: Examples

    @property
    def digests(self) -> tuple[str, str, str]:
        """Of each part."""
        return self.training.sha256, self.choosing.sha256, self.judging.sha256


def load_examples(path: Path) -> Examples:
    """Examples from a .npz file.

    Raises:
        ModelError: all that is wrong with the file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            known = [name for name in file.files if name in ARRAYS or name.startswith(GROUP)]
            arrays = {name: file[name] for name in known}
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as examples: {error}") from error
    faults = [
        f"{path}: found no array {name!r}; accepted: {what}"
        for name, what in ARRAYS.items()
        if name not in arrays
    ]
    if not faults:
        faults = [f"{path}: {fault}" for fault in _faults(arrays)]
    if faults:
        raise ModelError(faults)
    return Examples(
        arrays["windows"],
        arrays["labels"].astype(np.int64),
        arrays["patients"].astype(np.str_),
        tuple(str(name) for name in arrays["names"]),
        {name: arrays[name].astype(np.str_) for name in arrays if name.startswith(GROUP)},
    )


def _faults(arrays: dict[str, NDArray[Any]]) -> list[str]:
    windows, labels, names = arrays["windows"], arrays["labels"], arrays["names"]
    faults: list[str] = []
    if windows.ndim != 2 or windows.dtype != np.float32 or not len(windows):
        found = f"{windows.dtype} of shape {windows.shape}"
        faults.append(f"found windows of {found}; accepted: float32, one row a window, not none")
    elif not np.isfinite(windows).all():
        bad = np.flatnonzero(~np.isfinite(windows).all(axis=1))
        faults.append(
            f"found {len(bad)} windows that are no numbers, first {bad[0]}; accepted: none"
        )
    faults += [
        f"found {arrays[name].shape} {name}; accepted: one a window, {len(windows)}"
        for name in ("labels", "patients", *(one for one in arrays if one.startswith(GROUP)))
        if arrays[name].shape != (len(windows),)
    ]
    if labels.dtype.kind not in "iu":
        faults.append(f"found labels of {labels.dtype}; accepted: whole numbers")
    elif len(labels) and not 0 <= labels.min() <= labels.max() < len(names):
        found = f"from {labels.min()} to {labels.max()}"
        faults.append(f"found labels {found}; accepted: 0 to {len(names) - 1}, the places of names")
    if len(set(names.tolist())) != len(names) or len(names) < 2:
        faults.append(f"found the names {names.tolist()}; accepted: two or more, none twice")
    return faults


def parted(examples: Examples, seed: int, shares: tuple[float, float] = (0.2, 0.3)) -> Parts:
    """Patients dealt out: so many to choose by, so many to judge on, the rest to learn from.

    Raises:
        ModelError: there are too few patients, or a part lacks a label.
    """
    patients = np.unique(examples.patients)
    if len(patients) < 3:
        raise ModelError(f"found {len(patients)} patients; accepted: three or more, to keep apart")
    np.random.default_rng(seed).shuffle(patients)
    choosing, judging = (max(1, round(share * len(patients))) for share in shares)
    cut = choosing + judging
    parts = Parts(
        training=examples.of(patients[cut:].tolist()),
        choosing=examples.of(patients[:choosing].tolist()),
        judging=examples.of(patients[choosing:cut].tolist()),
    )
    lacking = [
        f"found no {name!r} among the patients of {part}; accepted: every label in every part"
        for part in ("training", "choosing", "judging")
        for number, name in enumerate(examples.names)
        if number not in getattr(parts, part).labels
    ]
    if lacking:
        raise ModelError(lacking)
    return parts
