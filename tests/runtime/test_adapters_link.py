"""Links carry whole lines in order, whatever the peer does."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.adapters.link import FileLink, LineBuffer, memory_pair
from edgeward.adapters.listener import UnixListener
from edgeward.errors import LineTooLongError, LinkClosedError, StoreError
from edgeward.limits import Limits
from edgeward.ports import Link

SMALL = Limits(line_bytes_max=16, memory_link_lines_max=4)
Pair = tuple[Link, Link]


def pipe_pair(limits: Limits) -> Pair:
    there_read, there_write = os.pipe()
    back_read, back_write = os.pipe()
    return FileLink(back_read, there_write, limits), FileLink(there_read, back_write, limits)


def socket_pair(limits: Limits) -> Pair:
    left, right = (end.detach() for end in socket.socketpair())
    return FileLink(left, left, limits), FileLink(right, right, limits)


@pytest.fixture(params=[pipe_pair, socket_pair, memory_pair])
def pair(request: pytest.FixtureRequest) -> Iterator[Callable[..., Pair]]:
    made: list[Link] = []

    def make(limits: Limits = SMALL) -> Pair:
        ends: Pair = request.param(limits)
        made.extend(ends)
        return ends

    yield make
    for link in made:
        link.close()


def test_lines_arrive_whole_and_in_order_both_ways(pair: Callable[..., Pair]) -> None:
    left, right = pair()
    left.send(b"one")
    left.send(b"")
    left.send(b"two\nthree")
    right.send(b"back")
    assert [right.receive(None) for _ in range(4)] == [b"one", b"", b"two", b"three"]
    assert left.receive(None) == b"back"


def test_nothing_to_read_is_none_after_the_timeout(pair: Callable[..., Pair]) -> None:
    left, right = pair()
    assert right.receive(0) is None
    assert right.receive(1) is None
    left.send(b"late")
    assert right.receive(0) == b"late"


def test_the_longest_line_passes_and_a_longer_one_is_told_once(pair: Callable[..., Pair]) -> None:
    left, right = pair()
    left.send(b"x" * 15)
    left.send(b"y" * 16)
    left.send(b"next")
    assert right.receive(None) == b"x" * 15
    with pytest.raises(LineTooLongError, match="line_bytes_max = 16"):
        right.receive(None)
    assert right.receive(None) == b"next"


def test_the_end_comes_after_what_was_sent_and_stays(pair: Callable[..., Pair]) -> None:
    left, right = pair()
    left.send(b"last")
    left.close()
    left.close()
    assert right.receive(None) == b"last"
    for _ in range(2):
        with pytest.raises(LinkClosedError):
            right.receive(None)


def test_nobody_reads_any_more(pair: Callable[..., Pair]) -> None:
    left, right = pair()
    right.close()
    with pytest.raises(LinkClosedError):
        send_for_ever(left)


def send_for_ever(link: Link) -> None:
    while True:
        link.send(b"x" * 10)


def test_a_closed_end_neither_sends_nor_receives(pair: Callable[..., Pair]) -> None:
    left, _ = pair()
    left.close()
    with pytest.raises(LinkClosedError):
        left.send(b"x")
    with pytest.raises(LinkClosedError):
        left.receive(0)


def test_a_sender_waits_for_a_slow_reader_and_loses_nothing(pair: Callable[..., Pair]) -> None:
    left, right = pair()
    lines = [b"%d" % number for number in range(20_000)]

    def send_all() -> None:
        for line in lines:
            left.send(line)

    sender = threading.Thread(target=send_all)
    sender.start()
    assert [right.receive(None) for _ in lines] == lines
    sender.join()


def test_a_line_arrives_while_the_reader_waits(pair: Callable[..., Pair]) -> None:
    left, right = pair()
    got: list[bytes | None] = []
    reader = threading.Thread(target=lambda: got.append(right.receive(None)))
    reader.start()
    left.send(b"now")
    reader.join()
    assert got == [b"now"]


def test_a_line_larger_than_a_pipe_is_written_in_parts() -> None:
    left, right = pipe_pair(Limits())
    os.set_blocking(left._write_fd, False)  # type: ignore[attr-defined]
    line = os.urandom(900_000).replace(b"\n", b" ")
    sender = threading.Thread(target=left.send, args=(line,))
    sender.start()
    assert right.receive(None) == line
    sender.join()
    left.close()
    right.close()


def test_half_a_line_at_the_end_is_not_obeyed() -> None:
    read_fd, write_fd = os.pipe()
    link = FileLink(read_fd, os.open(os.devnull, os.O_WRONLY), SMALL)
    os.write(write_fd, b"whole\nshut")
    os.close(write_fd)
    assert link.receive(None) == b"whole"
    with pytest.raises(LinkClosedError):
        link.receive(None)
    link.close()


def test_a_flood_without_a_newline_neither_grows_nor_holds_the_reader() -> None:
    read_fd, write_fd = os.pipe()
    link = FileLink(read_fd, os.open(os.devnull, os.O_WRONLY), SMALL)
    for _ in range(100):
        os.write(write_fd, b"z" * 4096)
        assert link.receive(0) is None
    assert len(link._lines._buffer) <= SMALL.line_bytes_max
    os.write(write_fd, b"\nok\n")
    with pytest.raises(LineTooLongError):
        link.receive(None)
    assert link.receive(None) == b"ok"
    os.close(write_fd)
    link.close()


@given(
    lines=st.lists(st.binary(max_size=24).map(lambda line: line.replace(b"\n", b" "))),
    cuts=st.lists(st.integers(min_value=1, max_value=30)),
)
def test_how_the_stream_is_cut_makes_no_difference(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    buffer = LineBuffer(16)
    got: list[Any] = []

    def drain() -> None:
        while True:
            try:
                line = buffer.next_line()
            except LineTooLongError:
                line, too_long = b"", True
            else:
                too_long = False
            if line is None:
                return
            got.append("too long" if too_long else line)

    at = 0
    for cut in [*cuts, len(stream)]:
        buffer.feed(stream[at : at + cut])
        at += cut
        drain()
    assert got == [line if len(line) < 16 else "too long" for line in lines]


def test_a_listener_takes_one_peer_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "device.sock"
    listener = UnixListener(path)
    for word in (b"first", b"second"):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(path))
            link = listener.accept()
            peer.sendall(word + b"\n")
            assert link.receive(None) == word
            link.close()
    assert path.stat().st_mode & 0o777 == 0o600
    listener.close()
    listener.close()
    assert not path.exists()


def test_a_listener_replaces_only_what_nobody_uses(tmp_path: Path) -> None:
    path = tmp_path / "device.sock"
    abandoned = socket.socket(socket.AF_UNIX)
    abandoned.bind(str(path))
    abandoned.close()
    listener = UnixListener(path)
    with pytest.raises(StoreError, match="cannot be listened on"):
        UnixListener(path)
    listener.close()
    path.write_text("a file of somebody")
    with pytest.raises(StoreError):
        UnixListener(path)
    assert path.read_text() == "a file of somebody"
