"""Whether a result came in time, by the device's own clock."""

_NS_PER_MS = 1_000_000


class Lateness:
    """Compares each result with the budget in force, and counts the late ones since the start."""

    __slots__ = ("_budget_ns", "late_results")

    def __init__(self) -> None:
        """Start without a budget: nothing is late, and nothing is in time."""
        self._budget_ns: int | None = None
        self.late_results = 0

    def set_budget_ms(self, budget_ms: float | None) -> None:
        """Put a budget in force, or none."""
        self._budget_ns = None if budget_ms is None else round(budget_ms * _NS_PER_MS)

    def judge(self, last_sample_ns: int, decided_ns: int) -> bool | None:
        """True when the time between the two exceeds the budget; None without a budget."""
        if self._budget_ns is None:
            return None
        late = decided_ns - last_sample_ns > self._budget_ns
        self.late_results += late
        return late
