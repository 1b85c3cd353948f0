"""What is heard and seen, given the alarms that are shown and what an operator took away.

Rules:
1. What may not be switched off is heard and seen, whatever was taken away; a pause of the sound
   alone silences it, and what begins or gets worse then and kills, or is more urgent than all that
   was shown when the pause began, and than LOW, ends the pause.
2. A pause ends by itself at its time. What lasts until somebody ends it is called to mind.
3. The first of the most urgent is heard; what was taken away is marked as long as it lasts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .oracle import RANKS, TOLERANCE_S

REMINDED_S: Final = 180
Event = Mapping[str, Any]
QUIET: Final = ("audio_paused", "alarm_paused", "audio_off", "alarm_off")
DARK: Final = ("alarm_paused", "alarm_off")


class Silence:
    """What an operator took away from one patient."""

    def __init__(self) -> None:
        """Nothing."""
        self.state = "none"
        self.until_s = 0.0
        self.ceiling = RANKS["low"]
        self.reminded_s = 0.0

    def begin(self, state: str, seconds: float, shown: Sequence[Event], now_s: float) -> None:
        """Somebody takes signals away, for a time or until they come back."""
        self.state, self.until_s, self.reminded_s = state, now_s + seconds, now_s
        self.ceiling = min([RANKS["low"], *(RANKS[one["priority"]] for one in shown)])

    def judge(
        self, marks: Sequence[Event], risen: Sequence[tuple[str, bool]], now_s: float
    ) -> list[str]:
        """What is wrong with the marks, given what has risen: its priority, whether it kills."""
        state = next((one["state"] for one in marks), "none")
        over = now_s >= self.until_s or self._broken(risen)
        if self.state.endswith("paused") and state == "none" and over:
            self.state = "none"
            return []
        if state != self.state:
            return [f"{state} is shown, {self.state} holds"]
        faults = []
        if state == "audio_paused" and self._broken(risen):
            faults.append("a pause is not broken through")
        if state.endswith("paused"):
            if now_s > self.until_s + TOLERANCE_S:
                faults.append("a pause does not end")
            left_s = (marks[0]["remaining_ns"] or 0) / 1e9
            if abs(left_s - (self.until_s - now_s)) > TOLERANCE_S:
                faults.append(f"{left_s:g} s of a pause are shown, {self.until_s - now_s:g} left")
        if state.endswith("off") and now_s > self.reminded_s + REMINDED_S:
            faults.append(f"{state} is not called to mind")
        return faults

    def silences(self, may_switch_off: bool) -> bool:  # noqa: FBT001 - the one thing it asks for
        """Whether an alarm is not heard."""
        return self.state == "audio_paused" or (may_switch_off and self.state in QUIET)

    def hides(self, may_switch_off: bool) -> bool:  # noqa: FBT001 - as above
        """Whether an alarm is not lit."""
        return may_switch_off and self.state in DARK

    def activation(self, may_switch_off: bool) -> tuple[str, str]:  # noqa: FBT001 - as above
        """Of the sound and of the light of one alarm: on, paused or off."""
        word = self.state.rpartition("_")[2]
        return (
            word if self.silences(may_switch_off) else "on",
            word if self.hides(may_switch_off) else "on",
        )

    def _broken(self, risen: Sequence[tuple[str, bool]]) -> bool:
        if self.state != "audio_paused":
            return False
        return any(lethal or RANKS[priority] < self.ceiling for priority, lethal in risen)
