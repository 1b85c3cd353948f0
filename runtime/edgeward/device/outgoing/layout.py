"""Where what a device keeps for delivery lies in the folder of its state."""

from pathlib import Path

AUDIT, KEYS, OUTBOX, TRUST = "audit", "keys", "outbox", "trust"
"""The parts of the folder of records."""


def records_of_state(state: Path) -> Path:
    """Where a device with this folder for its state keeps its records."""
    return state / "records"
