"""The inprocess driver: the reference device in a thread beside the harness.

Quick, and open to a debugger. It shares processor, memory and interpreter with the harness, so it
is held to nothing, can be neither frozen nor killed, and its evidence is that of a simulated
device.
"""

import threading
from typing import Final

from edgeward.device.inprocess import RunningDevice, start_inprocess
from edgeward.ports import Store
from edgeward.profile import Profile
from edgeward_harness.errors import HarnessError
from edgeward_harness.profile.unit import Realization
from edgeward_harness.target import procfs
from edgeward_harness.target.channel import LinkChannel
from edgeward_harness.target.driver import Ending, Enforcement
from edgeward_harness.target.enforce import asked_by, unenforced

_CLOSE_PATIENCE_S: Final = 5.0


class InProcessDriver:
    """Runs the reference device in a thread of this process."""

    def __init__(self, profile: Profile | None, *, simulated: bool) -> None:
        """Nothing is started yet."""
        why = "the device shares the process of the harness"
        self._enforcement = () if profile is None else unenforced(asked_by(profile), why)
        self._simulated = simulated
        self._link: LinkChannel | None = None
        self._running: RunningDevice | None = None
        self._thread: threading.Thread | None = None

    @property
    def realization(self) -> Realization:
        """Always simulated."""
        return Realization.SIMULATED

    @property
    def enforcement(self) -> tuple[Enforcement, ...]:
        """What the profile asks, and that none of it holds here."""
        return self._enforcement

    @property
    def pid(self) -> int | None:
        """It has no process of its own."""
        return None

    def start(self) -> LinkChannel:
        """Start the device; after `restart` with the store of the one before.

        Raises:
            HarnessError: the device before has not ended.
        """
        store = self._stop()
        before = set(threading.enumerate())
        link, self._running = start_inprocess(simulated=self._simulated, store=store)
        started = [thread for thread in threading.enumerate() if thread not in before]
        self._thread = started[0] if started else None
        self._link = LinkChannel(link)
        return self._link

    def wait_ended(self, timeout_s: float) -> Ending | None:
        """How the thread ended."""
        if self._running is None:
            return None
        status = self._running.join(timeout_s)
        if status is None:
            return None
        error = self._running.error
        return Ending(status, "" if error is None else f"{type(error).__name__}: {error}")

    def freeze(self) -> None:
        """Not possible.

        Raises:
            HarnessError: always.
        """
        raise HarnessError("a device inside the harness cannot be frozen; use the process driver")

    def thaw(self) -> None:
        """Not possible.

        Raises:
            HarnessError: always.
        """
        raise HarnessError("a device inside the harness cannot be thawed; use the process driver")

    def kill(self) -> None:
        """Not possible.

        Raises:
            HarnessError: always.
        """
        raise HarnessError("a device inside the harness cannot be killed; use the process driver")

    def cpu_seconds(self) -> float:
        """Processor time of the device's thread."""
        return procfs.thread_cpu_ns(self._native_id()) / 1e9

    def run_delay_ns(self) -> int:
        """Time the device's thread was ready but not let run."""
        return procfs.thread_run_delay_ns(self._native_id())

    def scheduled(self) -> procfs.Scheduled:
        """Of the device's thread."""
        return procfs.thread_scheduled(self._native_id())

    def processes(self) -> tuple[int, ...]:
        """It has none of its own.

        Raises:
            HarnessError: always.
        """
        raise HarnessError("a device inside the harness has no processes; use the process driver")

    def stderr_tail(self) -> bytes:
        """It writes to the standard error of the harness."""
        return b""

    def close(self) -> None:
        """End the device by closing its link."""
        self._stop()
        self._running = None
        self._link = None

    def _stop(self) -> Store | None:
        """End the thread, if there is one, and give what the device had stored.

        Raises:
            HarnessError: it does not end.
        """
        if self._running is None or self._link is None:
            return None
        self._link.close()
        if self._running.join(_CLOSE_PATIENCE_S) is None:
            raise HarnessError("the device's thread does not end; it will end with the harness")
        return self._running.store

    def _native_id(self) -> int:
        if self._thread is None or self._thread.native_id is None or not self._thread.is_alive():
            raise HarnessError("the device's thread has ended; it can no longer be observed")
        return self._thread.native_id
