"""One self-contained HTML page: no network, no script needed, no text of a device taken for markup.

Rules:
- Every value is escaped; characters that hide, reorder or break text are shown as code points.
- Style and script are part of the page; its policy allows these two by digest, and nothing else.
- A template of the user's own folder replaces the shipped one of the same name.
"""

import base64
import hashlib
import re
import traceback
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeward_harness import resources
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.report import numbers
from edgeward_harness.report.build import use_of_limit
from edgeward_harness.report.facts import device_facts, device_models, flatten, text_of
from edgeward_harness.report.figure import Figure, figure_for
from edgeward_harness.report.model import AttemptView, JudgedView, Report
from edgeward_harness.report.words import WORDS, word_for

if TYPE_CHECKING:  # imported where it is used: no other command needs it
    from jinja2 import Environment

PAGE = "report.html.j2"
LONG = 44
"""Characters of a fact that gets a line of its own."""
NAMED = 8
"""Requirements named beside the verdict, units in a fact; the JSON twin has them all."""
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff]"
)
_SPACE = re.compile(r"[^A-Za-z0-9_.-]")
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠"}


def write_html(report: Report, templates: Path | None = None) -> bytes:
    """The page as bytes.

    Raises:
        InputError: the folder of templates is not one.
        HarnessError: a template is missing, broken, or names something a report does not have.
    """
    environment = _environment(templates)
    try:
        css, script = (_source(environment, name) for name in ("report.css", "report.js"))
        pieces = environment.get_template(PAGE).generate(
            report=report,
            css=environment.filters["trusted"](css),
            script=environment.filters["trusted"](script),
            policy=_policy(css, script),
            words=list(WORDS.values()),
            places=_places(report),
        )
        return b"".join(_encoded(pieces))
    except HarnessError:
        raise
    except Exception as fault:  # a template may do anything: what it raises is told with its place
        raise HarnessError(_located(fault)) from fault


def visible(value: Any) -> Any:  # noqa: ANN401 - whatever a template puts out
    """Text with its hidden characters shown as code points; anything else as it is."""
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", value)


@lru_cache(maxsize=1 << 16)
def anchor(name: str, prefix: str) -> str:
    """An id for a name: readable where it can be, and never the same for two names."""
    safe = _SPACE.sub("-", name)[:80]
    if safe == name:
        return f"{prefix}-{name}"
    return f"{prefix}-{safe}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _places(report: Report) -> dict[str, str]:
    """Where on the page each hazard and control is; a control is where it first appears."""
    places = {hazard.id: anchor(hazard.id, "hazard") for hazard in report.hazards}
    for hazard in report.hazards:
        for control in hazard.controls:
            places.setdefault(control.id, places[hazard.id])
    return places


def _environment(templates: Path | None) -> "Environment":
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    if templates is not None and not templates.is_dir():
        raise InputError("--templates", [f"found {templates}, expected a folder of templates"])
    folders = [resources.templates()] if templates is None else [templates, resources.templates()]
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "anchor": anchor,
        "capitalised": lambda text: text[:1].upper() + text[1:],
        "count": lambda value: f"{value:,}",
        "device_facts": device_facts,
        "device_models": device_models,
        "duration": numbers.duration,
        "facts": flatten,
        "instant": numbers.instant,
        "listed": _listed,
        "observation": numbers.observation,
        "percent": numbers.percent,
        "quantity": numbers.quantity,
        "share": lambda value: numbers.percent(round(value, 3 if value < 0.1 else 2)),
        "decisive": numbers.decisive,
        "short_first": lambda pairs: sorted(pairs, key=lambda pair: len(pair[1]) > LONG),
        "signs": _signs,
        "spaced": lambda text: re.sub("[_.]", " ", text),
        "without": lambda facts, name: {k: v for k, v in facts.items() if k != name},
        "text": text_of,
        "trusted": Markup,
        "use_of_limit": use_of_limit,
    }
    environment.globals |= {"word": word_for, "drawn": drawn, "LONG": LONG, "NAMED": NAMED}
    return environment


def drawn(attempt: AttemptView) -> tuple[list[tuple[JudgedView, Figure]], list[JudgedView]]:
    """The measurements of an attempt that can be drawn, and those that cannot."""
    figures: list[tuple[JudgedView, Figure]] = []
    others: list[JudgedView] = []
    for part in attempt.measurements:
        figure = figure_for(part.measurement)
        if figure is None:
            others.append(part)
        else:
            figures.append((part, figure))
    return figures, others


def _source(environment: "Environment", name: str) -> str:
    """Style or script, refused if it would end the element it is put into."""
    assert environment.loader is not None
    source = environment.loader.get_source(environment, name)[0]
    if re.search(r"</(style|script)", source, re.IGNORECASE):
        raise HarnessError(f"{name}: holds an end tag, which would end it in the page")
    return source


def _policy(css: str, script: str) -> str:
    """What the page may do: this style, this script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_sri(css)}'; script-src '{_sri(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _sri(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _listed(names: Sequence[str], between: str) -> str:
    more = len(names) - NAMED
    return between.join(names[:NAMED]) + (f"{between}and {more:,} more" if more > 0 else "")


def _signs(text: str) -> str:
    for ascii_sign, sign in _SIGNS.items():
        text = text.replace(ascii_sign, sign)
    return text


def _encoded(pieces: Iterator[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode("utf-8", "replace")


def _located(fault: Exception) -> str:
    """What went wrong in a template, with its file and line."""
    place = getattr(fault, "name", None) or PAGE
    line = getattr(fault, "lineno", None)
    for frame, number in traceback.walk_tb(fault.__traceback__):
        if frame.f_code.co_filename.endswith(".j2"):
            place, line = Path(frame.f_code.co_filename).name, number
    return f"{place}{f', line {line}' if line else ''}: {type(fault).__name__}: {fault}"
