"""Document 16: what was built with what, and how anybody can tell that it arrived whole."""

from collections.abc import Iterator, Mapping
from typing import Any

from edgeward_harness.evidence.identity import builds
from edgeward_harness.pack.dress import given, supplied, written
from edgeward_harness.pack.model import (
    Cell,
    Column,
    Document,
    Facts,
    Kind,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
)
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.report.facts import text_of


def build(source: PackSource) -> Document:
    """Digests of everything that took part, and the tools of each host."""
    return Document(
        number="16",
        slug="build-and-delivery",
        title="Build and delivery record",
        purpose="The digest of everything that was judged and that judged, the environment of each "
        "run, and how the delivered bits are held against what was tested.",
        sections=(
            _digests(source),
            *(_host(one) for one in source.evidence),
            _delivery(source),
        ),
        answers=("IEC 62304 5.8.5", "IEC 62304 5.8.8", "IEC 81001-5-1 5.8.3"),
    )


def _digests(source: PackSource) -> Section:
    columns = (
        Column("Bundle", Kind.NAME, 1.2),
        Column("Device build", Kind.DIGEST),
        Column("Profile", Kind.DIGEST),
        Column("Protocol", Kind.DIGEST),
        Column("Harness", Kind.DIGEST),
        Column("Signed statement", Kind.DIGEST),
        Column("Whole?", Kind.NAME, 0.7),
    )
    rows = tuple(_row(one) for one in source.evidence)
    table = Table("digests", "By digest", columns, rows)
    text = (
        "Each digest is SHA-256. Protocol and harness are digests over the source files that "
        "judged; the same sources give the same digest on any machine."
    )
    return Section("digests", "What took part", (Paragraph(text), table))


def _row(one: Evidence) -> Row:
    manifest = one.bundle.manifest
    whole = Cell("yes", Tone.GOOD) if one.verification.intact else Cell("no", Tone.BAD)
    return Row(
        (
            Cell(one.label),
            given(", ".join(sorted(builds(one.bundle.contexts))), "no build named"),
            Cell(manifest.profile.sha256),
            given(str(manifest.tool.get("suites_sha256") or ""), "no digest"),
            given(str(manifest.tool.get("build_sha256") or ""), "no digest"),
            Cell(one.statement_sha256),
            whole,
        )
    )


def _host(one: Evidence) -> Section:
    """The environment of a run; packages have a table, the load of a moment is left out."""
    host = one.bundle.manifest.host
    left_out = ("packages", "load_average")
    facts = tuple(
        (name.replace("_", " "), Cell(text_of(value)))
        for name, value in sorted(host.items())
        if name not in left_out
    )
    columns = (Column("Package", Kind.NAME), Column("Version", Kind.NAME))
    rows = tuple(Row((Cell(name), Cell(version))) for name, version in _packages(host))
    table = Table(f"packages-{one.place}", "Packages of the host", columns, rows)
    return Section(f"host-{one.place}", f"Environment of {one.label}", (Facts(facts), table))


def _packages(host: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    packages = host.get("packages")
    if isinstance(packages, Mapping):
        yield from sorted((str(name), str(version)) for name, version in packages.items())


def _delivery(source: PackSource) -> Section:
    text = (
        "A device tells the digest over its own software when it is asked to describe itself, and "
        "the bill of materials is made from the files that are installed; a delivered device is "
        "held against both by the same two commands that were used here."
    )
    why = "Who builds for production, on which machine and with which procedure, no run can know."
    given_here = source.submission.supplied_for("16")
    blocks: list[Paragraph | Table] = [Paragraph(text)]
    if not given_here:
        missing = supplied("16", "the build procedure for production", why)
        return Section("delivery", "Delivery", (*blocks, missing))
    table = written(source, given_here)
    return Section("delivery", "Delivery", (*blocks, table))
