"""Document 19: what this tool is for, what could go wrong with it, and what was tried here."""

from collections import Counter
from typing import Any, Final

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.qualification import (
    AGAINST,
    AS_THEY_MUST,
    BEYOND,
    DOUBTS,
    Qualification,
    Verdict,
    read_qualification,
)
from edgeward_harness.pack.dress import listed
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

_TONES: Final = {
    **dict.fromkeys(AS_THEY_MUST, Tone.GOOD),
    **dict.fromkeys(AGAINST, Tone.BAD),
    **dict.fromkeys(DOUBTS, Tone.DOUBT),
    BEYOND: Tone.MISSING,
}
_VERDICTS: Final = {
    Verdict.QUALIFIED: Tone.GOOD,
    Verdict.NOT_QUALIFIED: Tone.BAD,
    Verdict.UNDECIDED: Tone.DOUBT,
}
_USE: Final = (
    "The harness runs verification suites on a device, judges what it sees against the promises of "
    "the device's profile, and seals the results so that a later change is found. Its results "
    "support decisions about the release of a medical device. A person makes the decision.\n\n"
    "It is software made for this purpose and configured by its user, so a fault of it can let a "
    "faulty device pass. Every such fault that could be thought of was seeded on the machine where "
    "it is used, and the tool had to find it."
)
_ERRORS: Final = (
    ("A broken device passes.", "devices with one defect each, in every suite", "twin"),
    ("A promise is written down and never judged.", "each promise moved out of reach", "limit"),
    ("What a device says is believed unseen.", "answers altered on their way", "wire"),
    ("The evaluation of a model is unfair.", "models, cards and patients mixed up", "made"),
    ("A sound device is accused.", "devices without a defect", "control"),
)
_OWED: Final = Missing(
    "the qualification of the tool",
    "Without it nobody has shown that the suites find a faulty device on the machine they ran on.",
    "edgeward qualify --out DIR, then --qualification DIR/qualification.dsse.json",
)


def build(source: PackSource) -> Document:
    """The record of `edgeward qualify`, held against what judged the bundles of this pack."""
    return Document(
        number="19",
        slug="tool-qualification",
        title="Tool qualification",
        purpose="The intended use of the verification tool, what could go wrong with it, and what "
        "was seeded on the user's machine to see that it does not.",
        sections=(Section("use", "Intended use", (Paragraph(_USE),)), *_sections(source)),
        answers=("FDA CSA testing", "ISO TR 80002-2 5.3.3", "IEC 62304 5.1.4"),
    )


def _sections(source: PackSource) -> tuple[Section, ...]:
    if source.qualification is None:
        return (Section("result", "Result", (_OWED,)),)
    try:
        found = read_qualification(source.qualification, source.trusted)
    except InputError as fault:
        why = "; ".join(fault.faults)
        broken = Missing("a qualification that can be believed", why, _OWED.remedy)
        return (Section("result", "Result", (broken,)),)
    return (
        _result(source, found),
        _errors(found),
        _suites(found),
        _defects(found),
        _probes(found),
        _argued(found),
        _versions(found),
    )


def _result(source: PackSource, found: Qualification) -> Section:
    record = found.record
    signer = Cell(found.keyid, Tone.GOOD) if found.trusted else absent("by nobody who is trusted")
    scope = "all suites" if record["scope_complete"] else f"only {', '.join(record['suites'])}"
    facts = (
        ("Conclusion", Cell(found.verdict.replace("_", " "), _VERDICTS[found.verdict])),
        ("Scope", Cell(scope, Tone.PLAIN if record["scope_complete"] else Tone.MISSING)),
        ("Begun", Cell(record["started_utc"])),
        ("Ended", Cell(record["ended_utc"])),
        ("Signed by", signer),
        ("The tool that judged the bundles here", _same(source, record["tool"])),
    )
    rows = tuple(Row((Cell(text, Tone.BAD),)) for text in found.reasons)
    table = Table("against", "What speaks against it or is open", (Column("Reason"),), rows)
    return Section("result", "Result", (Facts(facts), table))


def _same(source: PackSource, tool: dict[str, str]) -> Cell:
    """Whether what was qualified is what judged."""
    names = ("build_sha256", "suites_sha256")
    others = [
        one.label
        for one in source.evidence
        if any(one.bundle.manifest.tool.get(name) != tool[name] for name in names)
    ]
    if others:
        return absent(f"another one judged {', '.join(others)}")
    return Cell("is the one qualified", Tone.GOOD) if source.evidence else absent("no bundle")


def _errors(found: Qualification) -> Section:
    kinds = {kind: Counter[str]() for _, _, kind in _ERRORS}
    for row in found.record["defects"]:
        kinds.setdefault(row["kind"], Counter())[row["outcome"]] += 1
    rows = [Row((Cell(error), Cell(test), *_share(kinds[kind]))) for error, test, kind in _ERRORS]
    probes = Counter(_answered(row) for row in found.record["probes"])
    edits = found.record["tampering"]
    made, seen = (sum(row[key] for row in edits) for key in ("made", "found"))
    rows += [
        Row((Cell("A run that proves nothing looks good."), Cell("the false-green battery"),
             *_share(probes))),
        Row((Cell("Changed evidence is believed."), Cell("the tamper battery"),
             *_share(Counter(caught=seen, survived=made - seen)))),
    ]  # fmt: skip
    columns = (Column("What could go wrong", weight=2), Column("Tried by", weight=2),
               Column("Tried", Kind.NUMBER), Column("Found", Kind.NUMBER))  # fmt: skip
    table = Table("errors", "Potential errors and what tries them", columns, tuple(rows))
    return Section("errors", "Potential errors", (table,))


def _share(outcomes: Counter[str]) -> tuple[Cell, Cell]:
    tried = sum(count for name, count in outcomes.items() if name != BEYOND)
    good = sum(outcomes[name] for name in AS_THEY_MUST)
    if not tried:
        return absent("none"), absent("none")
    return Cell(f"{tried:,}"), Cell(f"{good:,}", Tone.GOOD if good == tried else Tone.BAD)


def _answered(row: dict[str, str]) -> str:
    return "caught" if row["observed"] == row["expected"] else "survived"


def _suites(found: Qualification) -> Section:
    columns = (Column("Suite", Kind.NAME), Column("Seeded", Kind.NUMBER),
               Column("As they must be", Kind.NUMBER), Column("Survived", Kind.NUMBER),
               Column("Open", Kind.NUMBER), Column("Out of reach", Kind.NUMBER))  # fmt: skip
    rows = []
    for name, outcomes in sorted(found.of_suites().items()):
        good = sum(outcomes[one] for one in AS_THEY_MUST)
        bad = sum(outcomes[one] for one in AGAINST)
        doubts = sum(outcomes[one] for one in DOUBTS)
        rows.append(Row((
            Cell(name), Cell(str(sum(outcomes.values()))), Cell(str(good), Tone.GOOD),
            Cell(str(bad), Tone.BAD if bad else Tone.QUIET),
            Cell(str(doubts), Tone.DOUBT if doubts else Tone.QUIET),
            Cell(str(outcomes[BEYOND]), Tone.PLAIN if outcomes[BEYOND] else Tone.QUIET),
        )))  # fmt: skip
    table = Table("suites", "Found and seeded", columns, tuple(rows))
    return Section("suites", "By suite", (table,))


def _defects(found: Qualification) -> Section:
    columns = (Column("Defect", Kind.NAME, 1.6), Column("What is wrong", weight=2.4),
               Column("Suite", Kind.NAME), Column("Case", Kind.NAME),
               Column("Outcome", Kind.NAME), Column("Seen by, or why not", weight=1.6),
               Column("Run", Kind.DIGEST))  # fmt: skip
    rows = tuple(_defect(row) for row in found.record["defects"])
    return Section("defects", "Every defect", (Table("defects", "Seeded", columns, rows),))


def _defect(row: dict[str, Any]) -> Row:
    run = row["statement_sha256"]
    return Row(
        (
            Cell(row["id"]),
            Cell(row["words"]),
            Cell(row["suite"]),
            listed(row["cases"]),
            Cell(row["outcome"].replace("_", " "), _TONES[row["outcome"]]),
            Cell(row["reason"]),
            Cell(run) if run else absent("no run"),
        ),
        anchor=f"defect-{row['id']}",
    )


def _probes(found: Qualification) -> Section:
    columns = (Column("Probe", Kind.NAME), Column("What is tried", weight=2),
               Column("Must be told as", Kind.NAME), Column("Was told as", Kind.NAME))  # fmt: skip
    rows = tuple(
        Row((Cell(row["id"]), Cell(row["words"]), Cell(row["expected"]),
             Cell(row["observed"], _TONES[_answered(row)])))
        for row in found.record["probes"]
    )  # fmt: skip
    edits = (Column("Edit"), Column("Made", Kind.NUMBER), Column("Found", Kind.NUMBER))
    tampering = tuple(
        Row((Cell(row["class"]), Cell(str(row["made"])),
             Cell(str(row["found"]), Tone.GOOD if row["made"] == row["found"] else Tone.BAD)))
        for row in found.record["tampering"]
    )  # fmt: skip
    return Section("batteries", "Batteries", (
        Table("probes", "What looks good and is not", columns, rows),
        Table("tampering", "A sealed bundle, changed", edits, tampering),
    ))  # fmt: skip


def _argued(found: Qualification) -> Section:
    columns = (Column("What", Kind.NAME), Column("Why nothing is seeded", weight=3))
    rows = tuple(Row((Cell(row["what"]), Cell(row["reason"]))) for row in found.record["argued"])
    return Section("argued", "What is argued", (Table("argued", "Not seeded", columns, rows),))


def _versions(found: Qualification) -> Section:
    parts = {**found.record["tool"], **found.record["packages"], **found.record["host"]}
    facts = tuple((name.replace("_", " "), Cell(value)) for name, value in parts.items())
    return Section("versions", "What was qualified", (Facts(facts),))
