"""Document 07: what was run, on what, with what, by whom, and what was seen."""

from collections.abc import Iterator, Mapping
from typing import Any

from edgeward_harness.evidence.record import Record
from edgeward_harness.pack.dress import (
    NOTHING,
    decided,
    expected,
    fitted,
    given,
    observed,
    state,
    verdict,
)
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
    absent,
)
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.report.facts import device_models, text_of
from edgeward_harness.report.numbers import instant

_COLUMNS = (
    Column("Case", Kind.NAME, 1.1),
    Column("Measurement", weight=1.6),
    Column("Expected", weight=1.2),
    Column("Observed", Kind.NUMBER, 1.1),
    Column("Judged by", Kind.NUMBER, 1.1),
    Column("n", Kind.NUMBER, 0.6),
    Column("Method", weight=1.3),
    Column("Verdict", Kind.NAME, 0.8),
    Column("Ended", Kind.NAME, 1.0),
)


def build(source: PackSource) -> Document:
    """One section for each bundle."""
    return Document(
        number="07",
        slug="records",
        title="Test records",
        purpose="Every execution with what was expected, what was observed, the value a verdict "
        "rests on, when it ended, and the configuration it was taken on.",
        sections=tuple(_bundle(one) for one in source.evidence),
        answers=("IEC 62304 5.7.5", "IEC 62304 9.8", "IEC 62304 5.6.7"),
    )


def _bundle(one: Evidence) -> Section:
    profile = one.bundle.manifest.profile
    title = (
        f"{text_of(profile.resolved.get('title', profile.name))}, run {one.bundle.manifest.run[:8]}"
    )
    rows = tuple(_rows(one))
    table = Table(
        f"records-{one.label.replace(' ', '-')}",
        f"Records of {one.label}",
        fitted(_COLUMNS, rows),
        rows,
    )
    return Section(one.profile, title, (Facts(tuple(_facts(one))), _aside(one), table))


def _facts(one: Evidence) -> Iterator[tuple[str, Cell]]:
    manifest, ended = one.bundle.manifest, one.bundle.ended
    yield "run", Cell(manifest.run)
    yield "started", Cell(instant(manifest.started_utc))
    yield "ended", Cell(instant(ended.utc)) if ended else absent("it did not end")
    yield "signed by the key", given(one.verification.signer or "", "no good signature")
    yield (
        "whose key that is",
        Cell("one that the maker of this pack trusted", Tone.GOOD)
        if one.verification.trusted
        else Cell("the maker of this pack vouched for none", Tone.DOUBT),
    )
    yield "signed statement", Cell(one.statement_sha256)
    yield "profile", Cell(f"{manifest.profile.name}, {manifest.profile.sha256}")
    yield from _unit(one)
    yield from _device(one)
    yield from _tool(manifest.tool, manifest.host)
    yield "depth and seed", Cell(f"{manifest.depth}, {manifest.seed}")


def _unit(one: Evidence) -> Iterator[tuple[str, Cell]]:
    unit = one.bundle.manifest.unit
    told = f"{unit.name}, {unit.realization.replace('_', ' ')}, driven by {unit.driver}"
    yield "bench unit", Cell(told)
    on_target = unit.realization == "on_target"
    serial = given(unit.serial, "no serial number") if on_target else Cell("none: no hardware")
    yield "serial number", serial


def _device(one: Evidence) -> Iterator[tuple[str, Cell]]:
    described = [context.device for context in one.bundle.contexts.values()]
    if not described:
        yield "device", absent("no device described itself")
        return
    for device in {repr(sorted(found.items(), key=str)): found for found in described}.values():
        software: Any = device.get("software")
        parts = software if isinstance(software, Mapping) else {}
        told = f"{text_of(parts.get('name'))} {text_of(parts.get('version'))}"
        build = text_of(parts.get("build_sha256"))
        yield "device software", Cell(f"{told}, build {build}")
        for name, version, sha256 in device_models(device):
            yield "model", Cell(f"{name} {version}, {sha256}")
        return


def _tool(tool: Mapping[str, Any], host: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    told = f"{text_of(tool.get('name'))} {text_of(tool.get('version'))}"
    yield "harness", Cell(f"{told}, {text_of(tool.get('build_sha256'))}")
    yield "protocol (suites)", given(str(tool.get("suites_sha256") or ""), "no digest")
    cores = host.get("cores")
    number = len(cores) if isinstance(cores, list) else cores
    yield "host", Cell(f"{text_of(host.get('cpu'))}, {text_of(number)} cores")
    yield "system", Cell(f"{text_of(host.get('system'))}, {text_of(host.get('machine'))}")
    packages = host.get("packages")
    count = len(packages) if isinstance(packages, Mapping) else 0
    yield "packages on the host", Cell(f"{count}, each with its version in the bundle's manifest")


def _aside(one: Evidence) -> Paragraph:
    items = one.readable.assessment.items
    aside = [name for name, found in items.items() if found.state.value == "not_applicable"]
    return Paragraph(
        f"{len(items):,} executions were planned before the first one ran; {len(aside):,} do not "
        "apply to this device or bench, each with its reason below. Times are of the host, in UTC."
    )


def _rows(one: Evidence) -> Iterator[Row]:
    records: dict[str, list[Record]] = {}
    for record in one.bundle.records:
        records.setdefault(record.item, []).append(record)
    first: set[str] = set()
    for item, entry in one.bundle.manifest.items.items():
        anchor = "" if entry.case in first else f"{one.place}/{entry.case}"
        first.add(entry.case)
        found = one.readable.assessment.items[item]
        reason = "; ".join(found.reasons) or "no reason is given"
        if item not in records:
            yield _empty(item, reason, found.state.value, anchor)
        for record in records.get(item, ()):
            yield from _measured(record, found.state.value, reason, anchor)
            anchor = ""


def _empty(item: str, reason: str, name: str, anchor: str) -> Row:
    return Row((Cell(item), Cell(reason), *(NOTHING,) * 5, state(name), NOTHING), anchor)


def _measured(record: Record, name: str, reason: str, anchor: str) -> Iterator[Row]:
    ended = Cell(instant(record.utc).removesuffix(" UTC"))
    if not record.measurements:
        why = (Cell(record.item), Cell(record.reason or reason))
        nothing = (absent("nothing measured"), *(NOTHING,) * 4)
        yield Row((*why, *nothing, state(name), ended), anchor)
    for part in record.measurements:
        said = part.name.replace("_", " ")
        told = f"{said} ({part.requirement})" if part.requirement else said
        cells = (
            Cell(record.item),
            Cell(told),
            expected(part),
            observed(part),
            decided(part),
            Cell(f"{part.n:,}"),
            Cell(part.method),
            verdict(part.verdict.value),
            ended,
        )
        yield Row(cells, anchor)
        anchor = ""
