"""Rules 39 to 44: what each record must hold, what no document may say, and who signed."""

import re
from collections.abc import Iterator

from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.inventory.words import Word
from edgeward_harness.pack.audit.rule import Case, Rule, Said, beside, held, unknown
from edgeward_harness.pack.model import Document, Facts, Paragraph, Table
from edgeward_harness.pack.source import Evidence

_PROMISES = re.compile(r"\b(T[O]DO|TBD|F[I]XME|X[X]X|to be (?:defined|determined|done|added))\b")


def _values(case: Case) -> Said:
    faults, count = [], 0
    for taken in case.source.measurements():
        part = taken.measurement
        count += 1
        lacking = [
            what
            for what, value in (("expected", part.expected), ("observed", part.observed))
            if value is None or value == ""
        ]
        if lacking:
            told = f"{taken.evidence.label}, {taken.record.item}, {part.name}"
            faults.append(f"{told}: no {' and no '.join(lacking)}")
    if not count:
        return unknown("no measurement was taken")
    return held(
        faults, f"{count:,} measurements with what was expected and what was observed", count
    )


def _configuration(case: Case) -> Said:
    faults = [text for one in case.source.evidence for text in _unconfigured(one)]
    good = "each bundle tells signer, moments, tools, profile, unit and device"
    return held(faults, good, len(case.source.evidence))


def _unconfigured(one: Evidence) -> Iterator[str]:
    manifest = one.bundle.manifest
    told = {
        "who ran it": one.verification.signer,
        "when it ended": one.bundle.ended,
        "the harness": manifest.tool.get("build_sha256"),
        "the protocol": manifest.tool.get("suites_sha256"),
        "a device": one.bundle.contexts,
        "the host": manifest.host,
    }
    for what, value in told.items():
        if not value:
            yield f"{one.label} does not tell {what}"


def _promises(case: Case) -> Said:
    faults = [
        f"document {one.number}: {found.group(0)}"
        for one in case.documents
        for text in _texts(one)
        if (found := _PROMISES.search(text))
    ]
    count = len(case.documents)
    return held(faults, f"none in the words of {count} documents", count)


def _texts(document: Document) -> Iterator[str]:
    yield document.purpose
    for block in document.blocks:
        if isinstance(block, Paragraph):
            yield block.text
        elif isinstance(block, Facts):
            yield from (cell.text for _, cell in block.rows)
        elif isinstance(block, Table):
            yield from (cell.text for row in block.rows for cell in row.cells)


def _waivers(case: Case) -> Said:
    faults = [
        f"{one.id} expired on {one.expires.isoformat()}"
        for one in case.source.trace.deviations.values()
        if one.expires < case.source.as_of
    ]
    count = len(case.source.trace.deviations)
    if not count:
        return beside("no deviation was accepted")
    good = f"{count} deviations, none expired on {case.source.as_of.isoformat()}"
    return held(faults, good, count)


def _exploited(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown("no bill of materials was given")
    bill = read_bill(case.source.sbom, "the bill of materials")
    if not bill.says(Word.EXPLOITED_LIST):
        return unknown("the bill was not held against a list of flaws known to be used")
    faults = [
        f"{one.id} is known to be used, and {one.state or 'nothing was decided'}"
        for one in bill.flaws
        if Word.EXPLOITED in one.told and one.state not in ("not_affected", "resolved")
    ]
    return held(faults, "no flaw that is known to be used is open", 1)


def _signatures(case: Case) -> Said:
    faults = [f"{one.label}: {text}" for one in case.source.evidence for text in _bad(one)]
    folder = case.source.approvals
    if folder is not None:
        faults += folder.faults
    if folder is None or not folder.signed:
        return held([*faults, "no person signed anything"], "", 0)
    keys = {one.keyid for one in folder.signed}
    people = {one.approval.user for one in folder.signed}
    runs = {one.verification.signer for one in case.source.evidence}
    if len(people) < 2 or len(keys - runs) < 2:
        faults.append(f"signed by {len(people)} people with {len(keys)} keys; expected two of each")
    good = f"{len(folder.signed)} signatures of {len(people)} people, all good"
    return held(faults, good, len(folder.signed))


def _bad(one: Evidence) -> Iterator[str]:
    if not one.verification.intact:
        yield from one.verification.faults
    elif one.verification.signer is None:
        yield "has no good signature"


RULES = (
    Rule(39, "Does each measurement tell what was expected and what was observed?", _values, "07",
         "edgeward verify"),
    Rule(40, "Does each record tell who, when, with what and on what?", _configuration, "07",
         "edgeward verify"),
    Rule(41, "Is no document promising what is not there?", _promises, "00",
         "write it, or take it out"),
    Rule(42, "Has no waiver expired?", _waivers, "20", "edgeward waive"),
    Rule(43, "Is no flaw open that is known to be used?", _exploited, "05",
         "edgeward sbom --kev FILE --vex FILE"),
    Rule(44, "Is every signature good, and are they of different people?", _signatures, "20",
         "edgeward approve --approvals DIR, by two people"),
)  # fmt: skip
