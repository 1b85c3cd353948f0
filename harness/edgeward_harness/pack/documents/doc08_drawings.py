"""The drawings of document 08: chosen from the measurements, each with its words beside it."""

import json
from collections.abc import Iterator, Mapping, Sequence

from edgeward_harness.errors import HarnessError
from edgeward_harness.pack.model import Block, Figure, Missing, Section
from edgeward_harness.pack.plots.shapes import Bar, courses, forest, histogram
from edgeward_harness.pack.source import Evidence, PackSource, Taken
from edgeward_harness.report.numbers import quantity

_LATENCIES = ("window_to_result_p99", "window_to_result_max")
_MEMORY = "memory.json"
_LOSS = "loss"


def drawings(source: PackSource, taken: Sequence[Taken]) -> Iterator[Section]:
    """One section for each kind of drawing; one that has nothing to draw says so."""
    yield _section("latency", "Latency against its budget", _latency(taken), "latency")
    yield _section(
        "retention",
        "What the model lost, by label and group",
        _retention(source, taken),
        "accuracy",
    )
    yield _section("alarms", "Delay of alarms", _alarms(source, taken), "alarms")
    yield _section(
        "reliability", "Losses over schedules of faults", _reliability(source, taken), "offline"
    )
    yield _section("memory", "Memory over time", _memory(source), "resources")


def _section(name: str, title: str, figures: Iterator[Figure], suite: str) -> Section:
    blocks: tuple[Block, ...] = tuple(figures)
    if not blocks:
        why = "A figure in a table hides the shape that it was taken from."
        blocks = (Missing(f"a drawing: {title.lower()}", why, f"edgeward verify --suite {suite}"),)
    return Section(f"drawn-{name}", title, blocks)


def _latency(taken: Sequence[Taken]) -> Iterator[Figure]:
    for one in taken:
        part = one.measurement
        if part.name in _LATENCIES and part.distribution and "histogram" in part.distribution:
            promised = "none" if part.limit is None else quantity(part.limit, part.unit)
            alt = (
                f"{part.n} times from {part.distribution.get('min', 0):.3g} to "
                f"{part.distribution.get('max', 0):.3g} {part.unit}; promised {promised}."
            )
            svg = histogram(part.distribution["histogram"], part.unit, part.limit, part.bound)
            caption = f"{part.name.replace('_', ' ')} on {one.evidence.label} ({one.case})"
            yield Figure(f"{part.name}-{one.evidence.place}", caption, alt, svg)


def _retention(source: PackSource, taken: Sequence[Taken]) -> Iterator[Figure]:
    for evidence in source.evidence:
        found = [
            one.measurement
            for one in taken
            if one.evidence is evidence
            and one.measurement.name.startswith(_LOSS)
            and one.measurement.unit == "points"
        ]
        bars = []
        for part in found:
            value = part.observed if isinstance(part.observed, int | float) else None
            good = part.verdict.value == "passed"
            name = part.name.replace("_", " ")
            bars.append(Bar(name, value, None, part.bound, good, part.limit))
            bars += [Bar(f"  {one.name}", one.value, one.low, one.high) for one in part.groups]
        limit = next((part.limit for part in found), None)
        if bars:
            alt = f"{len(bars)} losses against the float model; the margin is {limit} points."
            svg = forest(bars, "points lost")
            yield Figure(f"retention-{evidence.place}", f"Loss on {evidence.label}", alt, svg)


def _alarms(source: PackSource, taken: Sequence[Taken]) -> Iterator[Figure]:
    for evidence in source.evidence:
        found = [
            one.measurement
            for one in taken
            if one.evidence is evidence and one.measurement.name.endswith("_to_high_alarm")
        ]
        bars = []
        for part in found:
            shape = part.distribution or {}
            name = part.name.removesuffix("_to_high_alarm").replace("_", " ")
            good = part.verdict.value == "passed"
            least, longest = shape.get("min"), shape.get("max")
            bars.append(Bar(name, shape.get("p50"), least, longest, good, part.limit))
        if bars:
            alt = f"Delays of {len(bars)} conditions: least, median and longest, in seconds."
            svg = forest(bars, "s")
            yield Figure(f"delays-{evidence.place}", f"Delays on {evidence.label}", alt, svg)


def _reliability(source: PackSource, taken: Sequence[Taken]) -> Iterator[Figure]:
    for evidence in source.evidence:
        bars = []
        for one in taken:
            part = one.measurement
            case = source.trace.cases.get(one.case)
            if one.evidence is not evidence or case is None or case.suite != "offline":
                continue
            if "lost" in part.name and part.n and isinstance(part.observed, int | float):
                rate = 100 * part.observed / part.n
                worst = 100 * (1 - 0.05 ** (1 / part.n)) if not part.observed else None
                bars.append(Bar(f"{part.name.replace('_', ' ')} (n {part.n:,})", rate, rate, worst,
                                part.verdict.value == "passed"))  # fmt: skip
        if bars:
            alt = f"Share lost in {len(bars)} campaigns of faults, with the 95 % bound of each."
            svg = forest(bars, "% lost, with its 95 % bound")
            yield Figure(f"lost-{evidence.place}", f"Losses on {evidence.label}", alt, svg)


def _memory(source: PackSource) -> Iterator[Figure]:
    for evidence in source.evidence:
        lines = dict(_courses(evidence))
        if lines:
            alt = f"Resident memory in {len(lines)} states of the device, reading by reading."
            svg = courses(lines, "reading", "MB", None)
            yield Figure(f"memory-{evidence.place}", f"Memory on {evidence.label}", alt, svg)


def _courses(evidence: Evidence) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    for record in evidence.bundle.records:
        sha256 = record.artifacts.get(_MEMORY)
        if sha256 is None:
            continue
        try:
            value = json.loads(evidence.bundle.artifact(sha256))
        except (HarnessError, ValueError):
            continue  # what cannot be read is not drawn; inspecting the bundle names it
        for name, readings in value.items() if isinstance(value, Mapping) else ():
            points = [(float(at), size) for at, one in enumerate(readings) if (size := _mb(one))]
            if len(points) > 1:
                yield f"{record.item}: {name.replace('_', ' ')}", points


def _mb(reading: object) -> float | None:
    """A reading is megabytes, or a list that begins with bytes; a lone figure in bytes is none."""
    if isinstance(reading, list) and reading and isinstance(reading[0], int | float):
        return float(reading[0]) / 1e6
    whole = isinstance(reading, int) and not isinstance(reading, bool)
    return float(reading) if isinstance(reading, float) and not whole else None
