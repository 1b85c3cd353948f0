"""Document 01: how much harm the software may do, and so how much has to be written about it."""

from collections import Counter

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.pack.dress import given, paragraph, supplied
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Facts,
    Kind,
    Missing,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.report.facts import flatten

_ORDER = {one: place for place, one in enumerate(sorted(SafetyClass))}
_ABOUT = ("clinical.",)
"""The parts of a profile that say for whom it is and how it is classed."""
_REMEDY = "{key} in [submission] of submission.toml"


def build(source: PackSource) -> Document:
    """What was declared, and what the requirements and profiles say beside it."""
    return Document(
        number="01",
        slug="level-and-class",
        title="Documentation level and safety class",
        purpose="Which IEC 62304 class and which FDA documentation level were declared, why, and "
        "whether requirements and profiles agree with it.",
        sections=(_declared(source), _classes(source), _profiles(source)),
        answers=("IEC 62304 4.3", "FDA software 2023 VI.A"),
    )


def _declared(source: PackSource) -> Section:
    about = source.submission.about
    blocks: list[Facts | Missing | Paragraph] = []
    told = {
        "device": about.device,
        "manufacturer": about.manufacturer,
        "release": about.release,
        "safety class": about.safety_class.value if about.safety_class else "",
        "documentation level": about.level.value if about.level else "",
        "intended use": paragraph(about.intended_use),
    }
    rows = [(name, given(text, "not declared")) for name, text in told.items()]
    if about.architecture:
        rows.append(("parts, and how they are kept apart", Cell(paragraph(about.architecture))))
    blocks.append(Facts(tuple(rows)))
    if about.rationale:
        blocks.append(Paragraph(paragraph(about.rationale)))
    else:
        why = "A class or a level without a reason in writing cannot be reviewed."
        blocks.append(
            Missing("the reason for class and level", why, _REMEDY.format(key="rationale"))
        )
    covered = source.submission.supplied_for("01")
    if not covered:
        why = "The level follows from the worst harm that is probable before any control."
        blocks.append(supplied("01", "the evaluation that the level follows from", why))
    return Section("declared", "What was declared", tuple(blocks))


def _classes(source: PackSource) -> Section:
    declared = source.submission.about.safety_class
    counted = Counter(one.safety_class for one in source.trace.requirements.values())
    rows = []
    for one in sorted(SafetyClass):
        above = declared is not None and _ORDER[one] > _ORDER[declared] and counted[one] > 0
        told = (
            Cell("above the class declared for the whole", Tone.BAD)
            if above
            else Cell("within it", Tone.GOOD)
        )
        if declared is None:
            told = Cell("nothing was declared to hold it against", Tone.MISSING)
        if not counted[one]:
            told = Cell("no requirement of it", Tone.QUIET)
        rows.append(Row((Cell(one.value), Cell(f"{counted[one]:,}"), told)))
    columns = (
        Column("Class", Kind.NAME, 0.5),
        Column("Requirements", Kind.NUMBER, 0.7),
        Column("Against the class of the whole", weight=3),
    )
    text = (
        "Each requirement carries the class of the item it is about. An item of a lower class "
        "than the whole needs proof that it is kept apart; none is claimed where all are alike."
    )
    table = Table("classes", "Requirements by class", columns, tuple(rows))
    return Section("classes", "Class by requirement", (Paragraph(text), table))


def _profiles(source: PackSource) -> Section:
    rows = []
    for one in source.evidence:
        found = flatten(one.bundle.manifest.profile.resolved)
        told = "; ".join(f"{name}: {value}" for name, value in found if name.startswith(_ABOUT))
        rows.append(Row((Cell(one.profile), given(told, "its profile says nothing of it"))))
    columns = (Column("Profile", Kind.NAME), Column("What it says of class and region", weight=3))
    table = Table("profiles", "What each device profile says", columns, tuple(rows))
    return Section("profiles", "Profiles", (table,))
