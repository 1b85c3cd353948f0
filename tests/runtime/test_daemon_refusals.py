"""Refusals are counted by reason, and ever new reasons cost no memory."""

from edgeward.device.daemon.frames import FrameError
from edgeward.device.daemon.refusals import REASONS_MAX, refuse


def test_of_a_frame_the_reason_is_counted_and_not_what_was_found() -> None:
    refused: dict[str, int] = {}
    for why in (FrameError("bad magic: b'x'"), FrameError("bad magic: b'y'"), "a stored message"):
        refuse(refused, why)
    refuse(refused, FrameError("too short, 3 bytes"))
    refuse(refused, "receiving failed: a, b")
    assert refused == {
        "bad magic": 2, "a stored message": 1, "too short": 1, "receiving failed: a, b": 1,
    }  # fmt: skip


def test_ever_new_reasons_are_counted_together() -> None:
    refused: dict[str, int] = {}
    for number in range(1000):
        refuse(refused, f"nonsense {number}")
    refuse(refused, "nonsense 0")
    assert len(refused) == REASONS_MAX + 1
    assert (refused["nonsense 0"], refused["other"]) == (2, 1000 - REASONS_MAX)
    assert sum(refused.values()) == 1001
