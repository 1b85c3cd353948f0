"""A bundle in, its reports out: the one entry for whoever writes or re-writes them."""

from collections.abc import Collection
from pathlib import Path

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle

FILES = {"html": "report.html", "json": "report.json", "junit": "junit.xml"}
"""Every format and the file it becomes, in a bundle and elsewhere."""


def render(
    bundle: Bundle,
    assessment: Assessment,
    formats: Collection[str] = tuple(FILES),
    templates: Path | None = None,
) -> dict[str, bytes]:
    """The reports of a bundle by file name; the same bytes for the same bundle.

    Raises:
        InputError: a format is not one, or the folder of templates is not one.
        HarnessError: a template is broken, or a file of the bundle cannot be read.
    """
    # Imported here: a run without reports does not pay for them.
    from edgeward_harness.report.build import build_report
    from edgeward_harness.report.html import write_html
    from edgeward_harness.report.json_writer import write_json
    from edgeward_harness.report.junit import write_junit

    check_formats(formats)
    report = build_report(bundle, assessment)
    written = {}
    if "html" in formats:
        written[FILES["html"]] = write_html(report, templates)
    if "json" in formats:
        written[FILES["json"]] = write_json(report)
    if "junit" in formats:
        written[FILES["junit"]] = write_junit(report)
    return written


def check_formats(formats: Collection[str]) -> None:
    """Refuse what is not a format.

    Raises:
        InputError: with every unknown name.
    """
    faults = [
        f"found {name!r}, accepted: {', '.join(FILES)}" for name in formats if name not in FILES
    ]
    if faults:
        raise InputError("--format", faults)


def twin(bundle: Bundle) -> bytes:
    """The report's twin as a run leaves it in its bundle: what its records give, nothing else."""
    from edgeward_harness.report.build import build_report
    from edgeward_harness.report.json_writer import write_json

    return write_json(build_report(bundle, assess(bundle)))
