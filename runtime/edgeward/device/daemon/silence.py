"""Streams that have stopped coming: what nobody sends is judged by nobody, and that has to be said.

Rules are asked, and windows become complete, only when samples come. A sensor that is unplugged, a
sender that has died and a broker that is away give nothing at all: no window without an answer, no
rule that cannot judge. So the clinical thread looks at the streams between blocks, and costs a
block nothing: a stream whose next index has not moved on for as long as a window lasts has none of
the samples any more that its last result rested on.
"""

from edgeward.process.processor import Processor
from edgeward.process.technical import Condition


class Silence:
    """Remembers when each stream last moved on."""

    __slots__ = ("_began_ns", "_limit_ns", "_moved")

    def __init__(self, limit_ns: int, now_ns: int) -> None:
        """Call a stream silent when it has not moved on for so long."""
        self._limit_ns = limit_ns
        self._began_ns = now_ns
        self._moved: dict[str, tuple[int, int]] = {}
        """The next index of each stream, and since when it has been that."""

    def look(self, processor: Processor, now_ns: int, source: str, *, others: bool = False) -> None:
        """Tell which streams have fallen silent, and which come again.

        With `others`, something has begun that the model does not take.
        """
        conditions, moved = processor.conditions, self._moved
        self._moved = {}
        for name, stream in processor.streams.items():
            index, since_ns = moved.get(name, (-1, now_ns))
            if index != stream.next_sample:
                since_ns = now_ns
                conditions.clear(Condition.SILENT, name, "samples come again")
            elif now_ns - since_ns > self._limit_ns:
                text = f"no sample since index {index} for {(now_ns - since_ns) / 1e9:.1f} s"
                conditions.raise_(Condition.SILENT, name, text)
            self._moved[name] = (stream.next_sample, since_ns)
        if processor.streams or others:
            conditions.clear(Condition.SILENT, None, "a stream has begun")
        elif now_ns - self._began_ns > self._limit_ns:
            conditions.raise_(Condition.SILENT, None, f"no stream has begun: {source}")
