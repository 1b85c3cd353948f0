"""The alarm journal and the thread that brings it to the disk, while alarms wait for neither."""

import threading
from typing import Any

from edgeward.adapters.scheduling import step_below
from edgeward.alarm.change import AlarmChange
from edgeward.alarm.journal.journal import Journal, Recovered
from edgeward.errors import AlarmError
from edgeward.ports import AppendLog, BlackBox, Clock

PAUSE_S = 0.05
"""Between two writes: what comes meanwhile is written together."""
ALIVE_S = 10.0
"""A sign of life reaches the disk at least so often."""


class Recorder:
    """Records on the thread that calls it; writes on one of its own, begun with the first entry."""

    def __init__(self, log: AppendLog, box: BlackBox, clock: Clock, boot: str | None) -> None:
        """Open the journal, whatever is left of it."""
        self.journal, self.recovered = Journal.open(log, box, clock, boot=boot)
        self.fault: str | None = None
        """Why the disk does not take the journal; None while it does."""
        self._due = threading.Event()
        self._over = False
        self._thread: threading.Thread | None = None
        self._box = box
        self.lost = 0
        """Entries that an overflow has cost since this start."""
        self._lost_before: int | None = None

    def record(self, entry: dict[str, Any]) -> bool:
        """Take an entry; False when there was no room. Waits for nothing."""
        taken = self.journal.record(entry)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="alarm-journal", daemon=True)
            self._thread.start()
        self._due.set()
        return taken

    def beat(self) -> str | None:
        """Leave a sign of life; why the disk does not take the journal, None while it does."""
        self.journal.beat()
        if self.lost:
            return f"{self.lost} entries are lost" + (f": {self.fault}" if self.fault else "")
        return self.fault

    def close(self) -> None:
        """Write what waits, and say that the end came in order. Closing twice is fine."""
        if self._over:
            return
        self._over = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()
        self.fault = self.journal.close().fault
        self._box.close()

    def _write(self) -> None:
        step_below()  # begun by the clinical thread, it must not run as one
        while not self._over:
            self._due.wait(ALIVE_S)
            self._due.clear()
            self._flush()
            if not self._over:
                threading.Event().wait(PAUSE_S)

    def _flush(self) -> None:
        """Write what waits. Whatever is raised is told: nobody else would write after it."""
        try:
            flushed = self.journal.flush()
        except Exception as error:
            self.fault = f"{type(error).__name__}: {error}"[:200]
            return
        self.fault = flushed.fault
        lost = sum(flushed.lost)
        if self._lost_before is None:
            self._lost_before = lost
        self.lost = lost - self._lost_before


def changes(recovered: Recovered) -> list[AlarmChange]:
    """What the alarm system goes on from: what stood before the kept entries, then those."""
    first = recovered.entries[0].seq if recovered.entries else 0
    carried = [one for one in recovered.standing if one.seq < first]
    parsed = []
    for one in (*carried, *recovered.entries):
        try:
            parsed.append(AlarmChange.from_dict(one.entry))
        except AlarmError:
            continue  # what the journal says about itself
    return parsed
