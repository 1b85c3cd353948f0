"""Every fault of the data, each with its place, the value found and what would be expected."""

from dataclasses import dataclass, field

from edgeward.profile.wording import shown


@dataclass(slots=True)
class FaultLog:
    """Collects faults while data is read; who reads goes on after each."""

    place: str = ""
    """Where reading is now: the file and the table."""
    faults: list[str] = field(default_factory=list)

    def refuse(self, path: str, value: object, expected: str, hint: str = "") -> None:
        """Note a value that cannot be taken."""
        guess = f"; {hint}" if hint else ""
        self.say(f"{path} = {shown(value)}: expected {expected}{guess}")

    def say(self, sentence: str) -> None:
        """Note a fault in a sentence of its own."""
        self.faults.append(f"{self.place}: {sentence}" if self.place else sentence)
