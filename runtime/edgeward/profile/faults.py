"""What is wrong with a document: where, what was found, what would be accepted."""

from collections.abc import Sequence

from edgeward.errors import EdgewardError

FAULTS_MAX = 100
"""Faults told one by one; the rest are counted, so that garbage cannot flood a log."""


def fault(where: str, accepted: str, *, source: str = "", hint: str = "") -> str:
    """One fault or warning as one line: path and value found, file, what is accepted, a guess."""
    line = f"{where} ({source}): {accepted}" if source else f"{where}: {accepted}"
    return f"{line}; {hint}" if hint else line


class ProfileError(EdgewardError):
    """A device profile cannot be used. Carries every fault found, and the warnings beside them."""

    def __init__(self, source: str, faults: Sequence[str], warnings: Sequence[str] = ()) -> None:
        """Keep what was read, each fault, and what was only doubted."""
        self.source = source
        self.count = len(faults)
        self.faults = tuple(faults[:FAULTS_MAX])
        if self.count > FAULTS_MAX:
            self.faults += (f"and {self.count - FAULTS_MAX} more faults",)
        self.warnings = tuple(warnings[:FAULTS_MAX])
        super().__init__(self.diagnostics())

    def diagnostics(self) -> str:
        """One line per fault under the profile they were found in."""
        head = f"profile {self.source}: {self.count} fault{'' if self.count == 1 else 's'}"
        return "\n".join([head, *(f"  - {fault}" for fault in self.faults)])
