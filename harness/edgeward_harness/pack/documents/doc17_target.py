"""Document 17: on which hardware it was shown, what is installed there, and within which limits."""

from collections.abc import Iterator

from edgeward_harness.pack.dress import given, listed, state, supplied
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
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.report.facts import device_facts, device_models, flatten, text_of

_PERFORMANCE = ("latency", "resources")
"""Suites that say how a device performs under its load."""
_PROMISES = ("compute.", "storage.", "power.", "network.", "os.")


def build(source: PackSource) -> Document:
    """One section for each bundle: installed, held to its limits, under load."""
    return Document(
        number="17",
        slug="target-hardware",
        title="Target-hardware qualification",
        purpose="For each profile and unit: what is installed, which limits it was held to, how it "
        "did under load, and why anything that was not the target may stand for it.",
        sections=(
            *(_unit(one) for one in source.evidence),
            _justification(source),
        ),
        answers=("IEC 62304 5.7.5",),
    )


def _unit(one: Evidence) -> Section:
    blocks: tuple[Block, ...] = (
        Facts(tuple(_facts(one))),
        *_installed(one),
        _limits(one),
        _load(one),
    )
    return Section(one.place, f"{one.label}: installed, limited, loaded", blocks)


def _facts(one: Evidence) -> Iterator[tuple[str, Cell]]:
    unit = one.bundle.manifest.unit
    tone = Tone.GOOD if unit.realization == "on_target" else Tone.DOUBT
    yield "unit", Cell(unit.name)
    yield "how near to the product", Cell(unit.realization.replace("_", " "), tone)
    yield "serial number", given(unit.serial, "none stated")
    for name, value in flatten(one.bundle.manifest.profile.resolved):
        if name.startswith(_PROMISES):
            yield f"promised: {name}", Cell(value)


def _installed(one: Evidence) -> Iterator[Block]:
    described = next((context.device for context in one.bundle.contexts.values()), None)
    if described is None:
        why = "Without it nobody knows what was on the device."
        yield Missing("a device that described itself", why, "edgeward verify, with a device")
        return
    rows = [Row((Cell(name), Cell(value))) for name, value in device_facts(described)]
    rows += [
        Row((Cell(f"model {name} {version}"), Cell(sha256)))
        for name, version, sha256 in device_models(described)
    ]
    columns = (Column("Installed", Kind.NAME), Column("As the device says", weight=2.4))
    yield Table(f"installed-{one.place}", "What is installed", columns, tuple(rows))


def _limits(one: Evidence) -> Table:
    found: dict[tuple[str, str, str], bool] = {}
    for context in one.bundle.contexts.values():
        for entry in context.enforcement:
            told = (
                text_of(entry.get("what")),
                text_of(entry.get("asked")),
                text_of(entry.get("how")),
            )
            found[told] = entry.get("enforced") is True
    rows = tuple(
        Row(
            (
                Cell(what),
                Cell(asked),
                Cell("held to it", Tone.GOOD) if held else Cell("not enforced here", Tone.DOUBT),
                Cell(how),
            )
        )
        for (what, asked, how), held in sorted(found.items())
    )
    columns = (
        Column("Limit", Kind.NAME),
        Column("Promised"),
        Column("Held?", Kind.NAME),
        Column("How", weight=2),
    )
    none = "no limit was enforced or refused"
    return Table(f"limits-{one.place}", "Limits of the profile", columns, rows, none)


def _load(one: Evidence) -> Table:
    rows = []
    for name, case in one.bundle.manifest.cases.items():
        if case.suite in _PERFORMANCE:
            entry = one.readable.assessment.cases.get(name)
            told = absent("not run") if entry is None else state(entry.state.value)
            rows.append(
                Row(
                    (
                        Cell(name, link=f"07#{one.place}/{name}"),
                        Cell(case.title),
                        told,
                        listed(case.requirements),
                    )
                )
            )
    columns = (
        Column("Case", Kind.NAME),
        Column("Under which load", weight=2.4),
        Column("Came of it", Kind.NAME),
        Column("For"),
    )
    return Table(f"load-{one.place}", "Under load", columns, tuple(rows))


def _justification(source: PackSource) -> Section:
    text = (
        "An emulated device runs the product's software as a process of the bench, held to the "
        "profile's limits as far as the host can; its answers are the product's, its times, heat "
        "and power are not. Functions that do not depend on time may be shown there; figures of "
        "time, power and endurance need the target."
    )
    far = [
        one.label for one in source.evidence if one.bundle.manifest.unit.realization != "on_target"
    ]
    blocks: list[Block] = [Paragraph(text)]
    if far:
        why = f"{', '.join(far)} did not run on the target."
        remedy = 'a unit in bench.toml with realization = "on_target", then edgeward verify --unit'
        blocks.append(Missing("evidence taken on the target", why, remedy))
        if not source.submission.supplied_for("17"):
            reason = "Where something else stands for the target, somebody says in writing why."
            blocks.append(
                supplied("17", "the reason why a simulator may stand for the target", reason)
            )
    return Section("justification", "What may stand for the target", tuple(blocks))
