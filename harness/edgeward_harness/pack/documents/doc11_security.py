"""Document 11: which kinds of security test were done with what, and which were not done here."""

from typing import Final

from edgeward_harness.pack.dress import listed, owed, supplied, written
from edgeward_harness.pack.measured import of_suite, table
from edgeward_harness.pack.model import (
    Block,
    Cell,
    Column,
    Document,
    Facts,
    Paragraph,
    Row,
    Section,
    Table,
    absent,
)
from edgeward_harness.pack.source import PackSource
from edgeward_harness.pack.words import Work
from edgeward_harness.report.facts import flatten

SUITES = ("encryption", "offline")
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("security requirements", "every requirement of security has a case", "encryption"),
    ("threat mitigation", "each threat is tried; what stands against it must hold", "encryption"),
    ("malformed and unexpected input", "wrong answers, wrong bytes, wrong receivers", "encryption"),
    ("robustness", "power, disk, network and clock fail while records are kept", "offline"),
    (
        "hard-coded and leaked secrets",
        "keys are looked for in logs, arguments and files",
        "encryption",
    ),
)
_ELSEWHERE: Final = {
    Work.STATIC_ANALYSIS: (
        "static analysis of the source",
        "report of a static analyser, with its version and settings",
    ),
    Work.COMPOSITION_ANALYSIS: (
        "analysis of the binaries' parts",
        "report of a composition analysis of the shipped image",
    ),
    Work.PORT_SCAN: ("scan of open ports from outside", "report of a port scan of the device"),
    Work.FUZZING: (
        "fuzzing of the device's parsers",
        "report of a fuzzing campaign, with its hours and coverage",
    ),
    Work.PENETRATION_TEST: (
        "penetration test",
        "the original report of an independent penetration test",
    ),
}


def build(source: PackSource) -> Document:
    """The kinds of test, what was observed, and the slots for what others do."""
    return Document(
        number="11",
        slug="security-verification",
        title="Security verification",
        purpose="Kinds of security test with tool, version and result; what was observed of "
        "encryption, identity and receipts; and the reports that others have to give.",
        sections=(_kinds(source), _promises(source), *_observed(source), _elsewhere(source)),
        answers=("FDA cybersecurity 2026 V.C", "IEC 81001-5-1 5.7.1", "IEC 81001-5-1 5.7.2"),
    )


def _kinds(source: PackSource) -> Section:
    tools = sorted(
        {
            f"{one.bundle.manifest.tool.get('name')} {one.bundle.manifest.tool.get('version')}"
            for one in source.evidence
        }
    )
    rows = []
    for kind, how, suite in _KINDS:
        cases = [one.id for one in source.trace.cases.values() if one.suite == suite]
        ran = sorted({one.evidence.profile for one in of_suite(source, suite)})
        rows.append(
            Row(
                (
                    Cell(kind),
                    Cell(how),
                    Cell(f"suite {suite}, {len(cases)} cases", link=f"06#{suite}"),
                    owed(tools, "no tool named"),
                    listed(ran) if ran else absent("not run"),
                )
            )
        )
    columns = (
        Column("Kind of test", weight=1.2),
        Column("How", weight=1.8),
        Column("By", weight=1.2),
        Column("Tool", weight=1.2),
        Column("Ran on", weight=1.2),
    )
    text = (
        "The suites are run by the maker of the device or whoever holds the harness; they are not "
        "independent of it unless the signer of the bundle is. Settings of a run are its depth and "
        "seed, in document 07."
    )
    kinds = Table("kinds", "Kinds of test that were done here", columns, tuple(rows))
    return Section("kinds", "Kinds of test", (Paragraph(text), kinds))


def _promises(source: PackSource) -> Section:
    facts = tuple(
        (f"{one.profile}: {name.removeprefix('security.')}", Cell(value))
        for one in source.evidence
        for name, value in flatten(one.bundle.manifest.profile.resolved)
        if name.startswith("security.")
    )
    return Section("promises", "What each profile promises", (Facts(facts),))


def _observed(source: PackSource) -> list[Section]:
    titles = {"encryption": "Encryption, identity, receipts", "offline": "Kept and delivered"}
    made = []
    for suite in SUITES:
        found = list(of_suite(source, suite))
        blocks: tuple[Block, ...] = (
            table(suite, f"Measurements of the suite {suite}", found, "the suite was not run"),
        )
        made.append(Section(suite, titles[suite], blocks))
    return made


def _elsewhere(source: PackSource) -> Section:
    given = source.submission.supplied_for("11")
    blocks: list[Block] = []
    if given:
        blocks.append(written(source, given, "Reports of others, as they were given"))
    for work, (kind, what) in _ELSEWHERE.items():
        if not source.submission.reporting(work):
            why = f"The {kind} is not done by these suites."
            blocks.append(supplied("11", what, why, work))
    return Section("elsewhere", "What others do", tuple(blocks))
