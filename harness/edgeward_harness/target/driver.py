"""What a driver is: the way to one device, and what the host could hold it to."""

import signal
from dataclasses import dataclass
from typing import Protocol

from edgeward_harness.profile.unit import Realization
from edgeward_harness.target.channel import Channel
from edgeward_harness.target.procfs import Scheduled


@dataclass(frozen=True, slots=True)
class Enforcement:
    """One limit of the profile: what was asked, whether it holds, and how, or why not.

    `enforced` is true only when the limit was read back from outside the device.
    """

    what: str
    asked: str
    enforced: bool
    how: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a device ended."""

    status: int | None
    """The exit status; negative for the signal that killed it; None when there is no process."""
    remark: str = ""
    """What the host knows beyond the status, such as an out-of-memory kill."""

    def __str__(self) -> str:
        """For a person: the status or the signal's name, and the remark."""
        if self.status is None:
            text = "it ended"
        elif self.status >= 0:
            text = f"exit status {self.status}"
        else:
            text = f"killed by {_signal_name(-self.status)}"
        return f"{text} ({self.remark})" if self.remark else text


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Driver(Protocol):
    """The way to one device: starts it, ends it, watches it from outside."""

    @property
    def realization(self) -> Realization:
        """Whether what is driven is simulated, emulated or the target itself."""
        ...

    @property
    def enforcement(self) -> tuple[Enforcement, ...]:
        """What the running device is held to, read back from outside."""
        ...

    @property
    def pid(self) -> int | None:
        """The device's process, if it has one on this host."""
        ...

    def start(self) -> Channel:
        """Start the device (again) and connect to it.

        Raises:
            HarnessError: it cannot be started; the device is not to blame.
        """
        ...

    def wait_ended(self, timeout_s: float) -> Ending | None:
        """How the device ended, or None when it has not within this time."""
        ...

    def freeze(self) -> None:
        """Stop every instruction of the device; time goes on."""
        ...

    def thaw(self) -> None:
        """Let a frozen device go on."""
        ...

    def kill(self) -> None:
        """End the device at once, as a power cut does."""
        ...

    def cpu_seconds(self) -> float:
        """Processor time the device has used since its start, as the host's kernel counts it."""
        ...

    def run_delay_ns(self) -> int:
        """Time the device was ready to run but the host did not let it."""
        ...

    def scheduled(self) -> Scheduled:
        """What the host's scheduler did with the device's own threads so far."""
        ...

    def processes(self) -> tuple[int, ...]:
        """Every process that is the device now: what it has started belongs to it."""
        ...

    def stderr_tail(self) -> bytes:
        """The end of what the device wrote to standard error."""
        ...

    def close(self) -> None:
        """Kill what still runs and give back everything; closing twice is fine."""
        ...
