"""What a conformance check works with: a device to ask, and inputs made to fit it."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgeward.canonical import digest
from edgeward_harness.errors import Finding
from edgeward_harness.target.arrays import f32_base64
from edgeward_harness.target.conversation import Pending
from edgeward_harness.target.faults import Refusal
from edgeward_harness.target.kinds import Event, Sorted, sort_events
from edgeward_harness.target.session import DeviceSession

Given = Mapping[str, Any]
NOTHING: Final[Given] = {}

SOMEBODY: Final = 1_000_000_000
"""Raw lines carry ids far from those that sessions count up."""


@dataclass(slots=True)
class Trial:
    """The device under trial. A check asks for a session; after a finding it gets a new one."""

    open_session: Callable[[], DeviceSession]
    profile: Mapping[str, Any]
    """A valid resolved device profile."""
    timeout_s: float
    current: DeviceSession | None = None

    @property
    def device(self) -> DeviceSession:
        """The running device."""
        if self.current is None:
            self.current = self.open_session()
        return self.current

    def fresh(self) -> DeviceSession:
        """A device that nobody has asked anything yet."""
        self.drop()
        return self.device

    def drop(self) -> None:
        """End the device; the next one starts when it is asked for."""
        if self.current is not None:
            self.current.close()
            self.current = None

    @property
    def capabilities(self) -> Collection[str]:
        """What the device says it can be asked."""
        return frozenset(self.device.description["capabilities"])

    @property
    def source(self) -> Mapping[str, Any]:
        """The first input the device describes."""
        source: Mapping[str, Any] = self.device.description["inputs"][0]
        return source

    def by_kind(self, events: Sequence[Event]) -> Sorted:
        """These events, by what can be made of them with the version the device announced."""
        return sort_events(events, self.device.description["protocol"])

    def judged(self, events: Sequence[Event]) -> list[Event]:
        """These events but those of a later minor: a device may tell them at any time."""
        return list(self.device.judged(events))

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Ask for a result.

        Raises:
            Finding: there is none.
        """
        return self.device.call(method, params, self.timeout_s)

    def refused(
        self, method: str, params: Mapping[str, Any] | None, *codes: int, why: str = ""
    ) -> Refusal:
        """Ask what must be refused.

        Raises:
            Finding: it was not, or with another code.
        """
        try:
            return self.device.call_expecting_error(
                method, params, codes=codes, timeout_s=self.timeout_s
            )
        except Finding as finding:
            if not why:
                raise
            detail = f"{finding.title}\n{finding.detail}"
            raise Finding(
                f"{why}: not refused as due", detail, attachments=finding.attachments
            ) from (finding)

    def raw(self, line: bytes, *codes: int) -> Refusal:
        """Send a line that is no request, and see it refused with id null.

        Raises:
            Finding: it was not, or with another code.
        """
        return self.device.send_line(line, self.timeout_s).refusal(self.timeout_s, codes)

    def send(self, method: str, params: Mapping[str, Any] | None = None) -> Pending:
        """Ask without waiting.

        Raises:
            Finding: the device does not take it.
        """
        return self.device.send(method, params, self.timeout_s)

    def still_answers(self) -> None:
        """See that the device goes on.

        Raises:
            Finding: it does not.
        """
        self.call("describe")

    def expect(self, holds: bool, title: str, detail: str = "") -> None:  # noqa: FBT001 - a condition
        """State what must hold.

        Raises:
            Finding: it does not.
        """
        if not holds:
            raise self.device.finding(title, detail)

    def configure(self, profile: Mapping[str, Any]) -> str:
        """Configure and compare the digests.

        Raises:
            Finding: refused, or another digest.
        """
        expected = digest(profile)
        self.device.configure(profile, expected, self.timeout_s)
        return expected

    def window(self) -> list[float]:
        """One window of a plausible signal: a slow swing, and a spike every second."""
        return signal_of(int(self.source["window_samples"]), float(self.source["rate_hz"]))

    def infer(self, samples: list[float], more: Given = NOTHING) -> dict[str, Any]:
        """The parameters of `infer` for these samples, with more of them or others."""
        return {"signal": self.source["signal"], "samples": f32_base64(samples), **more}

    def stream(self, name: str) -> "TrialStream":
        """Open a stream.

        Raises:
            Finding: it is refused, or the sizes are not those described.
        """
        return TrialStream(self, name)


def signal_of(samples: int, rate_hz: float) -> list[float]:
    """A slow swing, and a spike every second."""
    beat = max(1, round(rate_hz))
    return [
        0.1 * math.sin(2 * math.pi * index / (4 * beat))
        + (1.0 if index % beat < beat // 25 else 0.0)
        for index in range(samples)
    ]


class TrialStream:
    """An open stream that keeps count of what it must have yielded."""

    def __init__(self, trial: Trial, name: str) -> None:
        """Open it."""
        self._trial = trial
        self.name = name
        self.next = 0
        source = trial.source
        self.open_params = {
            "stream": name,
            **{key: source[key] for key in ("signal", "rate_hz", "unit")},
        }
        self.cursor = latest_cursor(trial)
        opened = trial.call("stream.open", self.open_params)
        self.window, self.hop = int(opened["window_samples"]), int(opened["hop_samples"])
        described = (source["window_samples"], source["hop_samples"])
        trial.expect(
            (self.window, self.hop) == described,
            "A stream's window and hop are not those described",
            f"described {described}, opened with {(self.window, self.hop)}",
        )

    def params(self, samples: int, more: Given = NOTHING) -> dict[str, Any]:
        """The parameters that push the next samples, with more of them or others."""
        block = f32_base64(signal_of(samples, float(self._trial.source["rate_hz"])))
        return {"stream": self.name, "first": self.next, "samples": block, **more}

    def push(self, samples: int, more: Given = NOTHING) -> None:
        """Push the next samples (or, with `first`, later ones) and check what comes next.

        Raises:
            Finding: refused, or another next index.
        """
        params = self.params(samples, more)
        self.next = int(params["first"]) + samples
        found = self._trial.call("stream.push", params)["next"]
        self._trial.expect(
            found == self.next, f"'next' is {found} after a push up to sample {self.next - 1}"
        )

    def results(self) -> list[Mapping[str, Any]]:
        """The result events of this stream since the last call.

        Raises:
            Finding: the cursor does not work.
        """
        found: list[Mapping[str, Any]] = []
        while True:
            answer = self._trial.call("events", {"after": self.cursor})
            events = answer["events"]
            if not events:
                return found
            cursors = [event["cursor"] for event in events]
            self._trial.expect(
                cursors == sorted(set(cursors)) and cursors[0] > self.cursor,
                "Events must come oldest first, each with a greater cursor",
                f"asked after {self.cursor}, got {cursors[:20]}",
            )
            self._trial.expect(
                answer["next"] == cursors[-1],
                "'next' must be the cursor to ask with the next time",
                f"the last event has {cursors[-1]}, next is {answer['next']}",
            )
            self.cursor = answer["next"]
            found.extend(e for e in events if e["kind"] == "result" and e["stream"] == self.name)

    def windows_due(self) -> int:
        """How many windows are complete."""
        return max(0, (self.next - self.window) // self.hop + 1)

    def close(self) -> None:
        """Close it and check the counts.

        Raises:
            Finding: the counts are wrong.
        """
        due = {"samples": self.next, "windows": self.windows_due()}
        found = dict(self._trial.call("stream.close", {"stream": self.name}))
        self._trial.expect(
            all(found[key] == value for key, value in due.items()),
            "A closed stream reports wrong counts",
            f"found {found}, expected {due}",
        )


def latest_cursor(trial: Trial) -> int:
    """The cursor after the newest event.

    Raises:
        Finding: `events` does not work.
    """
    cursor = 0
    while True:
        answer = trial.call("events", {"after": cursor})
        if not answer["events"]:
            return cursor
        trial.expect(answer["next"] > cursor, "'next' does not move on", f"asked after {cursor}")
        cursor = answer["next"]


def padded_describe(size_bytes: int) -> bytes:
    """A request of exactly this size, its newline not included, with the id SOMEBODY."""
    head = b'{"jsonrpc":"2.0","id":%d,"method":"describe","params":{}' % SOMEBODY
    return head + b" " * (size_bytes - len(head) - 1) + b"}"


def elapsed_ms(since_ns: int) -> float:
    """Milliseconds from a monotonic instant to now."""
    return (time.monotonic_ns() - since_ns) / 1e6
