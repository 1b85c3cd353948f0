"""The requirements of a pack as ReqIF, of the day of the pack."""

from collections.abc import Iterable

from edgeward_harness.pack.writing.zipped import read_day
from edgeward_harness.trace import reqif_out
from edgeward_harness.trace.model import Requirement


def write_reqif(requirements: Iterable[Requirement], as_of: str) -> bytes:
    """The requirements as one specification, in their order.

    Raises:
        InputError: the day is none, or a text has a sign that XML cannot say.
    """
    return reqif_out.write_reqif(requirements, read_day(as_of))
