"""The review baseline: what each item said, and what it hung on, when it was last reviewed.

`trace_review.toml` has one line for each item, so that branches which review different items
merge:

    REQ-LAT-001 = {fingerprint = "<64 hex>", linked = {TC-LAT-001 = "<16 hex>"}}

`linked` holds the beginning of each neighbour's fingerprint as the reviewer saw it. So the review
of a changed requirement does not answer for the cases and controls that hang on it: each stays
suspect until it was itself looked at. The day is the reviewer's to give; no clock is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from edgeward.profile.wording import shown
from edgeward_harness.errors import InputError
from edgeward_harness.trace.document import parse_toml, read_bytes
from edgeward_harness.trace.faultlog import FaultLog
from edgeward_harness.trace.layout import Column, Key, Layout, Record
from edgeward_harness.trace.shapes import Day, Pattern, Stamps
from edgeward_harness.trace.vocabulary import Thing

BASELINE = "trace_review.toml"
"""The file's name in the folder of suites."""
STAMP_DIGITS = 16
"""Of a neighbour's fingerprint: enough to see that it changed; it is no signature."""
ITEM_ID = "|".join(thing.pattern for thing in Thing if thing is not Thing.DEVIATION)
"""The form of an id that can be reviewed."""

_HEAD = """\
# What each item of the trace said when it was last reviewed: its fingerprint, and the beginning of
# the fingerprint of each item it is linked with. Written by `edgeward trace --review`, not by hand.

[items]
"""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a reviewer saw of one item, and when, if the day was given."""

    fingerprint: str
    linked: Mapping[str, str] = field(default_factory=dict)
    reviewed: date | None = None


Baseline = Mapping[str, Reviewed]
"""What was seen of each item, by id."""

_DAY = Key("The day of the review, if it was given.", Day())
LAYOUT = Layout(
    (
        Column("fingerprint", Key("What it said.", Pattern("[0-9a-f]{64}", "64 hex digits"))),
        Column(
            "linked",
            Key("What its neighbours said, by id.", Stamps(ITEM_ID, STAMP_DIGITS)),
        ),
        Column("reviewed", _DAY, required=False),
    )
)
"""The keys of one reviewed item."""


def load_baseline(path: Path) -> dict[str, Reviewed] | None:
    """The baseline in a file; None when there is no file: nothing was ever reviewed.

    Raises:
        InputError: the file cannot be understood; every fault is told.
    """
    if not path.exists():
        return None
    log = FaultLog()
    data = read_bytes(path, log)
    baseline = {} if data is None else _parsed(data, log)
    if log.faults:
        raise InputError(str(path), log.faults)
    return baseline


def baseline_text(baseline: Baseline) -> str:
    """The file of a baseline, in the order given."""
    return _HEAD + "".join(
        f"{item_id} = {{{', '.join(_parts(seen))}}}\n" for item_id, seen in baseline.items()
    )


def _parts(seen: Reviewed) -> list[str]:
    linked = ", ".join(f'{item_id} = "{stamp}"' for item_id, stamp in seen.linked.items())
    day = [f"reviewed = {seen.reviewed.isoformat()}"] if seen.reviewed else []
    return [f'fingerprint = "{seen.fingerprint}"', f"linked = {{{linked}}}", *day]


def _parsed(data: bytes, log: FaultLog) -> dict[str, Reviewed]:
    content = parse_toml(data, log) or {}
    for key in content.keys() - {"items"}:
        log.say(f"{shown(key)} is no known table: expected items")
    items = content.get("items", {})
    if not isinstance(items, Mapping):
        log.refuse("items", items, "a table of items by id")
        return {}
    shape = Record(LAYOUT, Reviewed)
    for item_id in items:
        if not re.fullmatch(ITEM_ID, item_id):
            log.say(f"items.{shown(item_id)}: expected an id such as {Thing.REQUIREMENT.example}")
    return {item_id: shape.read(seen, f"items.{item_id}", log) for item_id, seen in items.items()}
