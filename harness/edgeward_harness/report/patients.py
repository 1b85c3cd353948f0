"""Whose signals the measurements of a run rest on: said in the head, before anyone reads a figure.

Rules:
1. Each kind of patients is counted apart, out of all measurements. What is not about patients, such
   as a count of bytes, is of neither kind.
2. Recordings are named by their collection with the digest of what was read of it, so that somebody
   else can tell whether they look at the same recordings.
"""

from collections.abc import Iterable

from edgeward_harness.evidence.record import Record
from edgeward_harness.measure.origin import Origin, Patients
from edgeward_harness.report.model import Collection, PatientsView

_SAID = {
    Patients.SIMULATED: "of simulated patients; they say nothing about people",
    Patients.RECORDED: "of recorded patients",
}


def patients_of(records: Iterable[Record]) -> tuple[PatientsView, ...]:
    """Each kind of patients that measurements rest on, with how many do."""
    measured = [part for record in records for part in record.measurements]
    views = []
    for kind in Patients:
        origins = [part.origin for part in measured if part.origin and part.origin.patients is kind]
        if origins:
            collections = _collections(origins)
            views.append(
                PatientsView(
                    patients=kind.value,
                    measurements=len(origins),
                    sentence=_sentence(kind, len(origins), len(measured), collections),
                    collections=collections,
                )
            )
    return tuple(views)


def _collections(origins: Iterable[Origin]) -> tuple[Collection, ...]:
    """Rule 2. One collection may be there more than once: cases read different parts of it."""
    pairs = {pair for origin in origins for pair in origin.collections.items()}
    return tuple(Collection(name, sha256) for name, sha256 in sorted(pairs))


def _sentence(kind: Patients, count: int, total: int, collections: Iterable[Collection]) -> str:
    names = ", ".join(sorted({one.name for one in collections}))
    verb = "is" if count == 1 else "are"
    measured = "measurement" if total == 1 else "measurements"
    return f"{count:,} of {total:,} {measured} {verb} {_SAID[kind]}{f' ({names})' * bool(names)}."
