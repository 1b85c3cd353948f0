"""The verdict as one word and one plain sentence, for the report and for the terminal alike.

Rules:
1. A quick run is never called verified: its samples carry no release claim.
2. The sentence counts the requirements that apply. What does not apply, and what is waived, is
   named after it.
3. A run that passed with a waiver has passed with exceptions. What does not apply is none: nothing
   was asked of it.
4. Whose signals the figures rest on is said beside the verdict, never in a remark.
"""

from collections import Counter
from collections.abc import Sequence

from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.standing import AGAINST, MEETS, UNDECIDED, Standing
from edgeward_harness.report.model import Headline
from edgeward_harness.report.patients import patients_of
from edgeward_harness.report.words import Tone

_ICONS = {
    "Verified": "verified",
    "Quick look passed": "verified",
    "Passed with exceptions": "waived",
    "Refused": "failed",
    "Incomplete": "partial",
    "Not judged": "cannot_judge",
}
NAMED_MAX = 8
ROW_MIN = 3
"""Fewer neighbours are named one by one."""
"""Names a sentence lists before it says how many more there are."""


def suite_names(manifest: Manifest) -> tuple[str, ...]:
    """The suites of a run: those asked for, or all of them when none was named."""
    return manifest.suites or tuple(sorted({case.suite for case in manifest.cases.values()}))


def headline(bundle: Bundle, assessment: Assessment) -> Headline:
    """What a reader must know if they read nothing else."""
    manifest = bundle.manifest
    standings = Counter(str(entry.standing) for entry in assessment.requirements.values())
    verdict = str(assessment.verdict)
    word, tone = _word(verdict, manifest.depth, standings)
    return Headline(
        verdict=verdict,
        tone=tone.value,
        icon=_ICONS.get(word, "unknown"),
        word=word,
        sentence=_sentence(verdict, manifest, standings) + _apart(assessment),
        reasons=_beyond_requirements(assessment),
        standings=dict(sorted(standings.items())),
        exit_code=assessment.exit_code,
        patients=patients_of(bundle.records),
    )


def applicable(standings: Counter[str]) -> int:
    """How many requirements apply to this device."""
    return standings.total() - standings[Standing.NOT_APPLICABLE]


def named(names: Sequence[str]) -> str:
    """The first of them, neighbours by number as one, and how many more there are."""
    rows = _rows(names)
    first = ", ".join(_row(each) for each in rows[:NAMED_MAX])
    more = sum(len(each) for each in rows[NAMED_MAX:])
    return f"{first} and {more:,} more" if more else first


def _rows(names: Sequence[str]) -> list[list[str]]:
    """The names, cut where one does not follow its neighbour by number."""
    rows: list[list[str]] = []
    for name in names:
        if rows and _follows(name, rows[-1][-1]):
            rows[-1].append(name)
        else:
            rows.append([name])
    return [
        part for row in rows for part in ([row] if len(row) >= ROW_MIN else [[one] for one in row])
    ]


def _follows(name: str, before: str) -> bool:
    stem, _, number = name.rpartition("-")
    stem_before, _, number_before = before.rpartition("-")
    both = number.isdecimal() and number_before.isdecimal()
    return both and stem == stem_before and int(number) == int(number_before) + 1


def _row(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _word(verdict: str, depth: str, standings: Counter[str]) -> tuple[str, Tone]:
    if verdict == "passed":
        if depth == "quick":
            return "Quick look passed", Tone.DONE
        if standings[Standing.WAIVED]:
            return "Passed with exceptions", Tone.ASIDE
        return "Verified", Tone.GOOD
    words = {
        "failed": ("Refused", Tone.BAD),
        "incomplete": ("Incomplete", Tone.DOUBT),
        "cannot_judge": ("Not judged", Tone.DOUBT),
    }
    return words.get(verdict, (verdict.replace("_", " ").capitalize(), Tone.DOUBT))


def _sentence(verdict: str, manifest: Manifest, standings: Counter[str]) -> str:
    total = applicable(standings)
    what = f"{'requirement' if total == 1 else 'requirements'} of {_listed(suite_names(manifest))}"
    unit = manifest.unit
    where = f"{manifest.profile.name} ({unit.realization.replace('_', ' ')}, {unit.name} unit)"
    if verdict == "passed":
        return f"{standings['verified']} of {total} {what} {_do('hold', total)} on {where}."
    if verdict == "failed":
        broken = sum(standings[one] for one in AGAINST)
        return f"{broken} of {total} {what} {'does' if broken == 1 else 'do'} not hold on {where}."
    if verdict == "cannot_judge":
        unsettled = sum(standings[one] for one in UNDECIDED)
        return f"{unsettled} of {total} {what} could not be judged on {where}."
    left = sum(count for one, count in standings.items() if one not in MEETS)
    if not left:
        return f"The run of {_listed(suite_names(manifest))} on {where} is not whole."
    return (
        f"{left} of {total} {what} {'has' if left == 1 else 'have'} no complete result on {where}."
    )


def _do(verb: str, count: int) -> str:
    return f"{verb}s" if count == 1 else verb


def _apart(assessment: Assessment) -> str:
    """Rule 2."""
    said = {Standing.NOT_APPLICABLE: "Not applicable", Standing.WAIVED: "Waived"}
    parts = {
        word: [name for name, one in assessment.requirements.items() if one.standing is standing]
        for standing, word in said.items()
    }
    return "".join(f" {word}: {named(names)}." for word, names in parts.items() if names)


def _beyond_requirements(assessment: Assessment) -> tuple[str, ...]:
    """Why the run did not pass, apart from its requirements, which are named with their figures."""
    starts = tuple(f"{name} is " for name in assessment.requirements)
    return tuple(reason for reason in assessment.reasons if not reason.startswith(starts))


def _listed(names: tuple[str, ...]) -> str:
    if len(names) < 2:
        return "".join(names) or "no suite"
    return f"{', '.join(names[:-1])} and {names[-1]}"
