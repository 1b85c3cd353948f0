"""A running device: started, asked, disturbed, watched from outside, and ended.

Rules:
1. A session belongs to one thread; the thread that waits for an answer reads it (see
   `conversation`).
2. After `kill` only `restart` and `close` make sense, after `shutdown` and `end_input` only
   `close`; asking a device that we ended is our own mistake, hence a `HarnessError`.
3. Closing kills what still runs. Whether a device ends well when it is asked to is judged by
   `shutdown` and `end_input`, never by closing.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from edgeward_harness.errors import Finding, HarnessError
from edgeward_harness.profile.unit import Realization
from edgeward_harness.target.conversation import (
    TIMEOUT_S,
    Conversation,
    Pending,
    deadline_after_ns,
)
from edgeward_harness.target.driver import Driver, Ending, Enforcement
from edgeward_harness.target.faults import TRANSCRIPT, Refusal
from edgeward_harness.target.kinds import Event, judged_events
from edgeward_harness.target.procfs import Scheduled
from edgeward_harness.target.simulated_time import SimulatedTime
from edgeward_harness.target.transcript import Transcript

STARTUP_S: Final = 30.0
"""How long a device may take from its start to its first answer."""
SHUTDOWN_S: Final = 5.0
"""How long a device may take to end (docs/protocol.md, `shutdown`)."""
RESTART_STATUS: Final = 75
"""The exit status of a device that wants to be started again."""
_DEATH_PATIENCE_S: Final = 1.0


class DeviceSession:
    """A running device and the conversation with it. Use as a context manager, or `close` it."""

    def __init__(
        self,
        driver: Driver,
        *,
        startup_s: float = STARTUP_S,
        shutdown_s: float = SHUTDOWN_S,
        simulated: SimulatedTime | None = None,
    ) -> None:
        """Start the device and read its description; a simulated build is told its wall time.

        Raises:
            Finding: it does not describe itself as the protocol says.
            HarnessError: it cannot be started.
        """
        self._driver = driver
        self._startup_s = startup_s
        self._shutdown_s = shutdown_s
        self._conversation: Conversation | None = None
        self._over = ""
        self._simulated = simulated
        self.transcript = Transcript()
        """The last lines said both ways."""
        self.description: Mapping[str, Any] = {}
        """The `describe` result, validated."""
        self.started_ns = 0
        """When the device's program was started, by our monotonic clock."""
        self.startup_ns = 0
        """From the start of the device's program to its description."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "DeviceSession":
        """The session itself."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close it."""
        self.close()

    @property
    def realization(self) -> Realization:
        """Simulated, emulated or on target."""
        return self._driver.realization

    @property
    def enforcement(self) -> tuple[Enforcement, ...]:
        """What the device is held to, read back from outside when it was started."""
        return self._driver.enforcement

    @property
    def pid(self) -> int | None:
        """The device's process, if it has one on this host."""
        return self._driver.pid

    def cpu_seconds(self) -> float:
        """Processor time used by the device and its children, observed from outside.

        Raises:
            HarnessError: the device has no process to observe.
        """
        return self._driver.cpu_seconds()

    def run_delay_ns(self) -> int:
        """Time the device was ready to run but the host did not let it, observed from outside.

        Raises:
            HarnessError: the device has no process to observe.
        """
        return self._driver.run_delay_ns()

    def scheduled(self) -> Scheduled:
        """What the host's scheduler did with the device so far, observed from outside.

        Raises:
            HarnessError: the device has no process to observe.
        """
        return self._driver.scheduled()

    def processes(self) -> tuple[int, ...]:
        """Every process that is the device now, observed from outside: also those it started.

        Raises:
            HarnessError: the device has no process to observe.
        """
        return self._driver.processes()

    def stderr_tail(self) -> bytes:
        """The end of what the device wrote to standard error."""
        return self._driver.stderr_tail()

    def judged(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """These events in their order, without those that a later minor version may have added."""
        return judged_events(events, self.description["protocol"])

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, timeout_s: float = TIMEOUT_S
    ) -> Mapping[str, Any]:
        """Ask and wait for the result.

        Raises:
            DeviceRefused: the device answered an error.
            Finding: no answer in time, an answer that breaks the protocol, or the device ended.
        """
        return self.send(method, params, timeout_s).result(timeout_s)

    def call_expecting_error(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        codes: Collection[int] = (),
        timeout_s: float = TIMEOUT_S,
    ) -> Refusal:
        """Ask what the device must refuse, with one of these codes (any, when none is given).

        Raises:
            Finding: it did not refuse, or with another code.
        """
        return self.send(method, params, timeout_s).refusal(timeout_s, codes)

    def send(
        self, method: str, params: Mapping[str, Any] | None = None, timeout_s: float = TIMEOUT_S
    ) -> Pending:
        """Ask without waiting; several requests may be under way at once.

        Raises:
            Finding: the device has ended, or takes no input.
            HarnessError: the parameters are not JSON, or the session is over.
        """
        return self._connected().send(method, params, timeout_s)

    def send_line(
        self,
        line: bytes,
        timeout_s: float = TIMEOUT_S,
        *,
        number: int | None = None,
        method: str = "a raw line",
    ) -> Pending:
        """Send a line as it is; its answer is the next one with this number as its id.

        Raises:
            Finding: the device has ended, or takes no input.
            HarnessError: another request with this number is under way, or the session is over.
        """
        return self._connected().send_line(line, timeout_s, number, method)

    def configure(
        self, profile: Mapping[str, Any], profile_sha256: str, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Give the device a resolved profile and see that it got the same one.

        Raises:
            Finding: it refused, or its digest is another.
        """
        found = self.call("configure", {"profile": profile}, timeout_s)["profile_sha256"]
        if found != profile_sha256:
            detail = f"found {found}, expected {profile_sha256}"
            raise self.finding("The device's digest of its profile is wrong", detail)

    def advance(
        self, duration_ns: int, wall_jump_ns: int = 0, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Let time pass for a simulated build, then set its wall clock on or back.

        While the device is off only the wall time passes: it will see it when it starts again.

        Raises:
            Finding: it does not answer, or breaks the protocol.
            HarnessError: it was not opened as a simulated build.
        """
        if self._simulated is None:
            raise HarnessError("time passes by itself for this device; open its simulated build")
        self._simulated.passes(duration_ns + wall_jump_ns)
        if self._over:
            return
        asked: dict[str, int] = {"advance_ns": duration_ns}
        if wall_jump_ns:
            asked["wall_jump_ns"] = wall_jump_ns
        self.call("clock", asked, timeout_s)

    @property
    def wall_ns(self) -> int:
        """The wall time of a simulated build, as the harness has set it.

        Raises:
            HarnessError: it was not opened as a simulated build.
        """
        if self._simulated is None:
            raise HarnessError("only a simulated build has a wall clock that is known here")
        return self._simulated.wall_ns

    def pump_until(self, instant_ns: int) -> None:
        """Wait until this monotonic instant and stamp every answer that arrives on its arrival.

        Pace a stream with this, never with a sleep: an answer that arrives during a sleep is
        stamped when somebody reads next.

        Raises:
            Finding: what arrived breaks the protocol, or the device ended.
        """
        self._connected().pump_until(instant_ns)

    def freeze(self) -> None:
        """Stop every instruction of the device; time goes on.

        Raises:
            HarnessError: there is no process to stop.
        """
        self._driver.freeze()
        self.transcript.note("frozen by the harness")

    def thaw(self) -> None:
        """Let a frozen device go on.

        Raises:
            HarnessError: there is no process to continue.
        """
        self._driver.thaw()
        self.transcript.note("thawed by the harness")

    def kill(self) -> None:
        """End the device at once, as a power cut does; only `restart` and `close` go on from here.

        Raises:
            HarnessError: this driver cannot kill its device.
        """
        self._driver.kill()
        self._over = "the harness killed it"
        self.transcript.note("killed by the harness")

    def restart(self, timeout_s: float = TIMEOUT_S) -> None:
        """Have the device start anew (after `kill`: start it again), and see that it comes back.

        Raises:
            Finding: it did not end with status 75, or did not come back one epoch later.
        """
        epoch = self.description["device"]["epoch"]
        if self._conversation is not None and not self._over:
            self.call("restart", timeout_s=timeout_s)
            self._expect_end("restart", RESTART_STATUS)
        self._start()
        found = self.description["device"]["epoch"]
        if found != epoch + 1:
            detail = f"epoch before {epoch}, after {found}, expected {epoch + 1}"
            raise self.finding("A restarted device must be one epoch later", detail)

    def shutdown(self, timeout_s: float = TIMEOUT_S) -> None:
        """Ask the device to end, and see that it does. The session is over.

        Raises:
            Finding: it did not end with status 0 in time.
        """
        self.call("shutdown", timeout_s=timeout_s)
        self._expect_end("shutdown", 0)

    def end_input(self) -> None:
        """Close the device's input, and see that it ends. The session is over.

        Raises:
            Finding: it did not end with status 0 in time.
        """
        self._connected().end_input()
        self._expect_end("the end of its input", 0)

    def close(self) -> None:
        """Kill what still runs and give back everything; closing twice is fine."""
        self._over = self._over or "the session is closed"
        self._disconnect()
        self._driver.close()

    def finding(self, title: str, detail: str = "") -> Finding:
        """A finding about this device that carries the transcript."""
        text = self.transcript.text(self._driver.stderr_tail())
        return Finding(title, detail, attachments={TRANSCRIPT: text.encode("utf-8")})

    def _start(self) -> None:
        self._disconnect()
        channel = self._driver.start()
        self.started_ns = time.monotonic_ns()
        self._over = ""
        self.transcript.note("started by the harness")
        self._conversation = Conversation(
            channel, self.transcript, ending=self._ending, stderr_tail=self._driver.stderr_tail
        )
        pending = self.send("describe", timeout_s=self._startup_s)
        self.description = pending.result(self._startup_s)
        self.startup_ns = pending.received_ns - self.started_ns

    def _disconnect(self) -> None:
        if self._conversation is not None:
            self._conversation.close()
            self._conversation = None

    def _connected(self) -> Conversation:
        if self._over or self._conversation is None:
            raise HarnessError(f"the device cannot be asked: {self._over}")
        return self._conversation

    def _ending(self) -> Ending | None:
        return self._driver.wait_ended(_DEATH_PATIENCE_S)

    def _expect_end(self, cause: str, status: int) -> None:
        """See that the device closes its output, says nothing more and ends with this status.

        Raises:
            Finding: it does not.
        """
        deadline_ns = deadline_after_ns(self._shutdown_s)
        silent = self._connected().read_to_end(deadline_ns, cause)
        left_s = max(0.0, (deadline_ns - time.monotonic_ns()) / 1e9)
        ending = self._driver.wait_ended(left_s) if silent else None
        self._over = f"it ended after {cause}"
        if ending is None:
            raise self.finding(f"The device still runs {self._shutdown_s:g} s after {cause}")
        self.transcript.note(f"the device ended: {ending}")
        if ending.status not in (status, None):
            title = f"The device must end with status {status} after {cause}"
            raise self.finding(title, str(ending))
