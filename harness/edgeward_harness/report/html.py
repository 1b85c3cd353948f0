"""One self-contained HTML page: no network, no script needed, no text of a device taken for markup.

Rules:
- Every value is escaped; characters that hide, reorder or break text are shown as code points.
- Style and script are part of the page; its policy allows these two by digest, and nothing else.
- A template of the user's own folder replaces the shipped one of the same name.
"""

from pathlib import Path

from edgeward_harness.errors import HarnessError
from edgeward_harness.report.environment import make_environment
from edgeward_harness.report.model import Report
from edgeward_harness.report.page import located, page_bytes, page_policy, page_source
from edgeward_harness.report.safe import anchor
from edgeward_harness.report.words import WORDS

PAGE = "report.html.j2"


def write_html(report: Report, templates: Path | None = None) -> bytes:
    """The page as bytes.

    Raises:
        InputError: the folder of templates is not one.
        HarnessError: a template is missing, broken, or names something a report does not have.
    """
    environment = make_environment(templates)
    try:
        css, script = (page_source(environment, name) for name in ("report.css", "report.js"))
        pieces = environment.get_template(PAGE).generate(
            report=report,
            css=environment.filters["trusted"](css),
            script=environment.filters["trusted"](script),
            policy=page_policy(css, script),
            words=list(WORDS.values()),
            places=_places(report),
        )
        return page_bytes(pieces)
    except HarnessError:
        raise
    except Exception as fault:  # a template may do anything: what it raises is told with its place
        raise HarnessError(located(fault, PAGE)) from fault


def _places(report: Report) -> dict[str, str]:
    """Where on the page each hazard and control is; a control is where it first appears."""
    places = {hazard.id: anchor(hazard.id, "hazard") for hazard in report.hazards}
    for hazard in report.hazards:
        for control in hazard.controls:
            places.setdefault(control.id, places[hazard.id])
    return places
