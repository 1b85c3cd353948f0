"""What an operator asks of the running device: taken up by the clinical thread between two blocks.

Rules:
1. The methods are those of the device protocol, with the same parameters and the same answers.
2. Parameters are read on the thread that asks; only what acts on the alarms is done on the clinical
   one, and it never waits for whoever asks.
3. Who was told that no answer came in time is not acted for later.
"""

from collections import deque
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from edgeward.device.answers import Result
from edgeward.device.device import Device
from edgeward.device.method import Call, Later, Method
from edgeward.device.methods import device_methods
from edgeward.device.parameters import read_parameters
from edgeward.device.rpc import Code, Request, RpcError, shown
from edgeward.errors import EdgewardError

METHODS = (
    "alarm.acknowledge",
    "alarm.describe",
    "alarm.inactivate",
    "alarm.limits",
    "alarm.reset",
    "alarm.resume",
    "alarm.switch",
    "patient.state",
)
"""Those that an operator has; patients and samples come from the source."""
WAIT_S = 5.0
WAITING_MAX = 16


class _Question:
    """One request under way."""

    __slots__ = ("answer", "call", "given", "withdrawn")

    def __init__(self, call: Call, given: Mapping[str, Any]) -> None:
        self.call = call
        self.given = given
        self.answer: SimpleQueue[Result | Exception] = SimpleQueue()
        self.withdrawn = False


class Asked:
    """Requests for the clinical thread. `ask` is called by any other, `work` by it."""

    def __init__(self, device: Device, wait_s: float = WAIT_S) -> None:
        """Take the methods from the device; wait so long for the clinical thread."""
        self._device = device
        self._wait_s = wait_s
        self._questions: deque[_Question] = deque()
        self._methods = self._operators()

    def ask(self, request: Request) -> Result:
        """Have a request worked off, and wait for its answer.

        Raises:
            RpcError: it is refused, or no answer came in time.
        """
        method = self._methods.get(request.method)
        if method is None:
            there = ", ".join(("status", *sorted(self._methods)))
            raise RpcError(
                Code.NO_SUCH_METHOD,
                f"no method {shown(request.method)}; there are {there}",
                request_id=request.id,
            )
        if len(self._questions) >= WAITING_MAX:
            raise RpcError(Code.LIMIT, f"{WAITING_MAX} requests wait already", None, request.id)
        given = read_parameters(method.parameters, request.params)
        return self._put(_Question(method.call, given))

    def do(self, act: Callable[[], Result]) -> Result:
        """Have something done on the clinical thread, and wait for it.

        Raises:
            RpcError: no answer came in time.
            EdgewardError: what it raised.
        """
        return self._put(_Question(lambda _, __: act(), {}))

    def _put(self, question: _Question) -> Result:
        self._questions.append(question)
        try:
            answer = question.answer.get(timeout=self._wait_s)
        except Empty:
            question.withdrawn = True  # rule 3
            text = f"the device did not answer within {self._wait_s:g} s; nothing is done"
            raise RpcError(Code.INTERNAL_ERROR, text) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def work(self) -> None:
        """Work off what was asked; what it raises is the answer."""
        while self._questions:
            question = self._questions.popleft()
            if not question.withdrawn:
                question.answer.put(self._answered(question))

    def _answered(self, question: _Question) -> Result | Exception:
        try:
            found = question.call(question.given, self._device.clock.monotonic_ns())
        except EdgewardError as error:
            return error
        except Exception as error:  # whoever asks is told, and the device goes on
            return RpcError(Code.INTERNAL_ERROR, f"internal error: {type(error).__name__}")
        assert isinstance(found, dict), "a method of an operator answers at once"
        return found

    def _operators(self) -> dict[str, Method]:
        table = device_methods(self._device)
        found: dict[str, Method] = {}
        for name in METHODS:
            method = table[name]
            if isinstance(method, Later):
                table |= method.load()
                method = table[name]
            assert isinstance(method, Method)
            found[name] = method
        return found
