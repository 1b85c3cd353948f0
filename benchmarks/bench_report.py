"""What a large report costs: 10,000 requirements with a case and a measurement each.

The matrix is rendered by the shipped templates and, as a floor, by f-strings that write the same
rows; garbage is looked for as seldom as in `edgeward report`. Goals: the matrix in at most 0.5 s
and ten times the floor, the process within 150 MB at its peak while it renders the whole page.
"""

import argparse
import hashlib
import html
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgeward.canonical import digest
from edgeward_harness.cli.common import expect_short_life
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.entries import (
    CaseEntry,
    ItemEntry,
    ProfileEntry,
    RequirementEntry,
    UnitEntry,
)
from edgeward_harness.evidence.ledger import Ledger
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.measure.judge import Sample, judge_percentile
from edgeward_harness.report.build import build_report, use_of_limit
from edgeward_harness.report.environment import make_environment
from edgeward_harness.report.html import write_html
from edgeward_harness.report.json_writer import write_json
from edgeward_harness.report.junit import write_junit
from edgeward_harness.report.model import Report, RequirementView
from edgeward_harness.report.numbers import decisive, percent

ROUNDS = 5
UTC_TEXT = "2026-03-02T09:15:00.000Z"


def sha(text: str) -> str:
    """A digest of something that does not matter here."""
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(rows: int) -> Manifest:
    """A plan of so many requirements, each with a case of its own."""
    resolved = {"name": "bench", "title": "Benchmark"}
    requirement = RequirementEntry(
        fingerprint=sha("requirement"),
        title="A requirement of ordinary length",
        text="The device shall keep the budget that its profile sets for this path.",
        rationale="A late result can no longer change what is done for the patient.",
        kind="performance",
        safety_class="C",
        criterion="The upper 95 % confidence bound is at or below the budget.",
        risks=("RC-001",),
        stage="release",
    )
    docstring = "The delay is within its budget.\n\nMethod: paced windows of a simulated patient."
    case = CaseEntry(
        suite="latency",
        title="A case",
        method="measurement",
        rationale="No shape of the distribution is assumed.",
        stage="release",
        samples=400,
        procedure=docstring,
        code_sha256=sha("code"),
        fingerprint=sha("case"),
        requirements=(),
    )
    numbers = [f"{number:05d}" for number in range(rows)]
    return Manifest(
        run=sha("run")[:32],
        started_utc=UTC_TEXT,
        started_monotonic_ns=0,
        tool={"name": "edgeward-harness", "version": "0", "build_sha256": sha("t"), "python": "3"},
        host={"system": "bench"},
        profile=ProfileEntry("bench", digest(resolved), resolved, ()),
        unit=UnitEntry("reference", "process", "emulated", "", ()),
        depth="standard",
        seed=1,
        suites=("latency",),
        scope_complete=True,
        requirements={f"REQ-BEN-{number}": requirement for number in numbers},
        hazards={},
        controls={},
        cases={f"TC-BEN-{n}": replace(case, requirements=(f"REQ-BEN-{n}",)) for n in numbers},
        items={f"TC-BEN-{n}": ItemEntry(f"TC-BEN-{n}", f"TC-BEN-{n}") for n in numbers},
        deviations=(),
    )


def write_bundle(folder: Path, rows: int) -> None:
    """Every case with one judged measurement; one in a hundred keeps its distribution."""
    plan = manifest(rows)
    judged = judge_percentile(Sample([1.0 + n / 100 for n in range(400)], [0.0] * 400), 0.99, 50.0)
    device = {"software": {"name": "d", "version": "1", "build_sha256": sha("build")}}
    with Ledger(folder, plan.to_bytes()) as ledger:
        context = ledger.context(Context(device, "emulated"))
        for number, name in enumerate(plan.items):
            shape = judged.distribution if number % 100 == 0 else None
            one = Measurement.of("delay_p99", "", replace(judged, distribution=shape))
            ledger.append(Record(name, State.PASSED, 0, 1, UTC_TEXT, (one,), context=context))
        ledger.end(UTC_TEXT)


def floor(report: Report) -> str:
    """The rows of the matrix by f-strings: what no template can be quicker than."""
    return "".join(map(floor_row, report.requirements))


def floor_row(row: RequirementView) -> str:
    """One row, tag by tag as the template writes it; `main` compares the two."""
    escape = html.escape
    assert row.key is not None
    part = row.key.measurement
    value, kind = decisive(part)
    use = use_of_limit(part) or 0.0
    name, risks = escape(row.id), escape(", ".join(row.risks))
    links = "".join(
        f'<a class="ref state-{link.state} tone-done" href="#case-{escape(link.case)}">'
        f'<svg aria-hidden="true"><use href="#i-{link.state}"/></svg>'
        f'<span class="unseen">{link.state} </span>{escape(link.case)}</a>'
        for link in row.cases
    )
    return (
        f'<tr id="req-{name}" data-state="{row.standing}" data-class="{escape(row.safety_class)}">'
        f'<td><span class="state tone-good state-{row.standing}"><svg aria-hidden="true">'
        f'<use href="#i-{row.standing}"/></svg>{row.standing}</span></td>'
        f'<th scope="row"><span class="id">{name}</span>'
        f'<span class="title">{escape(row.title)}</span><p>{escape(row.text)}</p>'
        f'<details><summary>Criterion and reason<span class="unseen"> of {name}</span></summary>'
        f'<p class="aside"><b>Accepted when</b> {escape(row.criterion)}</p>'
        f'<p class="aside"><b>Because</b> {escape(row.rationale)}</p></details>'
        f'<p class="aside"><b>Answers</b> {risks}</p></th>'
        f'<td data-label="Class">{escape(row.safety_class)}</td><td data-label="Decided by">'
        f'<span class="expected">{escape(str(part.expected).replace("<=", "≤"))}</span>'
        f'<span class="seen">{escape(value)}<small>{escape(kind)}</small></span>'
        '<svg class="gauge" aria-hidden="true"><rect class="track" width="100%" height="4" rx="2"/>'
        f'<rect class="{"over" if use > 1 else "used"}" width="{min(100, 100 * use):.1f}%" '
        f'height="4" rx="2"/></svg><small class="use">{percent(round(use, 2))} of the budget'
        "</small>"
        f'</td><td data-label="Cases">{links}</td></tr>'
    )


def cpu_seconds(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """The median CPU time of some work."""
    spent = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return statistics.median(spent)


def peak_mb() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Print each figure with its limit; 1 when one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the bundle and end")
    options = parser.parse_args()
    rows = options.rows
    if options.write:
        write_bundle(options.write, rows)
        return 0
    expect_short_life()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["EDGEWARD_HOME"] = scratch  # no key of this user is made or used
        folder = Path(scratch) / "bundle"
        # In a process of its own, so that the peak below is that of reading and rendering.
        again = [sys.executable, __file__, "--rows", str(rows), "--write", str(folder)]
        subprocess.run(again, check=True)
        bundle = open_bundle(folder)
        assessment = assess(bundle)
        report = build_report(bundle, assessment)
        page = write_html(report)
        peak = peak_mb()  # before anything but the whole page was made
        template = make_environment().get_template("requirements.html.j2")
        rendered = template.render(report=report, places={})
        assert "".join(floor(report).split()) in "".join(rendered.split()), "not the same rows"
        matrix_s = cpu_seconds(lambda: template.render(report=report, places={}))
        floor_s = cpu_seconds(lambda: floor(report))
        figures = [
            ("matrix", matrix_s, 0.5, "s"),
            ("matrix / f-strings", matrix_s / floor_s, 10.0, "x"),
            ("peak memory", peak, 150.0, "MB"),
            ("whole page", cpu_seconds(lambda: write_html(report), 3), None, "s"),
            ("page size", len(page) / 1e6, None, "MB"),
            ("model", cpu_seconds(lambda: build_report(bundle, assessment), 3), None, "s"),
            ("JSON twin", cpu_seconds(lambda: write_json(report), 3), None, "s"),
            ("JUnit", cpu_seconds(lambda: write_junit(report), 3), None, "s"),
        ]
    print(f"{rows:,} requirements, each with a case and a measurement; CPU time, medians")
    missed = False
    for name, value, limit, unit in figures:
        over = limit is not None and value > limit
        missed = missed or over
        told = "" if limit is None else f"  (at most {limit:g} {unit}){' MISSED' if over else ''}"
        print(f"  {name:<20}{value:8.3f} {unit}{told}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
