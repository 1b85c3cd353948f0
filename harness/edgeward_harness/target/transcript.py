"""What was said: a bounded record of the last lines both ways, for the reader of a finding.

Rules: a fixed number of entries, each of bounded length, so a flood costs nothing; bytes that are
not printable are shown escaped, so that a hostile device cannot steer a reviewer's terminal.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

ENTRIES_KEPT: Final = 200
"""Entries kept; older ones are counted, not shown."""
LINE_BYTES_SHOWN: Final = 400
"""Bytes of a line that are shown; of a longer one the start, the end and the size."""
_TAIL_BYTES: Final = 80

TO_DEVICE: Final = "->"
FROM_DEVICE: Final = "<-"
NOTE: Final = "--"


class Entry(NamedTuple):
    """One line of the conversation, or a note of the harness between lines."""

    at_ns: int
    direction: str
    head: bytes
    tail: bytes = b""
    hidden_bytes: int = 0


@dataclass(slots=True)
class Transcript:
    """The last lines of one conversation with a device."""

    started_ns: int = field(default_factory=time.monotonic_ns)
    _added: int = 0
    _entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=ENTRIES_KEPT))

    def add(self, direction: str, line: bytes, at_ns: int) -> None:
        """Keep a line; only as much of it as will be shown is held in memory."""
        self._added += 1
        if len(line) <= LINE_BYTES_SHOWN:
            self._entries.append(Entry(at_ns, direction, line))
        else:
            head, tail = line[: LINE_BYTES_SHOWN - _TAIL_BYTES], line[-_TAIL_BYTES:]
            hidden_bytes = len(line) - LINE_BYTES_SHOWN
            self._entries.append(Entry(at_ns, direction, head, tail, hidden_bytes))

    def note(self, text: str) -> None:
        """Keep a remark of the harness, such as a signal it sent."""
        self.add(NOTE, text.encode("utf-8", "backslashreplace"), time.monotonic_ns())

    def text(self, stderr_tail: bytes = b"") -> str:
        """The conversation as text: milliseconds since the start, direction, line."""
        lines = []
        dropped = self._added - len(self._entries)
        if dropped:
            lines.append(f"({dropped} earlier lines are not shown)")
        lines.extend(self._shown(entry) for entry in self._entries)
        if stderr_tail:
            lines.append("standard error of the device (its end):")
            lines.extend("  " + printable(line) for line in stderr_tail.splitlines())
        return "\n".join(lines) + "\n"

    def _shown(self, entry: Entry) -> str:
        text = printable(entry.head)
        if entry.tail:
            text = f"{text} [... {entry.hidden_bytes} bytes ...] {printable(entry.tail)}"
        return f"{(entry.at_ns - self.started_ns) / 1e6:12.3f} ms {entry.direction} {text}"


def printable(data: bytes) -> str:
    """Bytes as text on one line: UTF-8 where it is, everything unprintable escaped."""
    text = data.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
