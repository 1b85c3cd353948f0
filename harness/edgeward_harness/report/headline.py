"""The verdict as one word and one plain sentence.

A quick run is never called verified in the headline: its samples carry no release claim. The
sentence counts the requirements that apply; what does not apply is said apart.
"""

from collections import Counter

from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.standing import AGAINST, MEETS, UNDECIDED
from edgeward_harness.report.model import Headline
from edgeward_harness.report.words import Tone

_ICONS = {
    "passed": "verified",
    "failed": "failed",
    "incomplete": "partial",
    "cannot_judge": "cannot_judge",
}


def suite_names(manifest: Manifest) -> tuple[str, ...]:
    """The suites of a run: those asked for, or all of them when none was named."""
    return manifest.suites or tuple(sorted({case.suite for case in manifest.cases.values()}))


def headline(manifest: Manifest, assessment: Assessment) -> Headline:
    """What a reader must know if they read nothing else."""
    standings = Counter(str(entry.standing) for entry in assessment.requirements.values())
    verdict = str(assessment.verdict)
    word, tone = _word(verdict, manifest.depth)
    return Headline(
        verdict=verdict,
        tone=tone.value,
        icon=_ICONS.get(verdict, "unknown"),
        word=word,
        sentence=_sentence(verdict, manifest, standings),
        reasons=_beyond_requirements(assessment),
        standings=dict(sorted(standings.items())),
        exit_code=assessment.exit_code,
    )


def _word(verdict: str, depth: str) -> tuple[str, Tone]:
    if verdict == "passed":
        return ("Quick look passed", Tone.DONE) if depth == "quick" else ("Verified", Tone.GOOD)
    words = {
        "failed": ("Refused", Tone.BAD),
        "incomplete": ("Incomplete", Tone.DOUBT),
        "cannot_judge": ("Not judged", Tone.DOUBT),
    }
    return words.get(verdict, (verdict.replace("_", " ").capitalize(), Tone.DOUBT))


def _sentence(verdict: str, manifest: Manifest, standings: Counter[str]) -> str:
    total = standings.total() - standings["not_applicable"]
    what = f"{'requirement' if total == 1 else 'requirements'} of {_listed(suite_names(manifest))}"
    unit = manifest.unit
    where = f"{manifest.profile.name} ({unit.realization.replace('_', ' ')}, {unit.name} unit)"
    if verdict == "passed":
        return f"{standings['verified']} of {total} {what} hold on {where}."
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


def _beyond_requirements(assessment: Assessment) -> tuple[str, ...]:
    """Why the run did not pass, apart from its requirements, which are named with their figures."""
    starts = tuple(f"{name} is " for name in assessment.requirements)
    return tuple(reason for reason in assessment.reasons if not reason.startswith(starts))


def _listed(names: tuple[str, ...]) -> str:
    if len(names) < 2:
        return "".join(names) or "no suite"
    return f"{', '.join(names[:-1])} and {names[-1]}"
