"""What came over a network and could not be used, counted by reason."""

from edgeward.device.daemon.frames import FrameError

REASONS_MAX = 16
"""Beyond these all others are one: whoever sends ever new nonsense does not fill the memory."""


def refuse(refused: dict[str, int], why: FrameError | str) -> None:
    """Count one; of a frame only the reason counts, not the values that it was found with."""
    reason = why if isinstance(why, str) else str(why).partition(":")[0].partition(",")[0]
    key = reason if reason in refused or len(refused) < REASONS_MAX else "other"
    refused[key] = refused.get(key, 0) + 1
