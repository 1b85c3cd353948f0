"""The agent: serves the device protocol to one peer, on one thread, without a hop.

Rules:
1. Each request is answered exactly once, with its id; nothing else is ever sent.
2. Whatever arrives, the loop goes on. It ends when the peer does, or after `restart` or `shutdown`.
3. An `events` request that waits holds up nothing: it is answered as soon as there is an event
   after its cursor, at its deadline, or when the device ends. New results go out before the answer
   to the request that brought them.
"""

import contextlib
import sys
import traceback
from typing import assert_never

from edgeward.device.answers import Ending, Result, Waiting
from edgeward.device.device import Device
from edgeward.device.method import Later, Method
from edgeward.device.methods import device_methods
from edgeward.device.parameters import read_parameters
from edgeward.device.rpc import (
    Code,
    Request,
    RpcError,
    error_line,
    parse_request,
    result_line,
    shown,
)
from edgeward.errors import LimitError, LineTooLongError, LinkClosedError
from edgeward.ports import Link


class Agent:
    """Serves one device to one peer. `methods` may be changed before `serve` is called."""

    def __init__(self, device: Device, link: Link) -> None:
        """Serve this device over this link."""
        self.device = device
        self.link = link
        self.methods: dict[str, Method | Later] = device_methods(device)
        self._waiting: list[tuple[int, Waiting]] = []
        self._exit_status: int | None = None

    def serve(self) -> int | None:
        """Answer until the end: the exit status asked for, or None when the peer has ended."""
        try:
            while self._exit_status is None:
                self._receive()
        except LinkClosedError:
            return self._exit_status
        return self._exit_status

    def _receive(self) -> None:
        """Wait for one line or deadline, and answer all that can be answered."""
        answer = None
        try:
            line = self.link.receive(self._timeout_ns())
            if self.device.bedside is not None and not self.device.clock.simulated:
                self.device.bedside.advance_when_due()
            if line is not None:
                answer = self.answer(line)
        except LineTooLongError as error:
            answer = error_line(None, RpcError(Code.PARSE_ERROR, str(error)))
        self._answer_waiting()
        if answer is not None:
            self.link.send(answer)

    def answer(self, line: bytes) -> bytes | None:
        """The line that answers a line, or None for a request that now waits. Never raises."""
        arrived_ns = self.device.clock.monotonic_ns()
        request: Request | None = None
        try:
            request = parse_request(line)
            result = self._call(request, arrived_ns)
            return None if result is None else result_line(request.id, result)
        except RpcError as error:
            return error_line(error.request_id if request is None else request.id, error)
        except Exception as error:  # rule 2
            _log_traceback()
            internal = RpcError(Code.INTERNAL_ERROR, f"internal error: {type(error).__name__}")
            return error_line(None if request is None else request.id, internal)

    def _call(self, request: Request, arrived_ns: int) -> Result | None:
        """The result of a request; None when it waits."""
        method = self.methods.get(request.method)
        if isinstance(method, Later):
            self.methods |= method.load()
            method = self.methods[request.method]
            assert isinstance(method, Method)
        if method is None:
            raise RpcError(
                Code.NO_SUCH_METHOD,
                f"no method {shown(request.method)}; there are {', '.join(sorted(self.methods))}",
            )
        try:
            given = read_parameters(method.parameters, request.params)
            outcome = method.call(given, arrived_ns)
            if isinstance(outcome, Waiting):
                self._park(request.id, outcome)
                return None
        except LimitError as error:
            raise RpcError(Code.LIMIT, str(error)) from error
        if isinstance(outcome, Ending):
            self._exit_status = outcome.exit_status
            return {}
        if isinstance(outcome, dict):
            return outcome
        assert_never(outcome)

    def _park(self, request_id: int, waiting: Waiting) -> None:
        limit = self.device.limits.waiting_requests_max
        if len(self._waiting) >= limit:
            raise LimitError(f"waiting_requests_max = {limit} requests are waiting already")
        self._waiting.append((request_id, waiting))

    def _answer_waiting(self) -> None:
        """Rule 3, for every request that need not wait any longer."""
        if not self._waiting:
            return
        ending = self._exit_status is not None
        now_ns = self.device.clock.monotonic_ns()
        still: list[tuple[int, Waiting]] = []
        for request_id, waiting in self._waiting:
            told = self.device.events.last > waiting.after
            if told or ending or now_ns >= waiting.deadline_ns:
                result = self.device.read_events(waiting.after, waiting.limit)
                self.link.send(result_line(request_id, result))
            else:
                still.append((request_id, waiting))
        self._waiting = still

    def _timeout_ns(self) -> int | None:
        """How long to wait for a line. A simulated clock stands still until a line moves it."""
        if self.device.clock.simulated:
            return None
        deadlines_ns = [waiting.deadline_ns for _, waiting in self._waiting]
        bedside = self.device.bedside
        if bedside is not None and (due_ns := bedside.due_ns) is not None:
            deadlines_ns.append(due_ns)
        if not deadlines_ns:
            return None
        return max(0, min(deadlines_ns) - self.device.clock.monotonic_ns())


def _log_traceback() -> None:
    """Standard error is for people, and may be gone; that is no reason to stop."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(traceback.format_exc())
