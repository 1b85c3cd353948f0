"""Requests out, answers in, each judged by the protocol's rules.

Rules:
1. The thread that waits reads (see `channel`). A conversation belongs to one thread.
2. Every answer must match a request under way by its id, be an answer (see `messages`) and have
   the shape its method promises (see `results`). Anything else is a `Finding` that carries the
   transcript, raised from whatever call reads it.
3. An error answer where a result is due is `DeviceRefused`.
4. A device that ends without being asked to is a finding that says how it ended.
"""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from edgeward_harness.errors import Finding, HarnessError
from edgeward_harness.target.channel import (
    Channel,
    ChannelEndedError,
    Line,
    NotReadingError,
    OverlongLineError,
)
from edgeward_harness.target.driver import Ending
from edgeward_harness.target.faults import TRANSCRIPT, DeviceRefused, Refusal
from edgeward_harness.target.messages import Answer, MalformedError, decode_answer, encode_request
from edgeward_harness.target.results import result_faults
from edgeward_harness.target.transcript import FROM_DEVICE, TO_DEVICE, Transcript, printable

TIMEOUT_S: Final = 10.0
"""How long an answer may take where the caller gives no time of its own."""
_LAST_WORDS_S: Final = 1.0
_NS_PER_S: Final = 1_000_000_000


class Pending:
    """A request under way."""

    __slots__ = ("_conversation", "answer", "method", "number", "received_ns", "sent_ns")

    def __init__(self, conversation: "Conversation", number: int | None, method: str) -> None:
        """Made by a conversation when it sends."""
        self._conversation = conversation
        self.number = number
        self.method = method
        self.sent_ns = 0
        """The harness's monotonic time right before the request was written."""
        self.received_ns = 0
        """The harness's monotonic time right after the answer was read; 0 before."""
        self.answer: Answer | None = None

    @property
    def done(self) -> bool:
        """Whether the answer has been read."""
        return self.answer is not None

    def result(self, timeout_s: float = TIMEOUT_S) -> Mapping[str, Any]:
        """Wait for the result. A request that timed out may be waited for again.

        Raises:
            DeviceRefused: the device answered an error.
            Finding: no answer in time, an answer that breaks the protocol, or the device ended.
        """
        answer = self._conversation.await_answer(self, timeout_s)
        if answer.refusal is not None:
            raise DeviceRefused(
                self.method, answer.refusal, attachments=self._conversation.attachments()
            )
        result = answer.result if answer.result is not None else {}
        faults = result_faults(self.method, result)
        if faults:
            title = f"The result of {self.method!r} is not what the protocol says"
            raise self._conversation.finding(title, "\n".join(faults))
        return result

    def refusal(self, timeout_s: float = TIMEOUT_S, codes: Collection[int] = ()) -> Refusal:
        """Wait for the error that is due, with one of these codes (any, when none is given).

        Raises:
            Finding: a result came, or another code; or as in `result`.
        """
        answer = self._conversation.await_answer(self, timeout_s)
        due = " or ".join(str(code) for code in codes) or "an error"
        if answer.refusal is None:
            title = f"{self.method!r} was answered although {due} was due"
            raise self._conversation.finding(title, f"result: {answer.result!r:.400}")
        if codes and answer.refusal.code not in codes:
            title = f"{self.method!r} was refused with {answer.refusal.code}; {due} was due"
            raise self._conversation.finding(title, str(answer.refusal))
        return answer.refusal


class Conversation:
    """The requests and answers over one connection."""

    def __init__(
        self,
        channel: Channel,
        transcript: Transcript,
        *,
        ending: Callable[[], Ending | None],
        stderr_tail: Callable[[], bytes],
    ) -> None:
        """Talk over the channel; ask `ending` how the device ended when the channel ends."""
        self._channel = channel
        self._transcript = transcript
        self._ending = ending
        self._stderr_tail = stderr_tail
        self._pending: dict[int | None, Pending] = {}
        self._next_number = 1

    def send(self, method: str, params: Mapping[str, Any] | None, timeout_s: float) -> Pending:
        """Ask without waiting; several requests may be under way at once.

        Raises:
            Finding: the device has ended, or takes no input.
            HarnessError: the parameters are not JSON.
        """
        number = self._next_number
        line = encode_request(number, method, params)
        self._next_number += 1
        return self._write(Pending(self, number, method), line, timeout_s)

    def send_line(
        self, line: bytes, timeout_s: float, number: int | None = None, method: str = "a raw line"
    ) -> Pending:
        """Send a line as it is; its answer is the next one with this number as its id.

        Raises:
            Finding: the device has ended, or takes no input.
            HarnessError: another request with this number is still under way.
        """
        if number in self._pending:
            raise HarnessError(f"number {number} is still unanswered; two cannot be told apart")
        return self._write(Pending(self, number, method), line, timeout_s)

    def await_answer(self, pending: Pending, timeout_s: float) -> Answer:
        """Read until this request is answered.

        Raises:
            Finding: no answer in time, an answer that breaks the protocol, or the device ended.
        """
        deadline_ns = deadline_after_ns(timeout_s)
        while pending.answer is None:
            line = self._receive(deadline_ns, f"before it answered {pending.method!r}")
            if line is None:
                title = f"The device did not answer {pending.method!r} within {timeout_s:g} s"
                raise self.finding(title)
            self._absorb(line)
        return pending.answer

    def pump_until(self, instant_ns: int) -> None:
        """Take in every answer that arrives before this instant.

        Raises:
            Finding: what arrived breaks the protocol, or the device ended.
        """
        while (line := self._receive(instant_ns, "while nothing was asked")) is not None:
            self._absorb(line)

    def read_to_end(self, deadline_ns: int, cause: str) -> bool:
        """Read until the device closes its output, as it must after `cause`; False at the deadline.

        Raises:
            Finding: it said something else before the end.
        """
        try:
            while (line := self._take(deadline_ns)) is not None:
                self._absorb(line)
        except ChannelEndedError as ended:
            if ended.leftover:
                detail = printable(ended.leftover[:200])
                raise self.finding(f"The device sent half a line after {cause}", detail) from ended
            return True
        return False

    def end_input(self) -> None:
        """Let the device see the end of its input."""
        self._channel.end_input()
        self._transcript.note("end of input")

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def finding(self, title: str, detail: str = "") -> Finding:
        """A finding that carries the transcript."""
        return Finding(title, detail, attachments=self.attachments())

    def attachments(self) -> dict[str, bytes]:
        """The transcript, as findings carry it."""
        return {TRANSCRIPT: self._transcript.text(self._stderr_tail()).encode("utf-8")}

    def _write(self, pending: Pending, line: bytes, timeout_s: float) -> Pending:
        self._pending[pending.number] = pending
        try:
            pending.sent_ns = self._channel.send(line, deadline_after_ns(timeout_s))
        except ChannelEndedError as ended:
            self._read_last_words()
            raise self._death(ended, f"before {pending.method!r} could be asked") from ended
        except NotReadingError as error:
            title = f"The device did not take {pending.method!r} within {timeout_s:g} s"
            raise self.finding(title, "its input stays full: it does not read") from error
        self._transcript.add(TO_DEVICE, line, pending.sent_ns)
        return pending

    def _receive(self, deadline_ns: int, when: str) -> Line | None:
        try:
            return self._take(deadline_ns)
        except ChannelEndedError as ended:
            raise self._death(ended, when) from ended

    def _take(self, deadline_ns: int) -> Line | None:
        try:
            line = self._channel.receive(deadline_ns)
        except OverlongLineError as error:
            self._transcript.add(FROM_DEVICE, error.head, time.monotonic_ns())
            detail = f"it begins with {printable(error.head[:200])}"
            raise self.finding("The device sent a line over the 1 MiB limit", detail) from error
        if line is not None:
            self._transcript.add(FROM_DEVICE, line.data, line.received_ns)
        return line

    def _absorb(self, line: Line) -> None:
        """Give an answer to the request it belongs to; judge everything else."""
        try:
            answer = decode_answer(line.data)
        except MalformedError as error:
            detail = f"{error}\nline: {printable(line.data[:400])}"
            raise self.finding("The device sent something that is not an answer", detail) from error
        pending = self._pending.pop(answer.id, None)
        if pending is None:
            raise self._unasked(answer)
        pending.answer = answer
        pending.received_ns = line.received_ns

    def _unasked(self, answer: Answer) -> Finding:
        if answer.id is None:
            title = "The device reported an error nobody caused (id null)"
        elif 0 < answer.id < self._next_number:
            title = f"The device answered request {answer.id} twice"
        else:
            title = f"The device answered a request nobody made (id {answer.id})"
        under_way = ", ".join(str(number) for number in self._pending) or "none"
        seen = answer.refusal or f"result: {answer.result!r:.400}"
        return self.finding(title, f"{seen}\nrequests under way: {under_way}")

    def _read_last_words(self) -> None:
        """Take what the device still said before it ended into the transcript."""
        deadline_ns = deadline_after_ns(_LAST_WORDS_S)
        try:
            while (line := self._channel.receive(deadline_ns)) is not None:
                self._transcript.add(FROM_DEVICE, line.data, line.received_ns)
        except (ChannelEndedError, OverlongLineError):
            return

    def _death(self, ended: ChannelEndedError, when: str) -> Finding:
        ending = self._ending()
        how = "it still runs, with its output closed" if ending is None else str(ending)
        self._transcript.note(f"the device ended: {how}")
        lines = [how]
        if ended.leftover:
            lines.append(f"its last line has no end: {printable(ended.leftover[:200])}")
        return self.finding(f"The device ended {when}", "\n".join(lines))


def deadline_after_ns(timeout_s: float) -> int:
    """The monotonic instant that lies this far ahead."""
    return time.monotonic_ns() + int(timeout_s * _NS_PER_S)
