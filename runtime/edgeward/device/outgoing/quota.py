"""How much of a queue records of the class audit may take: an alarm must always find room.

Nothing that is kept may be given up for an alarm but what the declared order names, and an audit
record is not among it. So there are no more of them than leave room for alarms, and none is long.
"""

from collections.abc import Sequence
from typing import Final

from edgeward.comms.outbox.allowance import Allowance, room_of
from edgeward.comms.record import Offered, RecordClass

AUDIT_BYTES_MAX: Final = 4096
"""Of one of them: two pages at the most, sealed and with all that goes with it."""
_PART, _PARTS = 2, 5
"""Records to pages: four fifths of the pages, if each takes two."""


def audits_max(allowance: Allowance) -> int:
    """How many may wait."""
    return room_of(allowance).pages_any * _PART // _PARTS


def refused(offered: Sequence[Offered], waiting: int, most: int) -> dict[int, str]:
    """Places of those among them that are beyond it, and why.

    Args:
        offered: in order.
        waiting: how many wait already.
        most: how many may.
    """
    faults: dict[int, str] = {}
    for place, one in enumerate(offered):
        if one.kind is not RecordClass.AUDIT:
            continue
        if len(one.payload) > AUDIT_BYTES_MAX:
            size = len(one.payload)
            faults[place] = f"an audit record of {size} bytes; accepted: {AUDIT_BYTES_MAX}"
        elif waiting >= most:
            faults[place] = f"{waiting} audit records wait; accepted: {most}, for alarms need room"
        else:
            waiting += 1
    return faults
