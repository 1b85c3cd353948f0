"""The words of an approval: what a signature may mean, and what it may be put under.

The vocabulary is closed. What a person signs is printed beside the name in these words, so nobody
can read another meaning into it later.
"""

from enum import StrEnum


class SubjectKind(StrEnum):
    """What a person puts a name to."""

    PLAN = "plan"
    BUNDLE = "bundle"
    PACK = "pack"
    DOCUMENT = "document"
    DEVIATION = "deviation"


class Meaning(StrEnum):
    """What a signature means."""

    AUTHORED = "authored"
    APPROVED_PLAN = "approved_plan"
    REVIEWED_RESULTS = "reviewed_results"
    ACCEPTED_RISK = "accepted_risk"
    ACCEPTED_DEVIATION = "accepted_deviation"
    APPROVED_DOCUMENT = "approved_document"
    APPROVED_RELEASE = "approved_release"

    @property
    def said(self) -> str:
        """As it is printed beside a name."""
        return _SAID[self]

    @property
    def fits(self) -> frozenset[SubjectKind]:
        """What it can be said about."""
        return _FITS[self]


_SAID = {
    Meaning.AUTHORED: "wrote it",
    Meaning.APPROVED_PLAN: "approved the plan",
    Meaning.REVIEWED_RESULTS: "reviewed the results",
    Meaning.ACCEPTED_RISK: "accepted the residual risk",
    Meaning.ACCEPTED_DEVIATION: "accepted the deviation",
    Meaning.APPROVED_DOCUMENT: "approved the document",
    Meaning.APPROVED_RELEASE: "approved the release",
}
_PAPERS = frozenset({SubjectKind.PACK, SubjectKind.DOCUMENT})
_RESULTS = frozenset({SubjectKind.BUNDLE, SubjectKind.PACK})
_FITS = {
    Meaning.AUTHORED: frozenset({SubjectKind.PLAN, *_PAPERS}),
    Meaning.APPROVED_PLAN: frozenset({SubjectKind.PLAN}),
    Meaning.REVIEWED_RESULTS: _RESULTS,
    Meaning.ACCEPTED_RISK: _RESULTS,
    Meaning.ACCEPTED_DEVIATION: frozenset({SubjectKind.DEVIATION}),
    Meaning.APPROVED_DOCUMENT: _PAPERS,
    Meaning.APPROVED_RELEASE: _RESULTS,
}


def meanings_of(kind: SubjectKind) -> tuple[Meaning, ...]:
    """What can be said about such a thing."""
    return tuple(one for one in Meaning if kind in one.fits)
