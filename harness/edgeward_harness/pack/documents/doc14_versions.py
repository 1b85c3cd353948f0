"""Document 14: which versions there were, and whether what was tested is what is released."""

from collections.abc import Iterator

from edgeward_harness.evidence.identity import builds, components
from edgeward_harness.pack.dress import given, paragraph
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
    absent,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.submission import Version


def build(source: PackSource) -> Document:
    """The versions that people name, the builds that bundles rest on, and how they fit."""
    return Document(
        number="14",
        slug="versions",
        title="Software version history",
        purpose="Every version that was tested with what changed in it, and whether the build that "
        "was tested is the one to be released.",
        sections=(_history(source), _tested(source), _parts(source)),
        answers=("FDA software 2023 VI.I", "IEC 62304 5.8.4", "IEC 62304 8.3"),
    )


def _history(source: PackSource) -> Section:
    versions = source.submission.versions
    if not versions:
        why = "Each version that was ever tested is named with its day and its changes."
        missing = Missing("the history of versions", why, "[[version]] in submission.toml")
        return Section("history", "History", (missing,))
    columns = (
        Column("Version", Kind.NAME, 0.8),
        Column("Day", Kind.NAME, 0.8),
        Column("What changed", weight=3),
        Column("Build", Kind.DIGEST),
        Column("Why what differs from the release does not matter", weight=1.6),
    )
    rows = tuple(_version(source, one) for one in sorted(versions, key=lambda one: one.dated))
    return Section("history", "History", (Table("history", "Versions", columns, rows),))


def _version(source: PackSource, one: Version) -> Row:
    final = one.id == source.submission.about.release
    why = Cell("it is the release", Tone.GOOD) if final else given(one.assessment, "no reason")
    changes = Cell(paragraph(one.changes))
    build_cell = given(one.build_sha256, "no build named")
    return Row((Cell(one.id), Cell(one.dated.isoformat()), changes, build_cell, why), one.id)


def _tested(source: PackSource) -> Section:
    rows = tuple(_bridge(source))
    columns = (
        Column("Bundle", Kind.NAME, 1.2),
        Column("Build tested", Kind.DIGEST, 1.4),
        Column("Build to be released", Kind.DIGEST, 1.4),
        Column("The same?", Kind.NAME),
    )
    text = (
        "The build is the digest over the device's software as the device tells it; the bill of "
        "materials (document 05) holds that against the files that are installed."
    )
    table = Table("tested", "What was tested, and what is to be released", columns, rows)
    return Section("tested", "Is it the release?", (Paragraph(text), table))


def _bridge(source: PackSource) -> Iterator[Row]:
    about = source.submission.about
    named = {one.build_sha256 for one in source.submission.versions if one.id == about.release}
    released = about.build_sha256 or next(iter(sorted(named - {""})), "")
    for one in source.evidence:
        found = sorted(builds(one.bundle.contexts))
        told = ", ".join(found)
        same = Cell("yes", Tone.GOOD) if found == [released] else Cell("no", Tone.BAD)
        if not released or not found:
            same = absent("not known")
        yield Row(
            (
                Cell(one.label),
                given(told, "no device names its build"),
                given(released, "build_sha256 in submission.toml"),
                same,
            )
        )


def _parts(source: PackSource) -> Section:
    found: dict[str, str] = {}
    for one in source.evidence:
        found |= components(one.bundle.contexts)
    rows = tuple((name, Cell(sha256)) for name, sha256 in sorted(found.items()))
    text = "Software and models that devices described in these runs, each by its digest."
    return Section("parts", "What was on the devices", (Paragraph(text), Facts(rows)))
