"""What a run shows, and what it does not: derived from the run, never left to the reader.

`not_proven` is never empty. Each entry names one thing that somebody in a hurry could take for
shown.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.measure.judge import Verdict
from edgeward_harness.measure.origin import Patients
from edgeward_harness.report.facts import text_of
from edgeward_harness.report.headline import applicable, named, suite_names
from edgeward_harness.report.model import CaseView, Caveat
from edgeward_harness.report.numbers import percent
from edgeward_harness.report.words import word_for


def shown(bundle: Bundle, assessment: Assessment) -> tuple[str, ...]:
    """What the records carry, in figures."""
    standings = Counter(str(entry.standing) for entry in assessment.requirements.values())
    measured = [part for record in bundle.records for part in record.measurements]
    observations = sum(part.n for part in measured)
    levels = sorted({part.confidence for part in measured if part.confidence is not None})
    planned = len(bundle.manifest.items)
    said = {
        f"{standings['verified']:,} of {applicable(standings):,} requirements that apply are "
        "verified, by cases that ran on this very build and counted what they saw.": True,
        f"{len(measured):,} measurements rest on {observations:,} observations, each with the "
        "value expected, the value observed and the method.": bool(measured),
        f"Budgets are held against upper confidence bounds ({', '.join(map(percent, levels))}), "
        "not against the values seen.": bool(levels),
        f"The plan of {planned:,} executions was fixed on disk before the first one ran; a "
        "dropped or replayed record breaks the chain of digests.": True,
    }
    return tuple(sentence for sentence, holds in said.items() if holds)


def not_proven(
    bundle: Bundle, assessment: Assessment, cases: Iterable[CaseView]
) -> tuple[Caveat, ...]:
    """What this report does not prove, most serious first."""
    return (
        *_open_ends(bundle),
        *_unverified(assessment),
        *_hardware(bundle),
        *_depth(bundle),
        *_limits(bundle),
        *_patients(bundle),
        *_noise(bundle),
        *_scope(bundle, assessment),
        *_unwritten(cases),
        *_deviations(bundle),
        Caveat(
            "People decide",
            "Whether the requirements are the right ones, the hazards complete and the device "
            "fit for its use. This page produces evidence for that decision; it does not take it.",
        ),
    )


def _open_ends(bundle: Bundle) -> Iterator[Caveat]:
    if bundle.ended is None:
        yield Caveat(
            "The run did not end", "Its last line is missing: it was killed, or is still running."
        )
    elif bundle.ended.interrupted:
        yield Caveat("The run was interrupted", "Cases after the interruption never ran.")
    if not bundle.manifest.scope_complete:
        yield Caveat(
            "Cases were left out", "Only a selection of the suites ran; a selection never verifies."
        )


def _unverified(assessment: Assessment) -> Iterator[Caveat]:
    by_standing: dict[str, list[str]] = {}
    for name, entry in assessment.requirements.items():
        by_standing.setdefault(str(entry.standing), []).append(name)
    for standing, names in by_standing.items():
        if standing != "verified":
            word = word_for(standing)
            what = "requirement" if len(names) == 1 else "requirements"
            topic = f"{len(names):,} {what}: {word.word}"
            yield Caveat(topic, f"{named(names)}. {word.meaning}")


def _hardware(bundle: Bundle) -> Iterator[Caveat]:
    seen = {context.realization for context in bundle.contexts.values()}
    seen = seen or {bundle.manifest.unit.realization}
    if "simulated" in seen:
        yield Caveat(
            "Real time and hardware",
            "The device was simulated inside the bench. Nothing here speaks for its timing.",
        )
    if "emulated" in seen:
        yield Caveat(
            "The target hardware",
            "The device was emulated: its software ran as a process on the host named below. "
            "Time, heat and power on the target may differ; only evidence taken on target speaks "
            "for it.",
        )
    if seen == {"on_target"}:
        serial = bundle.manifest.unit.serial or "not given"
        yield Caveat("Other units", f"One unit was judged (serial {serial}); no other was.")


def _depth(bundle: Bundle) -> Iterator[Caveat]:
    if bundle.manifest.depth == "quick":
        yield Caveat(
            "Any release claim",
            "The run was quick: its samples are too small for one. Depth standard is the least.",
        )


def _limits(bundle: Bundle) -> Iterator[Caveat]:
    loose: dict[str, str] = {}
    for context in bundle.contexts.values():
        for entry in context.enforcement:
            if entry.get("enforced") is not True:
                asked = text_of(entry.get("asked"))
                loose[text_of(entry.get("what"))] = f"{asked} ({text_of(entry.get('how'))})"
    if loose:
        named = "; ".join(f"{what}: {how}" for what, how in loose.items())
        yield Caveat("Limits not enforced here", f"The device was not held to {named}.")


def _patients(bundle: Bundle) -> Iterator[Caveat]:
    origins = [part.origin for record in bundle.records for part in record.measurements]
    kinds = {origin.patients for origin in origins if origin is not None}
    if Patients.SIMULATED in kinds:
        yield Caveat(
            "Real patients",
            "Patients were simulated where this page says so. What held for them shows that the "
            "device does what it was built to do; it says nothing about people.",
        )
    if Patients.RECORDED in kinds:
        yield Caveat(
            "Other patients",
            "Figures on recordings hold for those who were recorded, under the conditions of then. "
            "Bounds count on patients who are like them.",
        )


def _noise(bundle: Bundle) -> Iterator[Caveat]:
    noisy = [
        record.item
        for record in bundle.records
        if any(part.verdict is Verdict.CANNOT_JUDGE for part in record.measurements)
    ]
    if noisy:
        yield Caveat("Cases left unjudged", f"{named(noisy)}. {word_for('cannot_judge').meaning}")
    yield Caveat(
        "A quiet host",
        "Noise on a host only ever adds delay: what held, held in spite of it. How much there was "
        "is recorded beside the timing cases.",
    )


def _scope(bundle: Bundle, assessment: Assessment) -> Iterator[Caveat]:
    profile = bundle.manifest.profile.name
    yield Caveat("Other profiles", f"Only {profile} was run. Each profile needs its own run.")
    suites = ", ".join(suite_names(bundle.manifest)) or "nothing"
    beyond = len(assessment.beyond)
    left = f" {beyond:,} known requirements belong to other suites." if beyond else ""
    yield Caveat(
        "Other properties", f"Only {suites} was in scope.{left} Nothing follows for the rest."
    )


def _unwritten(cases: Iterable[CaseView]) -> Iterator[Caveat]:
    """Cases that ran by a test that does not say what it does: only its code does."""
    names = [case.id for case in cases if case.items and not case.procedure]
    if names:
        what = "procedure" if len(names) == 1 else "procedures"
        yield Caveat(
            f"{len(names):,} {what} not written",
            f"{named(names)}. What was done stands in the code of the suite only, by its digest.",
        )


def _deviations(bundle: Bundle) -> Iterator[Caveat]:
    names = [entry.id for entry in bundle.manifest.deviations]
    if names:
        what = "deviation" if len(names) == 1 else "deviations"
        yield Caveat(
            f"{len(names):,} {what}", f"{named(names)}: accepted in writing, and not shown."
        )
