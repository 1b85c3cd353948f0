"""What the processor has done since its start, in numbers that must add up."""

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counts:
    """Windows, by what became of them; incremented by the processor only."""

    windows: int = 0
    """Complete windows."""
    answered: int = 0
    no_answer: int = 0
    """The model was not asked, or did not answer, for what the samples were or what it did."""
    declined: int = 0
    """No answer because the device left the window out, to keep up."""
    told: int = 0
    """Results handed to whoever tells them."""
    untold: int = 0
    """Results whose telling failed."""
    late: int = 0

    def to_dict(self) -> dict[str, int]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def conserved(self) -> bool:
        """Each window has one outcome, and each outcome was told or its telling failed."""
        outcomes = self.answered + self.no_answer + self.declined
        return self.windows == outcomes == self.told + self.untold
