"""What time it is for a device whose clock lies: it is neither locked out nor taken in."""

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sending_lab import Sender
from trusting_lab import SPARE, Device

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.store import MemoryStore
from edgeward.comms.delivery.transport import UnauthorisedError
from edgeward.comms.trust.secure_time import BLOB, DAY_NS, KEEP_NS, SecureTime, Span
from edgeward.errors import StoreError
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.server import HttpsSink, server_context

BUILT_NS = 20_000 * DAY_NS
YEARS_NS = 3650 * DAY_NS
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def time_at(wall_ns: int, store: MemoryStore | None = None) -> tuple[SecureTime, SimulatedClock]:
    clock = SimulatedClock(start_wall_ns=wall_ns)
    return SecureTime(clock, store or MemoryStore(), built_ns=BUILT_NS), clock


@pytest.mark.parametrize(
    ("wall_ns", "expected"),
    [
        (0, Span(BUILT_NS, None)),
        (BUILT_NS - 1, Span(BUILT_NS, None)),
        (BUILT_NS, Span(BUILT_NS, BUILT_NS)),
        (BUILT_NS + 120 * DAY_NS, Span(BUILT_NS + 120 * DAY_NS, BUILT_NS + 120 * DAY_NS)),
        (BUILT_NS + 121 * DAY_NS, Span(BUILT_NS, BUILT_NS + 121 * DAY_NS)),
        (BUILT_NS + YEARS_NS, Span(BUILT_NS, BUILT_NS + YEARS_NS)),
    ],
)
def test_a_wall_clock_counts_as_far_as_it_can_be_right(wall_ns: int, expected: Span) -> None:
    time, _ = time_at(wall_ns)
    assert time.now() == expected


def test_once_a_receiver_told_the_time_nobody_looks_at_the_wall_clock() -> None:
    time, clock = time_at(0)
    told_ns = BUILT_NS + 50 * DAY_NS
    time.told(told_ns, BUILT_NS, BUILT_NS + 90 * DAY_NS)
    for jump_ns in (YEARS_NS, -2 * YEARS_NS, 0):
        clock.jump_wall(jump_ns)
        assert time.now() == Span(told_ns, told_ns)
    clock.advance(DAY_NS)
    assert time.now() == Span(told_ns + DAY_NS, told_ns + DAY_NS)


def test_a_receiver_is_believed_within_its_certificate_and_never_moves_time_back() -> None:
    time, _ = time_at(0)
    begin_ns, end_ns = BUILT_NS - DAY_NS, BUILT_NS + 90 * DAY_NS
    assert time.told(BUILT_NS + YEARS_NS, begin_ns, end_ns) == "expired"
    assert time.told(0, begin_ns, end_ns) == "not yet valid"
    assert time.now() == Span(BUILT_NS, None)
    assert time.told(end_ns, begin_ns, end_ns) is None
    assert time.told(BUILT_NS, begin_ns, end_ns) is None
    assert time.now() == Span(end_ns, end_ns)


def test_a_receiver_that_is_behind_cannot_make_its_own_certificate_valid_again() -> None:
    time, _ = time_at(0)
    time.proved(BUILT_NS + 100 * DAY_NS)
    assert time.told(BUILT_NS, BUILT_NS, BUILT_NS + 90 * DAY_NS) == "expired"


def test_the_floor_is_there_after_a_restart_with_any_clock() -> None:
    store = MemoryStore()
    time, clock = time_at(BUILT_NS, store)
    time.proved(BUILT_NS + 10 * DAY_NS)
    clock.advance(3 * DAY_NS)
    assert time.keep()
    for wall_ns in (0, BUILT_NS + YEARS_NS):
        again, _ = time_at(wall_ns, store)
        assert again.now().earliest_ns == BUILT_NS + 13 * DAY_NS


class Refusing(MemoryStore):
    """A disk that is full."""

    def write(self, name: str, data: bytes) -> None:
        raise StoreError(f"{name}: {len(data)} bytes cannot be written")


def test_a_full_disk_keeps_nobody_from_knowing_the_time() -> None:
    time, _ = time_at(BUILT_NS, Refusing())
    time.proved(BUILT_NS + DAY_NS)
    assert time.floor_ns == BUILT_NS + DAY_NS
    assert not time.keep()


def test_little_is_written() -> None:
    store = MemoryStore()
    time, clock = time_at(BUILT_NS, store)
    clock.advance(KEEP_NS - 1)
    assert time.keep()
    assert store.names() == []
    clock.advance(1)
    assert time.keep()
    assert json.loads(store.read(BLOB) or b"") == {"floor_ns": BUILT_NS + KEEP_NS}


@pytest.mark.parametrize("data", [b"", b"[]", b"nothing", b'{"floor_ns": "soon"}', b"{}"])
def test_a_damaged_floor_is_none(data: bytes) -> None:
    store = MemoryStore()
    store.write(BLOB, data)
    assert time_at(0, store)[0].floor_ns == BUILT_NS


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["advance", "jump", "told", "proved", "restart"]),
        st.integers(-2 * YEARS_NS, 2 * YEARS_NS),
    ),
    max_size=8,
)


@given(STEPS)
def test_whatever_happens_the_floor_never_goes_back_and_a_span_is_one(
    steps: list[tuple[str, int]],
) -> None:
    store = MemoryStore()
    time, clock = time_at(BUILT_NS, store)
    floor_ns = time.floor_ns
    for what, by_ns in steps:
        if what == "advance":
            clock.advance(abs(by_ns))
        elif what == "jump":
            clock.jump_wall(by_ns)
        elif what == "told":
            time.told(floor_ns + by_ns, floor_ns - DAY_NS, floor_ns + 90 * DAY_NS)
        elif what == "proved":
            time.proved(floor_ns + by_ns)
        else:
            time.keep()
            time, clock = time_at(clock.wall_ns(), store)
            floor_ns -= KEEP_NS  # what was not written in the last hour
        assert time.floor_ns >= floor_ns
        floor_ns = time.floor_ns
        span = time.now()
        assert span.earliest_ns >= floor_ns
        assert span.latest_ns is None or span.latest_ns >= span.earliest_ns


@given(
    away_ns=st.integers(0, 90 * DAY_NS),
    wall=st.sampled_from([-1, 0, 1]),
    begin_ns=st.integers(0, 89 * DAY_NS),
    left_ns=st.integers(1, 89 * DAY_NS),
)
def test_no_jump_of_ten_years_locks_out_or_takes_in(
    away_ns: int, wall: int, begin_ns: int, left_ns: int
) -> None:
    """It is `away_ns` after the floor; the clock is right, or ten years behind or ahead."""
    true_ns = BUILT_NS + away_ns
    time, _ = time_at(true_ns + wall * YEARS_NS)
    span = time.now()
    assert span.fault(true_ns - begin_ns, true_ns + left_ns) is None
    assert span.fault(BUILT_NS - 90 * DAY_NS, BUILT_NS - 1) == "expired"
    if wall == 0:
        assert span.fault(true_ns + 1, true_ns + DAY_NS) == "not yet valid"
        assert span.fault(BUILT_NS - DAY_NS, true_ns - 1) == "expired"


def wrong_by(years: int) -> SimulatedClock:
    wall_ns = int(NOW.timestamp()) * 1_000_000_000 + years * 365 * DAY_NS
    return SimulatedClock(start_wall_ns=wall_ns)


@pytest.mark.parametrize("years", [-10, 10, -56])
def test_a_device_whose_clock_is_wrong_delivers_and_then_knows_the_time(
    tmp_path: Path, years: int
) -> None:
    bench = Bench(tmp_path, 5, NOW)
    with HttpsSink(bench.receiver(), server_context(bench.papers())) as sink:
        device = Device(bench, sink.port, clock=wrong_by(years))
        trust = device.trust()
        transport = device.transport(trust)
        sender = Sender(sink.receiver.opener.public)
        transport.exchange(sender.batch(sender.seal(1)))
        transport.close()
        span = trust.time.now()
        assert span.sure
        assert abs(span.earliest_ns - sink.receiver.now_ns()) < DAY_NS
    sink.receiver.ledger.close()


def days_ago(days: int) -> Callable[[Bench], Bench]:
    return lambda bench: replace(bench, now=bench.now - datetime.timedelta(days=days))


@pytest.mark.parametrize("years", [-10, 10])
def test_what_ended_since_the_floor_is_found_out_by_its_own_answer_before_a_record_is_sent(
    tmp_path: Path, years: int
) -> None:
    """The receiver's certificate ended a day ago; the device was built thirty days ago."""
    bench = Bench(tmp_path, 5, NOW)
    old = days_ago(91)(bench)
    papers = bench.papers()
    papers.own.write_bytes(old.authority("server").server("localhost").pem)
    with HttpsSink(bench.receiver(), server_context(papers)) as sink:
        built = days_ago(30)(bench)
        pin = old.authority("server").server("localhost").pin
        device = Device(bench, sink.port, clock=wrong_by(years), pins=(pin, SPARE))
        trust = device.trust()
        time = SecureTime(device.clock, MemoryStore(), built_ns=Device(built, 0).built_ns)
        transport = device.transport(replace(trust, time=time))
        sender = Sender(sink.receiver.opener.public)
        sink.receiver.now_ns = lambda: int((NOW + datetime.timedelta(days=1)).timestamp()) * 10**9
        with pytest.raises(UnauthorisedError, match="expired"):
            transport.exchange(sender.batch(sender.seal(1)))
        assert sink.requests == 1
    sink.receiver.ledger.close()
