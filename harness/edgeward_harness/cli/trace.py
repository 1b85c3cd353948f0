"""`edgeward trace`: the matrix from hazard to test case, and whether it is complete."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from edgeward_harness import resources
from edgeward_harness.cli.common import expect_short_life
from edgeward_harness.errors import InputError

TABLES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".reqif": "reqif",
}
"""How a file of requirements is written, by the ending of its name."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--suites", metavar="DIR", help="suites and trace (default: as shipped)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="all faults; exit 1 when there is one, else 0"
    )
    what.add_argument(
        "--requirements", action="store_true", help="the requirements, in place of the matrix"
    )
    what.add_argument(
        "--review", nargs="+", metavar="ID", help="note that these (or: all) were read as they are"
    )
    what.add_argument(
        "--import",
        dest="table",
        metavar="FILE",
        help="turn a file of requirements (.csv, .tsv, .md, .reqif) into requirements.toml",
    )
    what.add_argument(
        "--schemas", action="store_true", help="write the JSON schemas of the files into --out"
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "csv", "markdown", "reqif"),
        default="text",
        help="of what is told; reqif is for the requirements",
    )
    parser.add_argument("--out", metavar="FILE", help="write there in place of standard output")
    parser.add_argument(
        "--date",
        metavar="DAY",
        help="of the review or the file, or for which to check (default: none, or today)",
    )


def run(options: argparse.Namespace) -> int:
    """Print or change what was asked for; 1 when a check finds faults, else 0."""
    expect_short_life()
    folder = _folder(options.suites)
    day = _day(options.date)
    if options.schemas:
        return _schemas(options.out)
    if options.table is not None:
        return _import(options.table, options.out)
    if options.review:
        return _review(folder, options.review, day)
    if options.format == "reqif":
        return _reqif(folder, options, day or datetime.now(UTC).date())
    if options.check:
        return _check(folder, options, day or datetime.now(UTC).date())
    return _show(folder, options)


def _show(folder: Path, options: argparse.Namespace) -> int:
    from edgeward_harness.trace.exchange import export_requirements
    from edgeward_harness.trace.load import load_trace
    from edgeward_harness.trace.rows import matrix_table
    from edgeward_harness.trace.tables import TableFormat
    from edgeward_harness.trace.view import matrix_text, requirements_text, trace_document

    trace = load_trace(folder)
    if options.format in tuple(TableFormat):
        form = TableFormat(options.format)
        listed = trace.requirements.values()
        text = (
            export_requirements(listed, form) if options.requirements else matrix_table(trace, form)
        )
    elif options.format == "json":
        document = trace_document(trace)
        text = _json(document["requirements"] if options.requirements else document)
    else:
        text = requirements_text(trace) if options.requirements else matrix_text(trace)
    _put(text, options.out)
    return 0


def _reqif(folder: Path, options: argparse.Namespace, day: date) -> int:
    from edgeward_harness.trace.load import load_trace
    from edgeward_harness.trace.reqif_out import write_reqif

    if options.check or not options.requirements:
        raise InputError("--format", ["found 'reqif', expected --requirements beside it"])
    _put(write_reqif(load_trace(folder).requirements.values(), day).decode("utf-8"), options.out)
    return 0


def _check(folder: Path, options: argparse.Namespace, today: date) -> int:
    from edgeward_harness.trace.baseline import BASELINE, load_baseline
    from edgeward_harness.trace.completeness import check_all
    from edgeward_harness.trace.load import load_trace
    from edgeward_harness.trace.rows import counted, summary
    from edgeward_harness.trace.tables import TableFormat, write_table
    from edgeward_harness.trace.view import fault_document

    trace = load_trace(folder)
    faults = check_all(trace, today, load_baseline(folder / BASELINE))
    listed = [fault_document(fault) for fault in faults]
    if options.format == "json":
        _put(_json({"summary": summary(trace), "faults": listed}), options.out)
    elif options.format in tuple(TableFormat):
        header = ("code", "item", "place", "sentence")
        rows = ([fault[key] for key in header] for fault in listed)
        _put(write_table(TableFormat(options.format), header, rows), options.out)
    elif faults:
        lines = [f"{folder}: {counted(len(faults), 'fault')}", *(f"  - {one}" for one in faults)]
        _put("\n".join([*lines, ""]), options.out)
    else:
        _put(f"{summary(trace)}: complete and reviewed\n", options.out)
    return 1 if faults else 0


def _review(folder: Path, ids: Sequence[str], day: date | None) -> int:
    from edgeward_harness.evidence.files import write_whole
    from edgeward_harness.trace.baseline import BASELINE, baseline_text, load_baseline
    from edgeward_harness.trace.completeness import check_review
    from edgeward_harness.trace.load import load_trace
    from edgeward_harness.trace.rows import counted
    from edgeward_harness.trace.suspicion import review

    trace = load_trace(folder)
    path = folder / BASELINE
    baseline = review(trace, load_baseline(path) or {}, ids, day)
    write_whole(path, baseline_text(baseline).encode("ascii"))
    left = check_review(trace, baseline)
    print(f"{path}: {counted(len(baseline), 'item')} reviewed, {len(left)} to look at")
    for fault in left:
        print(f"  - {fault}")
    return 0


def _import(table: str, out: str | None) -> int:
    from edgeward_harness.trace.exchange import import_reqif, import_requirements, requirements_toml
    from edgeward_harness.trace.tables import TableFormat

    source = Path(table)
    form = TABLES.get(source.suffix.lower())
    if form is None:
        raise InputError("--import", [f"found {table!r}, expected {', '.join(TABLES)}"])
    data = _data(source)
    if form == "reqif":
        requirements = import_reqif(data, str(source))
    else:
        requirements = import_requirements(_text(data, source), TableFormat(form), str(source))
    _put(requirements_toml(requirements), out)
    return 0


def _data(source: Path) -> bytes:
    from edgeward_harness.trace.document import read_bytes
    from edgeward_harness.trace.faultlog import FaultLog

    log = FaultLog()
    data = read_bytes(source, log)
    if data is None:
        raise InputError(str(source), log.faults)
    return data


def _text(data: bytes, source: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = f"byte {error.start} in line {line} is not UTF-8; save the table as UTF-8"
        raise InputError(str(source), [fault]) from error


def _schemas(out: str | None) -> int:
    from edgeward_harness.evidence.files import write_whole
    from edgeward_harness.trace.schema import schemas

    folder = Path(out) if out else None
    if folder is None or not folder.is_dir():
        raise InputError("--out", [f"found {out!r}, expected a folder for the schemas"])
    for name, schema in schemas().items():
        path = folder / f"{name}.schema.json"
        write_whole(path, _json(schema).encode("utf-8"))
        print(path)
    return 0


def _folder(suites: str | None) -> Path:
    if suites is None:
        return resources.suites()
    if not suites:
        raise InputError("--suites", ["found '', expected a folder"])
    return Path(suites)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("--date", [f"found {text!r}, expected a day such as 2027-06-30"]) from None


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _put(text: str, out: str | None) -> None:
    """All of the text into a file, or to standard output; never half of a file."""
    if out is None:
        sys.stdout.write(text)
        return
    if not out:
        raise InputError("--out", ["found '', expected a file"])
    from edgeward_harness.evidence.files import write_whole

    write_whole(Path(out), text.encode("utf-8"))
