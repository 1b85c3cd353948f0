"""The words of the terminal: heading, case lines and verdict table."""

import os
from dataclasses import dataclass, field

from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record, State
from edgeward_harness.evidence.standing import Standing
from edgeward_harness.measure.judge import Verdict
from edgeward_harness.report.words import Tone
from edgeward_harness.run.finish import Finished
from edgeward_harness.run.plan import RunPlan
from edgeward_harness.trace.vocabulary import Depth

GOOD = {"green": True}
BAD = {"red": True}
DOUBT = {"yellow": True}
SYMBOLS = {State.PASSED: ("✓", GOOD), State.FAILED: ("✗", BAD), State.ERROR: ("!", BAD)}
TONES = {Tone.GOOD.value: GOOD, Tone.BAD.value: BAD}
INDENT = "  "


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the terminal and how it is dressed."""

    text: str = ""
    markup: dict[str, bool] = field(default_factory=dict)


def heading(plan: RunPlan, items: int) -> list[Line]:
    """What is about to be verified."""
    profile, unit = plan.loaded.profile, plan.unit
    lines = [
        Line(f"Edgeward verifies {profile.title}", {"bold": True}),
        Line(f"{INDENT}profile {profile.name}  {profile.sha256[:12]}"),
        Line(f"{INDENT}unit    {unit.name}, {unit.realization.value.replace('_', ' ')}"),
        Line(f"{INDENT}depth   {plan.depth.value}, {items} cases, seed {plan.seed}"),
        *(Line(f"{INDENT}warning {warning}", DOUBT) for warning in plan.loaded.warnings),
        Line(),
    ]
    if plan.depth is Depth.QUICK:
        lines.insert(-1, Line(f"{INDENT}a quick run supports no release claim", DOUBT))
    return lines


def case_line(plan: RunPlan, record: Record) -> Line:
    """How one case ended: state, title and its most telling figure."""
    symbol, markup = SYMBOLS.get(record.state, ("?", DOUBT))
    case = plan.trace.cases.get(record.item.partition("[")[0])
    title = case.title if case else "in no test plan"
    return Line(
        f"{INDENT}{symbol} {record.item:<14}{_cut(title, 44):<46}{_telling(record)}", markup
    )


def verdict_lines(plan: RunPlan, finished: Finished) -> list[Line]:
    """The verdict table and where the bundle is."""
    assessment = finished.assessment
    rows = []
    for name, standing in assessment.requirements.items():
        requirement = plan.trace.requirements.get(name)
        title = requirement.title if requirement else ""
        verified = standing.standing is Standing.VERIFIED
        word = standing.standing.value.replace("_", " ")
        markup = GOOD if verified else BAD if standing.standing is Standing.FAILED else DOUBT
        rows.append(Line(f"{INDENT}{name:<14}{_cut(title, 52):<54}{word}", markup))
        rows += [Line(f"{INDENT * 2}{_first(reason)}", markup) for reason in standing.reasons[:3]]
    said = finished.headline
    markup = TONES.get(said.tone, DOUBT)
    return [
        Line(),
        Line(f"{INDENT}{'Requirement':<14}{'':<54}Standing", {"bold": True}),
        *rows,
        Line(),
        Line(f"{INDENT}{said.word.upper()}: {said.sentence}", {**markup, "bold": True}),
        *(Line(f"{INDENT * 2}{_first(reason)}", markup) for reason in assessment.reasons[:4]),
        *(Line(f"{INDENT * 2}{view.sentence}") for view in said.patients),
        Line(),
        Line(f"{INDENT}bundle  {_shown_path(str(plan.out))}"),
        *(
            [Line(f"{INDENT}report  {_shown_path(str(plan.out / 'report.html'))}")]
            if "html" in plan.formats
            else []
        ),
        Line(f"{INDENT}signed  {finished.signer}"),
    ]


def trouble(error: HarnessError) -> list[Line]:
    """Why there is no sealed bundle."""
    first, *rest = error.diagnostics().splitlines() or ["unknown"]
    return [
        Line(),
        Line(f"{INDENT}NO VERDICT: {first}", {**BAD, "bold": True}),
        *(Line(f"{INDENT * 2}{one}", BAD) for one in rest),
    ]


def _telling(record: Record) -> str:
    """The figure a reader wants: the first measurement, or the first that did not hold."""
    broken = [one for one in record.measurements if one.verdict is not Verdict.PASSED]
    if record.state is not State.PASSED and not broken:
        return _first(record.reason) or record.state.value.replace("_", " ")
    return _figure((broken or list(record.measurements))[0])


def _figure(one: Measurement) -> str:
    if one.unit == "1" and "no failure" in one.method and isinstance(one.observed, float):
        return f"{one.observed:g} of {one.n}  ({one.name.replace('_', ' ')})"
    value = one.bound if one.bound is not None else one.observed
    shown = f"{value:.3g}" if isinstance(value, float) else str(value)
    unit = "" if one.unit == "1" else f" {one.unit}"
    return f"{shown}{unit}  ({one.expected}, n = {one.n})"


def _first(text: str) -> str:
    return _cut(text.splitlines()[0] if text else "", 160)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _shown_path(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative
