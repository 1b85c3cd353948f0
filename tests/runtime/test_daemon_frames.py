"""Frames, datagrams and recordings: what is damaged is refused and counted, never believed."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.adapters.clock import SimulatedClock, SystemClock
from edgeward.device.daemon.datagrams import AddressError, DatagramSource
from edgeward.device.daemon.frames import FrameError, decode, encode
from edgeward.device.daemon.in_order import InOrder
from edgeward.device.daemon.source import Arrival, PlaybackSource, recorded
from edgeward.model.card import ModelInput
from edgeward.process.stream import Block
from edgeward.signal.recording import RecordingError, read_recording

ECG = ModelInput("ecg", "mV", 250, 1250, 250)
FRAME = encode("bed-1", 7, np.arange(3, dtype=np.float32), np.array([True, False, True]), 11)


@given(
    name=st.text(min_size=1, max_size=60),
    first=st.integers(0, 1 << 62),
    values=st.lists(st.floats(width=32), max_size=50),
    masked=st.booleans(),
    acquired_ns=st.integers(-(1 << 63), (1 << 63) - 1),
    arrived_ns=st.integers(1, 1 << 62),
)
def test_a_block_comes_back_as_it_was_sent(
    name: str,
    first: int,
    values: list[float],
    masked: bool,
    acquired_ns: int,
    arrived_ns: int,
) -> None:
    samples = np.array(values, dtype=np.float32)
    mask = np.array([value > 0 for value in values], dtype=np.bool_) if masked and values else None
    if not name.encode("utf-8", "surrogatepass") or len(name.encode()) > 255:
        return
    told, block = decode(encode(name, first, samples, mask, acquired_ns), arrived_ns)
    believed = 0 < acquired_ns <= arrived_ns
    taken_ns = acquired_ns if believed else arrived_ns
    assert (told, block.first, block.acquired_ns) == (name, first, taken_ns)
    np.testing.assert_array_equal(block.samples, samples)
    if mask is None:
        assert block.mask is None
    else:
        np.testing.assert_array_equal(block.mask, mask)


@pytest.mark.parametrize("stamp_ns", [-(1 << 63), -1, 0, 501, (1 << 63) - 1])
def test_a_stamp_of_another_clock_makes_no_result_early(stamp_ns: int) -> None:
    _, block = decode(encode("a", 0, np.zeros(1, np.float32), None, stamp_ns), arrived_ns=500)
    assert block.acquired_ns == 500


@given(at=st.integers(0, len(FRAME) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_is_believed(at: int, bit: int) -> None:
    damaged = bytearray(FRAME)
    damaged[at] ^= 1 << bit
    with pytest.raises(FrameError):
        decode(bytes(damaged), 0)


@given(data=st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda b: b"EWS1" + b)))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with pytest.raises(FrameError):
        decode(data, 0)


@pytest.mark.parametrize("length", range(len(FRAME)))
def test_a_frame_cut_short_is_refused(length: int) -> None:
    with pytest.raises(FrameError):
        decode(FRAME[:length], 0)


def test_what_does_not_fit_a_frame_is_refused_by_the_sender() -> None:
    for name, count in (("", 1), ("x" * 256, 1), ("x", 65_536)):
        with pytest.raises(ValueError, match="1 to 255 bytes, at most 65535 samples"):
            encode(name, 0, np.zeros(count, dtype=np.float32), None, 0)


@pytest.mark.parametrize("kind", ["udp", "unix"])
def test_frames_arrive_in_order_and_nonsense_is_counted(tmp_path: Path, kind: str) -> None:
    address = "udp:127.0.0.1:0" if kind == "udp" else f"unix:{tmp_path / 's.sock'}"
    clock = SystemClock()
    source = DatagramSource(address, clock)
    family = socket.AF_INET if kind == "udp" else socket.AF_UNIX
    to: tuple[str, int] | str = str(tmp_path / "s.sock")
    if kind == "udp":
        host, _, port = source.address.removeprefix("udp:").rpartition(":")
        to = (host, int(port))
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        for number in range(5):
            samples = np.full(10, number, dtype=np.float32)
            sender.sendto(encode("a", number * 10, samples, None, 0), to)
            sender.sendto(b"nonsense", to)
        arrived: list[Arrival] = []
        while len(arrived) < 5:
            arrived += source.receive(clock.monotonic_ns() + 1_000_000_000)
    source.receive(clock.monotonic_ns() + 1_000_000)
    assert [block.first for _, block in arrived] == [0, 10, 20, 30, 40]
    assert all(block.acquired_ns > 0 for _, block in arrived)
    assert source.refused == {"found 8 bytes": 5}
    assert source.receive(clock.monotonic_ns() + 1_000_000) == []
    source.close()
    source.close()
    assert source.ended
    assert not (tmp_path / "s.sock").exists()


def test_new_kinds_of_nonsense_do_not_fill_the_memory(tmp_path: Path) -> None:
    source = DatagramSource(f"unix:{tmp_path / 's'}", SimulatedClock())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for length in range(25):
            sender.sendto(b"x" * length, str(tmp_path / "s"))
            source.receive(0)
    assert len(source.refused) == 17
    assert sum(source.refused.values()) == 25
    source.close()


def test_a_flood_of_nonsense_does_not_keep_the_clinical_thread() -> None:
    clock = SystemClock()
    source = DatagramSource("udp:127.0.0.1:0", clock)
    host, _, port = source.address.removeprefix("udp:").rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(300):
            sender.sendto(b"nonsense", (host, int(port)))
    taken = []
    while sum(source.refused.values()) < 300:
        before = sum(source.refused.values())
        source.receive(clock.monotonic_ns() + 1_000_000_000)
        taken.append(sum(source.refused.values()) - before)
    source.close()
    assert taken == [2, 4, 8, 16, 32, 64, 64, 64, 46]


def test_a_socket_left_behind_by_a_killed_daemon_is_taken_over_and_a_used_one_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "samples"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as killed:
        killed.bind(str(path))
        with pytest.raises(AddressError, match="in use"):
            DatagramSource(f"unix:{path}", SimulatedClock())
        assert path.is_socket()
    source = DatagramSource(f"unix:{path}", SimulatedClock())
    source.close()
    path.write_text("somebody's file")
    with pytest.raises(AddressError, match="where nobody listens yet"):
        DatagramSource(f"unix:{path}", SimulatedClock())
    assert path.read_text() == "somebody's file"


@pytest.mark.parametrize("address", ["tcp:1:2", "udp:nowhere", "udp:127.0.0.1:99999", "unix:", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    said = "cannot be listened on: .*; accepted: udp:HOST:PORT with a port up to 65535, or unix:"
    with pytest.raises(AddressError, match=said):
        DatagramSource(address, SimulatedClock())


class Given:
    """A source of blocks written down by a test."""

    said = "given"
    streams_expected: int | None = None

    def __init__(self, arrivals: list[Arrival]) -> None:
        self.arrivals, self.refused, self.ended = arrivals, {"nonsense": 2}, False

    def receive(self, until_ns: int) -> list[Arrival]:
        return [self.arrivals.pop(0)] if self.arrivals else []

    def close(self) -> None:
        self.ended = True


def test_frames_out_of_order_come_in_order_with_their_stamps_and_losses_are_told() -> None:
    def block(number: int, stamp_ns: int) -> Block:
        return Block(number * 10, np.full(10, number, np.float32), None, stamp_ns)

    order = [0, 2, 1, 1, 4, 5, 6, 7, 3, 8]  # 3 comes too late for a wait of 30 samples
    arrivals: list[Arrival] = [("a", block(number, 100 + number)) for number in order]
    arrivals.insert(2, ("b", block(0, 7)))
    given = Given([*arrivals, ("b", block(9, 8))])
    source = InOrder(given, SimulatedClock(), ECG, wait_ms=120, streams_max=1)
    came = [arrival for _ in range(12) for arrival in source.receive(0)]
    firsts = [one.first // 10 for name, one in came if name == "a"]
    assert firsts == [0, 1, 2, 4, 5, 6, 7, 8]
    assert all(one.acquired_ns == 100 + one.first // 10 for name, one in came if name == "a")
    assert all((one.samples == one.first // 10).all() for _, one in came)
    assert [one.first for name, one in came if name == "b"] == [0, 90]  # one stream too many
    assert source.refused == {
        "nonsense": 2, "samples late": 10, "samples duplicate": 10, "samples missing": 10,
    }  # fmt: skip
    source.close()
    assert source.ended
    with pytest.raises(ValueError, match="1 or more"):
        InOrder(Given([]), SimulatedClock(), ECG, wait_ms=0, streams_max=1)


def test_a_stream_that_stops_behind_a_hole_does_not_keep_what_has_arrived() -> None:
    def block(number: int) -> Block:
        return Block(number * 10, np.full(10, number, np.float32), None, 100 + number)

    clock = SimulatedClock()
    given = Given([("a", block(0)), ("a", block(2)), ("a", block(3))])
    source = InOrder(given, clock, ECG, wait_ms=200, streams_max=1)
    came: list[tuple[int, list[int]]] = []
    for _ in range(8):
        arrived = source.receive(0)
        came.append((clock.monotonic_ns() // 1_000_000, [one.first for _, one in arrived]))
        assert all(one.acquired_ns == 100 + one.first // 10 for _, one in arrived)
        clock.advance(50_000_000)
    assert [one for one in came if one[1]] == [(0, [0]), (300, [20, 30])]
    assert source.refused["samples missing"] == 10


def test_a_sender_that_begins_again_is_put_in_its_new_order_once_it_counts_as_silent() -> None:
    clock = SimulatedClock()
    numbers = [*range(30), *range(60)]
    arrivals: list[Arrival] = [
        ("a", Block(number * 250, np.ones(250, np.float32), None, 1)) for number in numbers
    ]
    source = InOrder(Given(arrivals), clock, ECG, wait_ms=200, streams_max=1)
    came: list[tuple[int, int]] = []
    for second in range(len(numbers)):
        came += [(second, block.first // 250) for _, block in source.receive(0)]
        clock.advance(1_000_000_000)
    silent_s = ECG.window_samples // ECG.rate_hz
    assert came[:30] == [(second, second) for second in range(30)]
    assert came[30:] == [(30 + number, number) for number in range(silent_s, 60)]
    assert sum(source.refused.values()) - 2 == silent_s * 250


def write_record(folder: Path, header: str, data: bytes) -> Path:
    (folder / "r.hea").write_text(header, encoding="utf-8")
    (folder / "r.dat").write_bytes(data)
    return folder / "r"


def test_both_formats_give_physical_values_and_missing_samples(tmp_path: Path) -> None:
    stored = np.array([[0, 200], [-200, -32768]], dtype="<i2")
    header = "r 2 250 2\nr.dat 16 200(0)/mV 16 0 0 0 0 II\nr.dat 16 100/mmHg 16 100 0 0 0 ABP\n"
    path = write_record(tmp_path, header, stored.tobytes())
    ecg, pressure = read_recording(path)
    assert (ecg.name, ecg.unit, ecg.rate_hz) == ("II", "mV", 250)
    assert ecg.samples.tolist() == [0.0, -1.0]
    assert pressure.samples[0] == 1.0
    assert np.isnan(pressure.samples[1])
    # 0x7FF = 2047 and -1 packed in three bytes, then -2048 (missing) and 1
    packed = bytes([0xFF, 0xF7, 0xFF, 0x00, 0x08, 0x01])
    path = write_record(tmp_path, "# a remark\nr 1 250 4\nr.dat 212 1000/mV 12 0\n", packed)
    (only,) = read_recording(path.with_suffix(".hea"))
    assert only.samples[[0, 1, 3]].tolist() == pytest.approx([2.047, -0.001, 0.001])
    assert np.isnan(only.samples[2])


@pytest.mark.parametrize(
    ("header", "data", "said"),
    [
        ("", b"", "no header"),
        ("r 1 250 4\n", b"", "announces 1 signals, 0 are there"),
        ("r 1 fast 4\nr.dat 16\n", b"", "no header of a WFDB record"),
        ("r 1 250 9\nr.dat 16 200\n", b"1234", "announces 9 samples, the file holds 2"),
        ("r 1 250 1\nr.dat 80 200\n", b"1234", "found the formats 80; accepted: either 16 or 212"),
        ("r 1 250 1\nq.dat 16 200\n", b"1234", r"q\.dat: cannot be read: No such file"),
        ("r 2 250 1\nr.dat 16 200\ns.dat 16 200\n", b"1234", "signals in 2 files"),
        ("r 1 250 1\nr.dat 16 much\n", b"1234", "found the gain 'much'"),
        ("r 1 250 1\nr.dat 16 1e999/mV\n", b"1234", "found the gain '1e999/mV'; accepted: a fin"),
        ("r 1 250\nr.dat 16 200\n", b"", "holds no sample; accepted: 1 or more"),
        ("r 1 250 -1\nr.dat 16 200\n", b"1234", "announces -1 samples at 250 Hz; accepted"),
        ("r 1 nan 1\nr.dat 16 200\n", b"1234", "announces 1 samples at nan Hz; accepted"),
        ("r 1 250\n/dev/zero 16 200\n", b"1234", "found the file '/dev/zero'; accepted: a plain"),
        ("r 1 250\n../r.dat 16 200\n", b"1234", r"found the file '\.\./r\.dat'; accepted"),
    ],
)
def test_a_damaged_record_is_refused_in_words(
    tmp_path: Path, header: str, data: bytes, said: str
) -> None:
    with pytest.raises(RecordingError, match=said):
        read_recording(write_record(tmp_path, header, data))


@pytest.mark.parametrize("name", ["r.hea", "pipe"])
def test_a_pipe_is_no_record(tmp_path: Path, name: str) -> None:
    (tmp_path / "r.hea").write_text("r 1 250\npipe 16 200\n", encoding="utf-8")
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(RecordingError, match="accepted: a plain file"):
        read_recording(tmp_path / "r")


def test_only_channels_that_the_model_takes_are_played(tmp_path: Path) -> None:
    path = write_record(tmp_path, "r 1 360 1\nr.dat 16 200/mV\n", b"12")
    with pytest.raises(RecordingError, match="found signal in mV at 360 Hz; accepted: ecg in mV"):
        recorded(path, ECG)
    path = write_record(tmp_path, "r 1 250 1\nr.dat 16 200/mV\n", b"12")
    assert [one.name for one in recorded(path, ECG)] == ["r/ecg-1@250"]


def test_a_lead_that_only_watches_is_played_at_its_own_rate(tmp_path: Path) -> None:
    header = "r 2 360 1\nr.dat 16 200/mV 16 0 0 0 0 II\nr.dat 16 200/mmHg 16 0 0 0 0 ABP\n"
    path = write_record(tmp_path, header, b"1234")
    (lead,) = recorded(path, ECG, watched=True)
    assert (lead.name, lead.rate_hz) == ("r/ecg-1@360", 360)
    clock = SimulatedClock()
    source = PlaybackSource([lead], clock, ECG, until_s=2)
    got = []
    while not source.ended:
        got += [block for _, block in source.receive(clock.monotonic_ns() + 10**9)]
    assert sum(len(block.samples) for block in got) == pytest.approx(720, abs=14)
    assert got[-1].acquired_ns == pytest.approx(2 * 10**9, abs=5 * 10**7)


def test_each_channel_waits_in_its_own_samples_and_three_axes_do_not_wait() -> None:
    numbers = [("a/spo2@1", Block(n, np.zeros(1, np.float32), None, n)) for n in (0, 2, 3)]
    moved = [("a/acceleration@100", Block(n, np.zeros(3, np.float32), None, n)) for n in (0, 5)]
    source = InOrder(Given([*numbers, *moved]), SimulatedClock(), ECG, wait_ms=200, streams_max=1)
    came = [arrival for _ in range(12) for arrival in source.receive(0)]
    assert [(name, block.first) for name, block in came if name != "a/spo2@1"] == [
        ("a/acceleration@100", 0), ("a/acceleration@100", 5),
    ]  # fmt: skip
    assert [block.first for name, block in came if name == "a/spo2@1"] == [0, 2, 3]
