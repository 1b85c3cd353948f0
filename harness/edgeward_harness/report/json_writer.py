"""The machine's twin of the page: everything it shows, as canonical JSON."""

from edgeward.canonical import canonical_json
from edgeward_harness.report.model import SCHEMA, Report, plain


def write_json(report: Report) -> bytes:
    """The same bytes for the same bundle, on every machine."""
    return canonical_json({"schema": SCHEMA, **plain(report)}) + b"\n"
