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
    BAD = "bad"  # what was seen contradicts what was promised or announced
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


_MEANINGS = {
    Tone.GOOD: {
        "verified": "Every planned case ran and held on this build, with counted evidence.",
    },
    Tone.DONE: {
        "passed": "The case ran, measured, and everything it counted held.",
    },
    Tone.BAD: {
        "failed": "At least one observation broke its criterion.",
        "flaky": "Attempts contradict each other. A repetition is not a repair.",
        "known_anomaly": "It failed as announced, and nobody has accepted that in writing.",
        "unexpected_pass": "It was announced to fail, and passed: the announcement is wrong.",
    },
    Tone.DOUBT: {
        "error": "The bench broke, not the device. Nothing follows for the device.",
        "cannot_judge": "A criterion was missed, but noise on the host can explain it.",
        "no_evidence": "It ran without a single counted measurement or check.",
        "partial": "Some of what was planned held; the rest has no result.",
        "stale": "The text, criterion, risk links or plan have changed since the run.",
        "orphan": "A case cites it, and no such requirement is known.",
    },
    Tone.OPEN: {
        "not_executed": "Planned, and never run.",
        "skipped": "The case chose not to run, or not to go on.",
    },
    Tone.ASIDE: {
        "waived": "Not shown, and accepted in writing until a day that is stated.",
        "not_applicable": "The profile, unit or device has no place for it; the reason is given.",
    },
}
WORDS: dict[str, Word] = {
    state: Word(state, state.replace("_", " "), meaning, tone)
    for tone, meanings in _MEANINGS.items()
    for state, meaning in meanings.items()
}
"""Every state that a requirement, a case or an item can have."""


def word_for(state: str) -> Word:
    """The entry of a state; one that this version does not know is shown as open, never as good."""
    return WORDS.get(state) or Word(
        "unknown", state.replace("_", " "), "A state this version does not know.", Tone.OPEN
    )
