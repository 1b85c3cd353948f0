"""Document 09: what the model is, whom it learned from, how it was made small, and who checked."""

from collections.abc import Iterator, Mapping
from typing import Any

from edgeward_harness.inventory.model import Kind as Part
from edgeward_harness.inventory.reading import BillPart, read_bill
from edgeward_harness.pack.dress import given, supplied, written
from edgeward_harness.pack.measured import of_cases, of_suite, table
from edgeward_harness.pack.model import (
    Block,
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
from edgeward_harness.pack.source import PackSource, Taken
from edgeward_harness.report.facts import device_models

SUITE = "accuracy"
_PARTS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "split",
        "Strangers only",
        ("TC-ACC-010",),
        (
            "Nobody who taught, chose or calibrated the model may be in the evaluation; a split by "
            "chance puts windows of one patient on both sides and makes a model look good."
        ),
    ),
    (
        "same",
        "The model that was released is the one that answers",
        ("TC-ACC-001", "TC-ACC-040", "TC-ACC-012", "TC-ACC-013"),
        (
            "Answers are held bit by bit against the released file run on the bench, and against "
            "other processors where an emulator of them is at hand."
        ),
    ),
    (
        "change",
        "The change, as a predetermined change control plan would judge it",
        ("TC-ACC-011",),
        (
            "The new model against the original and against the version before: no label worse by "
            "the margin, fewer false alarms; else it is recorded and not put to use."
        ),
    ),
)


def build(source: PackSource) -> Document:
    """The models as devices and bill tell them, and what was shown of each."""
    return Document(
        number="09",
        slug="model-dossier",
        title="AI model dossier",
        purpose="Which models the device carries and that they are those tested, what their cards "
        "say of data, recipe and limits, the proof that nobody was on both sides, and what a "
        "change has to show.",
        sections=(_models(source), _cards(source), *_shown(source), _people(source)),
        answers=("FDA software 2023 VI.B", "FDA PCCP VII", "FDA AI lifecycle App. E"),
    )


def _models(source: PackSource) -> Section:
    bill = {} if source.sbom is None else {one.sha256: one for one in _bill_models(source.sbom)}
    seen: dict[tuple[str, str, str], set[str]] = {}
    for one in source.evidence:
        for context in one.bundle.contexts.values():
            for model in device_models(context.device):
                seen.setdefault(model, set()).add(one.profile)
    rows = []
    for (name, version, sha256), profiles in sorted(seen.items()):
        ships = Cell("it ships", Tone.GOOD) if sha256 in bill else Cell("not in the bill", Tone.BAD)
        told = ships if source.sbom is not None else absent("no bill was given")
        cells = (Cell(f"{name} {version}"), Cell(sha256), Cell(", ".join(sorted(profiles))), told)
        rows.append(Row(cells, anchor=sha256[:12]))
    columns = (
        Column("Model", Kind.NAME, 1.2),
        Column("Digest", Kind.DIGEST, 1.6),
        Column("Seen on", weight=1.2),
        Column("Is it what ships?", Kind.NAME),
    )
    text = "A model is a digest: what was judged is the file whose digest the device described."
    none = "no device described a model"
    models = Table("models", "Models that devices described", columns, tuple(rows), none)
    return Section("models", "Models", (Paragraph(text), models))


def _bill_models(sbom: bytes) -> tuple[BillPart, ...]:
    return read_bill(sbom, "the bill of materials").of(Part.MODEL)


def _cards(source: PackSource) -> Section:
    if source.sbom is None:
        why = "Intended use, data, recipe, figures and limits of a model stand on its card."
        remedy = "edgeward sbom --model PACKAGE --out FILE, then report --pack --sbom FILE"
        missing = Missing("the cards of the models", why, remedy)
        return Section("cards", "Cards", (missing,))
    blocks: list[Block] = []
    for one in _bill_models(source.sbom):
        blocks.append(Facts(tuple(_card(one))))
    return Section("cards", "Cards, as the bill of materials has them", tuple(blocks))


def _card(one: BillPart) -> Iterator[tuple[str, Cell]]:
    yield "model", Cell(f"{one.name} {one.version}")
    yield "digest", given(one.sha256, "no digest")
    yield "what it is for", given(one.description, "the card does not say")
    for word, told in one.told.items():
        yield str(word).removeprefix("edgeward:").replace("_", " "), Cell("; ".join(told))


def _shown(source: PackSource) -> Iterator[Section]:
    found = list(of_suite(source, SUITE))
    for name, title, cases, text in _PARTS:
        chosen = of_cases(found, cases)
        blocks: tuple[Block, ...] = (
            Paragraph(text),
            table(name, title, chosen) if chosen else _lacking(title, cases, source),
        )
        yield Section(name, title, blocks)
    yield Section("retention", "What was kept of the float model", (_retention(found),))


def _lacking(title: str, cases: tuple[str, ...], source: PackSource) -> Missing:
    reasons = [
        f"{name} on {one.profile}: {'; '.join(entry.reasons)}"
        for one in source.evidence
        for name in cases
        if (entry := one.readable.assessment.cases.get(name)) is not None and entry.reasons
    ]
    why = " ".join(reasons) or "None of its cases ran."
    return Missing(title.lower(), why, "edgeward verify --suite accuracy, see docs/guides")


def _retention(found: list[Taken]) -> Table:
    losses = [one for one in found if one.measurement.name.startswith(("loss", "right"))]
    return table("retention", "Against its float reference, through the device", losses)


def _people(source: PackSource) -> Section:
    blocks: list[Block] = []
    wanted: Mapping[str, Any] = {
        "the description of the planned changes": "A plan for changes names each, so that each can "
        "be tested.",
        "the plan to watch the model in use": "What a model does in the field no suite can see.",
    }
    if not source.submission.supplied_for("09"):
        blocks = [supplied("09", what, why) for what, why in wanted.items()]
    else:
        blocks.append(written(source, source.submission.supplied_for("09")))
    return Section("people", "What people plan", tuple(blocks))
