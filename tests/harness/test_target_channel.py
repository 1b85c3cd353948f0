"""Lines over descriptors: cut right whatever the chunks, bounded, stamped, and never stuck."""

import os
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.adapters.link import memory_pair
from edgeward.limits import Limits
from edgeward_harness.target.channel import (
    ChannelEndedError,
    FdChannel,
    LinkChannel,
    NotReadingError,
    OverlongLineError,
)

LIMIT = 64


class Peer:
    """The device's ends of a channel."""

    def __init__(self) -> None:
        self.read_fd, ours_write = os.pipe()
        ours_read, self.write_fd = os.pipe()
        self.channel = FdChannel(ours_read, ours_write, LIMIT)

    def close(self) -> None:
        for fd in (self.read_fd, self.write_fd):
            if fd >= 0:
                os.close(fd)
        self.channel.close()

    def end_output(self) -> None:
        os.close(self.write_fd)
        self.write_fd = -1

    def end_input(self) -> None:
        os.close(self.read_fd)
        self.read_fd = -1


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def after(seconds: float) -> int:
    return time.monotonic_ns() + int(seconds * 1e9)


def received(peer: Peer) -> list[bytes | str]:
    """Everything up to the end; too long lines and the rest by name."""
    found: list[bytes | str] = []
    while True:
        try:
            line = peer.channel.receive(after(20))
        except OverlongLineError:
            found.append("too long")
            continue
        except ChannelEndedError as ended:
            return [*found, *(["rest"] if ended.leftover else [])]
        assert line is not None
        found.append(line.data)


def glimpsed(peer: Peer) -> list[bytes | str]:
    """What is there without waiting: nothing, a line, or a line that was too long."""
    try:
        line = peer.channel.receive(0)
    except OverlongLineError:
        return ["too long"]
    return [] if line is None else [line.data]


@settings(deadline=None, max_examples=60)
@given(
    lines=st.lists(st.binary(max_size=2 * LIMIT).map(lambda b: b.replace(b"\n", b" ")), max_size=8),
    rest=st.binary(max_size=LIMIT - 1).map(lambda b: b.replace(b"\n", b" ")),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=30),
)
def test_lines_do_not_depend_on_chunks(lines: list[bytes], rest: bytes, cuts: list[int]) -> None:
    peer = Peer()
    try:
        stream = b"".join(line + b"\n" for line in lines) + rest
        found: list[bytes | str] = []
        at = 0
        for number in range(len(stream)):
            size = cuts[number % len(cuts)]
            os.write(peer.write_fd, stream[at : at + size])
            at += size
            if number % 3 == 0:
                found += glimpsed(peer)
        peer.end_output()
        found += received(peer)
    finally:
        peer.close()
    due: list[bytes | str] = [line if len(line) < LIMIT else "too long" for line in lines]
    assert found == [*due, *(["rest"] if rest else [])]


def test_a_line_is_stamped_after_it_was_read(peer: Peer) -> None:
    before_ns = time.monotonic_ns()
    os.write(peer.write_fd, b"one\ntwo\n")
    first, second = peer.channel.receive(after(20)), peer.channel.receive(after(20))
    assert first is not None
    assert second is not None
    assert before_ns < first.received_ns == second.received_ns < time.monotonic_ns()


def test_the_deadline_is_kept_and_not_early(peer: Peer) -> None:
    for wait_s in (0.0, 0.0004, 0.003):
        deadline_ns = after(wait_s)
        assert peer.channel.receive(deadline_ns) is None
        assert time.monotonic_ns() >= deadline_ns


def test_half_a_line_does_not_hold_past_the_deadline(peer: Peer) -> None:
    os.write(peer.write_fd, b"half")
    assert peer.channel.receive(after(0.01)) is None
    os.write(peer.write_fd, b" and whole\n")
    line = peer.channel.receive(after(20))
    assert line is not None
    assert line.data == b"half and whole"


def test_the_end_is_told_after_everything_before_it(peer: Peer) -> None:
    os.write(peer.write_fd, b"last\nwor")
    peer.end_output()
    assert received(peer) == [b"last", "rest"]
    with pytest.raises(ChannelEndedError) as ended:
        peer.channel.receive(after(20))
    assert ended.value.leftover == b"wor"


def test_a_peer_that_has_closed_its_input_is_told(peer: Peer) -> None:
    peer.end_input()
    with pytest.raises(ChannelEndedError):
        peer.channel.send(b"anybody?", after(20))


def test_a_full_pipe_is_waited_for_only_until_the_deadline(peer: Peer) -> None:
    with pytest.raises(NotReadingError):
        peer.channel.send(b"x" * (4 << 20), after(0.02))


def test_sending_much_goes_on_while_the_peer_answers_much() -> None:
    ours_read, theirs_write = os.pipe()
    theirs_read, ours_write = os.pipe()
    channel = FdChannel(ours_read, ours_write, 1 << 20)
    size = 3 << 20

    def peer() -> None:
        """Write a lot before reading a lot: both pipes are full at some moment."""
        for _ in range(300):
            os.write(theirs_write, b"a" * 9_999 + b"\n")
        left = size + 1
        while left:
            left -= len(os.read(theirs_read, 1 << 16))

    thread = threading.Thread(target=peer)
    thread.start()
    try:
        channel.send(b"x" * size, after(20))
        lines = [channel.receive(after(20)) for _ in range(300)]
    finally:
        thread.join()
        os.close(theirs_write)
        os.close(theirs_read)
        channel.close()
    assert [line is not None and len(line.data) for line in lines] == [9_999] * 300


def test_a_link_is_a_channel_too() -> None:
    ours, theirs = memory_pair(Limits(line_bytes_max=LIMIT))
    channel = LinkChannel(ours)
    sent_ns = channel.send(b"there", after(20))
    assert theirs.receive(None) == b"there"
    theirs.send(b"back")
    line = channel.receive(after(20))
    assert line is not None
    assert line.data == b"back"
    assert sent_ns < line.received_ns
    assert channel.receive(0) is None
    theirs.send(b"x" * LIMIT)
    with pytest.raises(OverlongLineError):
        channel.receive(after(20))
    theirs.close()
    with pytest.raises(ChannelEndedError):
        channel.receive(after(20))
    with pytest.raises(ChannelEndedError):
        channel.send(b"gone", after(20))
    channel.end_input()
    channel.close()
