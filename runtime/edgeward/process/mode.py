"""The four modes: when a block is worked off. What comes out of it is the same in each."""

from dataclasses import dataclass
from enum import StrEnum

from edgeward.profile.model import Profile

_NS_PER_MS = 1_000_000


class Mode(StrEnum):
    """When a block is worked off."""

    REAL_TIME = "real_time"
    """Before `offer` returns: no queue, no hop."""
    STREAMING = "streaming"
    """When `work` is called: the caller first takes all that has arrived, then works."""
    EVENT_DRIVEN = "event_driven"
    """At once when a rule fires; otherwise as late as the slack allows, in one go: in between the
    processor sleeps."""
    BATCH = "batch"
    """When the backlog is full, and at the end: a recording, as fast as it goes. No result is
    late."""

    @property
    def works_at_once(self) -> bool:
        """Whether no block ever waits."""
        return self is Mode.REAL_TIME

    @property
    def keeps_pace(self) -> bool:
        """Whether somebody waits for the results, so that old ones lose their worth."""
        return self is not Mode.BATCH


@dataclass(frozen=True, slots=True)
class Pace:
    """The mode and the times that go with it."""

    mode: Mode = Mode.REAL_TIME
    backlog_samples_max: int = 1_000_000
    stale_ns: int = 1000 * _NS_PER_MS
    """A clinical block that has waited for longer, with a newer one of its stream behind it, is not
    judged any more. The rule for it is the delay after which a HIGH alarm would be too late."""
    slack_ns: int = 20 * _NS_PER_MS
    """How long an event-driven processor may let a block wait."""
    watchdog_ns: int = 2000 * _NS_PER_MS
    """How long one block may take to be worked off."""

    def __post_init__(self) -> None:
        """Check the figures, all at once.

        Raises:
            ValueError: one of them is not positive, or the slack leaves no time to judge.
        """
        faults = [
            f"{name} = {value}, accepted: 1 or more"
            for name in ("backlog_samples_max", "stale_ns", "slack_ns", "watchdog_ns")
            if (value := getattr(self, name)) < 1
        ]
        if self.slack_ns >= self.stale_ns:
            faults.append(
                f"slack_ns = {self.slack_ns}, accepted: less than stale_ns = {self.stale_ns}"
            )
        if faults:
            raise ValueError("; ".join(faults))


def pace_of(profile: Profile, mode: Mode) -> Pace:
    """The times that a device profile leaves for each mode.

    A window is of no use any more when the HIGH alarm resting on it would be too late; an
    event-driven processor may sleep for half of the typical budget; a block that takes longer than
    the HIGH alarm's delay, and twice the worst result, hangs.
    """
    budget = profile.budget.latency["window_to_result"]
    stale_ns = round(profile.alarm.high_delay_ms * _NS_PER_MS)
    return Pace(
        mode=mode,
        stale_ns=stale_ns,
        slack_ns=min(round(budget.p50_ms * _NS_PER_MS / 2), stale_ns - 1),
        watchdog_ns=max(stale_ns, round(2 * budget.max_ms * _NS_PER_MS)),
    )


PACE = Pace()
"""Real time, with times that suit a bedside."""
