"""The word, the meaning and the tone of every state a report can show.

Only *verified* is good. No other state, not even a case that passed, is shown as good: a case that
passed says something about one case, a verified requirement that everything it asks for was shown.
"""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a state is dressed. Colour only repeats what symbol and word already say."""

    GOOD = "good"  # verified, and nothing else
    DONE = "done"  # a case that ran and held
    BAD = "bad"  # the device broke a promise, or the evidence contradicts the plan
    DOUBT = "doubt"  # something ran and does not settle the question
    OPEN = "open"  # nothing ran
    ASIDE = "aside"  # left out in writing


@dataclass(frozen=True, slots=True)
class Word:
    """A state in plain language."""

    state: str
    word: str
    meaning: str
    tone: Tone


_WORDS = (
    Word(
        "verified",
        "verified",
        "Every planned case ran and held on this build, with counted evidence for this text.",
        Tone.GOOD,
    ),
    Word("passed", "passed", "The case ran, measured, and everything it counted held.", Tone.DONE),
    Word("failed", "failed", "At least one observation broke its criterion.", Tone.BAD),
    Word(
        "error",
        "error",
        "The bench failed, not the device. Nothing follows for the device.",
        Tone.BAD,
    ),
    Word(
        "unexpected_pass",
        "unexpected pass",
        "Expected to fail in writing, and passed. The deviation or the case is wrong.",
        Tone.BAD,
    ),
    Word("orphan", "orphan", "The result belongs to no planned case.", Tone.BAD),
    Word(
        "cannot_judge",
        "cannot judge",
        "The criterion was missed, but noise on the host can explain it. Run it again, elsewhere.",
        Tone.DOUBT,
    ),
    Word(
        "partial", "partial", "Some of what was planned held; the rest has no result.", Tone.DOUBT
    ),
    Word(
        "no_evidence",
        "no evidence",
        "It ran without a single counted measurement or check.",
        Tone.DOUBT,
    ),
    Word("flaky", "flaky", "It failed and then passed. A repetition is not a repair.", Tone.DOUBT),
    Word("stale", "stale", "The text, criterion or risk links changed after the run.", Tone.DOUBT),
    Word(
        "known_anomaly",
        "known anomaly",
        "It failed as a written deviation says it would.",
        Tone.DOUBT,
    ),
    Word("not_executed", "not executed", "Planned, and never run.", Tone.OPEN),
    Word("skipped", "skipped", "Started, and left without judging.", Tone.OPEN),
    Word(
        "waived",
        "waived",
        "Accepted in writing without being shown, until its expiry date.",
        Tone.ASIDE,
    ),
    Word(
        "not_applicable",
        "not applicable",
        "The profile, unit or device has no place for it; the reason is recorded.",
        Tone.ASIDE,
    ),
)
WORDS: dict[str, Word] = {word.state: word for word in _WORDS}


def word_for(state: str) -> Word:
    """The entry of a state; one that this version does not know is shown as open, never as good."""
    return WORDS.get(state) or Word(
        "unknown", state.replace("_", " "), "A state this version does not know.", Tone.OPEN
    )
