"""The other end of alarms that are told elsewhere: the bench takes their place, or falls silent."""

from dataclasses import dataclass, field
from typing import Any, Final

from edgeward_harness.rig.ward import Bed, Event, Ward

from .acting import BY

REFRESH_MS: Final = 4000


@dataclass(slots=True)
class Receiver:
    """One receiver of a patient's alarms, by name, as the protocol has it."""

    name: str
    answers: bool = True
    """Whether it sends anything: a link that is cut sends nothing either way."""
    takes: bool = True
    """Whether it gives the signals of what was offered."""
    offer: Event | None = None
    """The newest that has come."""
    confirmed: dict[int, str] = field(default_factory=dict)
    _sent: int = 0

    def exchange(self, ward: Ward, bed: Bed, device: str) -> None:
        """Bring the answer, and take the next offer, if the link is up."""
        if not self.answers:
            return
        asked = {"patient": bed.patient, "to": self.name, "answer": self._answer(device)}
        offer = ward.device.call("alarm.refresh", asked)["offer"]
        self.offer = offer or self.offer

    @property
    def open(self) -> list[int]:
        """The deliveries that somebody is still needed for."""
        items = self.offer["items"] if self.offer else []
        return [int(one["delivery"]) for one in items if one["open"]]

    def confirm(self, who: str) -> None:
        """A person confirms all that is offered."""
        self.confirmed.update(dict.fromkeys(self.open, who))

    def _answer(self, device: str) -> dict[str, Any] | None:
        if self.offer is None:
            return None
        self._sent += 1
        deliveries = [int(one["delivery"]) for one in self.offer["items"]]
        return {
            "sender": self.name, "receiver": device, "stamp": [1, self._sent],
            "heard": self.offer["stamp"], "taken": deliveries if self.takes else [],
            "confirmed": [[number, who] for number, who in self.confirmed.items()],
        }  # fmt: skip


@dataclass(slots=True)
class Delegated:
    """A patient whose alarms are told to receivers, and whose seconds pass with messages."""

    ward: Ward
    bed: Bed
    receivers: list[Receiver]
    confirm_s: int
    device: str = ""

    def begin(self) -> None:
        """Delegate the alarms and the sound of this patient."""
        asked = {
            "patient": self.bed.patient, "to": [one.name for one in self.receivers],
            "confirm_within_ms": self.confirm_s * 1000, "refresh_within_ms": REFRESH_MS,
            "sound": True, "by": BY,
        }  # fmt: skip
        self.device = self.ward.device.call("alarm.delegate", asked)["device"]

    def play(self, seconds: int) -> None:
        """Seconds of the patient, with an exchange in each."""
        for _ in range(seconds):
            self.ward.step([self.bed])
            for one in self.receivers:
                one.exchange(self.ward, self.bed, self.device)
        self.ward.read()

    def play_until(self, most_s: int, holds: Any) -> int | None:  # noqa: ANN401 - asks no more
        """How many seconds passed until something held; None when it never did."""
        for second in range(most_s + 1):
            if holds():
                return second
            self.play(1)
        return None

    def technical(self, condition: str) -> bool:
        """Whether the device shows this technical alarm of its own."""
        return any(one["condition"] == condition for one in self.ward.state(None)["alarms"])

    def end(self) -> None:
        """Take the alarms back, and discharge the patient."""
        asked = {"patient": self.bed.patient, "by": BY}
        self.ward.device.call("alarm.undelegate", asked)
        self.ward.discharge(self.bed)
