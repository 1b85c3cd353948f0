"""One self-contained HTML page: no network, no script needed, no text of a device taken for markup.

Rules:
- Every value is escaped; characters that hide, reorder or break text are shown as code points.
- Style and script are part of the page; its policy allows these two by digest, and nothing else.
- A template of the user's own folder replaces the shipped one of the same name.
"""

import base64
import hashlib
import io
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness.errors import HarnessError
from edgeward_harness.report.environment import make_environment
from edgeward_harness.report.model import Report
from edgeward_harness.report.safe import anchor
from edgeward_harness.report.words import WORDS

if TYPE_CHECKING:  # imported where it is used: no other command needs it
    from jinja2 import Environment

PAGE = "report.html.j2"


def write_html(report: Report, templates: Path | None = None) -> bytes:
    """The page as bytes.

    Raises:
        InputError: the folder of templates is not one.
        HarnessError: a template is missing, broken, or names something a report does not have.
    """
    environment = make_environment(templates)
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
        return _encoded(pieces)
    except HarnessError:
        raise
    except Exception as fault:  # a template may do anything: what it raises is told with its place
        raise HarnessError(_located(fault)) from fault


def _places(report: Report) -> dict[str, str]:
    """Where on the page each hazard and control is; a control is where it first appears."""
    places = {hazard.id: anchor(hazard.id, "hazard") for hazard in report.hazards}
    for hazard in report.hazards:
        for control in hazard.controls:
            places.setdefault(control.id, places[hazard.id])
    return places


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


def _encoded(pieces: Iterator[str]) -> bytes:
    """The page in one buffer: millions of pieces in a list would weigh more than it."""
    buffer = io.BytesIO()
    for piece in pieces:
        buffer.write(piece.encode("utf-8", "replace"))
    return buffer.getvalue()


def _located(fault: Exception) -> str:
    """What went wrong in a template, with its file and line."""
    place = getattr(fault, "name", None) or PAGE
    line = getattr(fault, "lineno", None)
    for frame, number in traceback.walk_tb(fault.__traceback__):
        if frame.f_code.co_filename.endswith(".j2"):
            place, line = Path(frame.f_code.co_filename).name, number
    return f"{place}{f', line {line}' if line else ''}: {type(fault).__name__}: {fault}"
