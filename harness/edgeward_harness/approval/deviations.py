"""A deviation put into words and into `deviations.toml`, where every other one stands.

There is one concept: a deviation of the trace. A waiver is a person's signature under one. So what
is waived is written down first, in the suites, where the next run takes it into its manifest.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.entries import DeviationEntry
from edgeward_harness.evidence.files import read_whole, write_whole
from edgeward_harness.trace.completeness import check_deviations
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.model import Trace

FILE = "deviations.toml"


def next_id(trace: Trace) -> str:
    """The first free id behind all that are taken."""
    taken = [int(name.rpartition("-")[2]) for name in trace.deviations]
    return f"DEV-{max(taken, default=0) + 1:03d}"


def write_deviation(suites: Path, entry: DeviationEntry, today: date) -> bytes | None:
    """Append a deviation to those of the suites, and read all of them again.

    Returns:
        What the file held before, for `restore`; None when there was none.

    Raises:
        InputError: it is for nothing that exists, or cannot be read back; the file is as it was.
        HarnessError: the disk refused.
    """
    import tomli_w

    path = suites / FILE
    before = read_whole(path) if path.exists() else None
    table = {
        "id": entry.id,
        **_named("requirements", entry.requirements),
        **_named("cases", entry.cases),
        "reason": entry.reason,
        "owner": entry.owner,
        "expires": date.fromisoformat(entry.expires),
    }
    text = tomli_w.dumps({"deviation": [table]})
    write_whole(path, (before or b"") + b"\n" + text.encode())
    try:
        trace = load_trace(suites)
        found = check_deviations(trace, today)
        faults = [str(fault) for fault in found if fault.item == entry.id]
        if entry.id not in trace.deviations or faults:
            raise InputError(str(path), faults or [f"{entry.id} does not read back"])
    except InputError:
        restore(suites, before)
        raise
    return before


def restore(suites: Path, before: bytes | None) -> None:
    """Put the deviations back as they were."""
    path = suites / FILE
    if before is None:
        path.unlink(missing_ok=True)
    else:
        write_whole(path, before)


def _named(key: str, names: Sequence[str]) -> dict[str, list[str]]:
    return {key: list(names)} if names else {}
