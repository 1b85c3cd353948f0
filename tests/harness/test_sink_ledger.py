"""A receiver of the bench: it takes what is sound, and what is not it can name."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from sending_lab import Sender, said

from edgeward_harness.rig.sink.account import Account, account, arrivals, joined, uncovered
from edgeward_harness.rig.sink.decode import BadBatchError, read_batch
from edgeward_harness.rig.sink.ledger import Ledger
from edgeward_harness.rig.sink.opening import Opener, UnreadableError, open_record, read_payload

DEVICE = "monitor-7"
OPENER = Opener(b"\7" * 32)
TOKEN = b"\1" * 8


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "ledger.sqlite", OPENER)
    yield ledger
    ledger.close()


@pytest.fixture
def sender() -> Sender:
    return Sender(OPENER.public)


def outcomes(told: Account) -> dict[str, int]:
    """Those of which there is one at least."""
    return {word: count for word, count in told.outcomes().items() if count}


def test_what_is_sound_is_kept_opened_and_answered(ledger: Ledger, sender: Sender) -> None:
    batch = read_batch(sender.batch(sender.seal(1), sender.seal(2, "alarm"), sender.seal(5)))
    answer = ledger.take(batch).answer(batch.name)
    assert answer["durable"] == [["01" * 8, 1, 2], ["01" * 8, 5, 5]]
    assert answer["batch"] == batch.name
    assert not answer["refused"]
    assert not answer["keys_unknown"]
    assert arrivals(ledger, DEVICE)[1] == ("01" * 8, 2, "alarm", False)
    secret = ledger.secret(DEVICE, TOKEN, 2)
    assert secret is not None
    opened = open_record(DEVICE, batch.records[0], secret)
    assert read_payload(opened).told == {"said": 1}


def test_what_was_taken_is_there_after_it_was_closed(tmp_path: Path, sender: Sender) -> None:
    path = tmp_path / "ledger.sqlite"
    first = Ledger(path, OPENER)
    first.take(read_batch(sender.batch(sender.seal(1))))
    first.close()
    second = Ledger(path, OPENER)
    taken = second.take(read_batch(sender.batch(sender.seal(2), grants=())))
    assert taken.durable == [(TOKEN, 2, 2)]
    assert outcomes(account(second, DEVICE)) == {"delivered": 2}
    second.close()


def test_a_record_offered_again_changes_nothing_and_is_counted(
    ledger: Ledger, sender: Sender
) -> None:
    one = sender.seal(1)
    for _ in range(3):
        assert ledger.take(read_batch(sender.batch(one))).durable == [(TOKEN, 1, 1)]
    ledger.take(read_batch(sender.batch(sender.seal(2), sender.seal(2))))
    told = account(ledger, DEVICE)
    assert outcomes(told) == {"delivered": 2, "offered again": 3}
    assert told.faults() == []


def conflict(ledger: Ledger, sender: Sender) -> None:
    ledger.take(read_batch(sender.batch(sender.seal(1))))
    ledger.take(read_batch(sender.batch(sender.seal(1, payload=said("another")))))


def hole(ledger: Ledger, sender: Sender) -> None:
    ledger.take(read_batch(sender.batch(sender.seal(1), sender.seal(3))))


def disorder(ledger: Ledger, sender: Sender) -> None:
    ledger.take(read_batch(sender.batch(sender.seal(2))))
    ledger.take(read_batch(sender.batch(sender.seal(1))))


def damage(ledger: Ledger, sender: Sender) -> None:
    sequence, kind, flags, blob = sender.seal(1)
    ledger.take(read_batch(sender.batch((sequence, kind, flags, b"\0" + blob[1:]))))


def another_epochs_ordinal(ledger: Ledger, sender: Sender) -> None:
    ledger.take(read_batch(sender.batch(sender.seal(1))))
    sender.ordinal = 2
    ledger.take(read_batch(sender.batch(sender.seal(2))))


def undercount(ledger: Ledger, sender: Sender) -> None:
    gap = sender.gap("trend", 1, 4, 2, "evicted")
    ledger.take(read_batch(sender.batch(sender.seal(5), gaps=(gap,))))


@pytest.mark.parametrize(
    ("misdeed", "said_of_it"),
    [
        (conflict, "1 conflict"),
        (hole, "1 missing"),
        (disorder, "1 out of order"),
        (damage, "1 unreadable"),
        (another_epochs_ordinal, "ordinals (1, 2)"),
        (undercount, "2 missing"),
    ],
)
def test_each_thing_that_must_never_be_is_told(
    ledger: Ledger, sender: Sender, misdeed: Callable[[Ledger, Sender], None], said_of_it: str
) -> None:
    misdeed(ledger, sender)
    (fault,) = account(ledger, DEVICE).faults()
    assert said_of_it in fault


def test_a_gap_explains_what_is_missing_of_its_class_and_may_grow(
    ledger: Ledger, sender: Sender
) -> None:
    small, grown = (sender.gap("trend", 1, last, last - 1, "evicted") for last in (3, 5))
    for gap in (small, grown, small):
        ledger.take(read_batch(sender.batch(sender.seal(6), gaps=(gap,))))
    ledger.take(read_batch(sender.batch(sender.seal(1, "alarm"))))
    told = account(ledger, DEVICE)
    assert told.faults() == []
    assert told.outcomes()["told as gap"] == 4
    assert [(one["first"], one["last"]) for one in told.epochs[0].gaps] == [(1, 5)]


def test_live_and_historical_records_each_have_an_order_of_their_own(
    ledger: Ledger, sender: Sender
) -> None:
    records = [sender.seal(4), sender.seal(1, flags=1), sender.seal(3, "event"), sender.seal(5)]
    ledger.take(read_batch(sender.batch(*records, sender.seal(2, flags=1))))
    told = account(ledger, DEVICE)
    assert told.faults() == []
    assert told.epochs[0].lanes["trend"].historical == 2


def test_a_key_that_was_not_granted_is_asked_for_and_the_record_is_not_taken(
    ledger: Ledger, sender: Sender
) -> None:
    bare = read_batch(sender.batch(sender.seal(1), sender.seal(2), grants=()))
    taken = ledger.take(bare)
    assert taken.answer(bare.name)["keys_unknown"] == [{"epoch": "01" * 8, "key": 2}]
    assert taken.durable == []
    assert ledger.take(read_batch(sender.batch(sender.seal(1)))).durable
    ledger.forget_keys()
    assert ledger.take(bare).keys_unknown == [(TOKEN, 2)]


def test_a_key_granted_to_somebody_else_does_not_open(ledger: Ledger) -> None:
    other = Sender(Opener(b"\x08" * 32).public)
    assert ledger.take(read_batch(other.batch(other.seal(1)))).keys_unknown
    assert outcomes(account(ledger, DEVICE)) == {"unreadable": 1}


def test_a_record_that_was_ordered_to_be_refused_is_named_and_not_kept(
    ledger: Ledger, sender: Sender
) -> None:
    taken = ledger.take(read_batch(sender.batch(sender.seal(1), sender.seal(2))), frozenset({2}))
    assert taken.durable == [(TOKEN, 1, 1)]
    assert [(token, sequence) for token, sequence, _ in taken.refused] == [(TOKEN, 2)]


@pytest.mark.parametrize(
    ("changes", "said_of_it"),
    [
        ({"records": 2}, "2 records told, 1 found"),
        ({"protocol": 2}, "protocol 1"),
        ({"batch": "x"}, "32 hex digits"),
        ({"epochs": []}, "not told in the header"),
        ({"gaps": [{}]}, "epoch"),
        ({"gaps": [{"epoch": "01" * 8, "class": "trend", "first": 2, "last": 1, "count": 1,
                    "reason": "evicted"}]}, "a gap of 1 from 2 to 1"),
        ({"gaps": [{"epoch": "01" * 8, "class": "trend", "first": 1, "last": 2, "count": -1,
                    "reason": "evicted"}]}, "a gap of -1 from 1 to 2"),
        ({"keys": 5}, "not iterable"),
    ],
)  # fmt: skip
def test_a_header_that_cannot_be_is_refused(
    sender: Sender, changes: dict[str, object], said_of_it: str
) -> None:
    sender.changes = changes
    with pytest.raises(BadBatchError, match=said_of_it):
        read_batch(sender.batch(sender.seal(1)))


def test_a_gap_may_hold_nothing_when_nobody_knows_where_its_records_were(sender: Sender) -> None:
    gaps = (
        sender.gap("trend", 2, 3, 0, "quarantined"),
        sender.gap("trend", 5, 9, 1, "quarantined"),
    )
    told = read_batch(sender.batch(sender.seal(1), gaps=gaps)).gaps
    assert [(one.first, one.last, one.count) for one in told] == [(2, 3, 0), (5, 9, 1)]


@given(st.data())
def test_a_batch_cut_or_changed_anywhere_is_read_as_one_or_refused(data: st.DataObject) -> None:
    sender = Sender(OPENER.public)
    whole = sender.batch(sender.seal(1), sender.seal(2, "alarm"))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(BadBatchError):
        read_batch(whole[:cut])
    changed = bytearray(whole)
    changed[cut] ^= data.draw(st.integers(1, 255))
    try:
        read_batch(bytes(changed))
    except BadBatchError as error:
        assert str(error)


def test_a_payload_is_read_in_each_codec_and_form() -> None:
    told = json.dumps({"rate_hz": 250}).encode()
    packed = b"\2" + len(told).to_bytes(4, "little") + told + b"\x10\x20"
    plain = read_payload(b"\0" + packed)
    squeezed = read_payload(b"\1" + zstandard.ZstdCompressor().compress(packed))
    assert plain == squeezed
    assert (plain.told, plain.samples) == ({"rate_hz": 250}, b"\x10\x20")


@pytest.mark.parametrize("data", [b"", b"\2abc", b"\0", b"\0\3{}", b"\0\1[]", b"\1no frame"])
def test_a_payload_of_no_known_form_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_payload(data)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 5))), st.integers(0, 70))
def test_ranges_say_the_same_as_sets(pairs: list[tuple[int, int]], last: int) -> None:
    ranges = [(first, first + more) for first, more in pairs]
    numbers = {one for first, end in ranges for one in range(first, end + 1)}
    told = joined(ranges)
    assert {one for first, end in told for one in range(first, end + 1)} == numbers
    assert all(end + 1 < first for (_, end), (first, _) in itertools.pairwise(told))
    lacking = {one for first, end in uncovered(told, last) for one in range(first, end + 1)}
    assert lacking & set(range(1, last + 1)) == set(range(1, last + 1)) - numbers


def frame_of(size: int) -> bytes:
    """The beginning of a frame that declares so many bytes, and has none."""
    return b"\x28\xb5\x2f\xfd\xe0" + size.to_bytes(8, "little")


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1 << 20)), "no size"),
        (frame_of(1 << 40), f"declares {1 << 40} bytes; accepted: 0 to"),
        (frame_of(100), "does not open"),
        (zstandard.ZstdCompressor().compress(b"\1{}") + b"more", "does not open"),
    ],
)
def test_a_frame_is_judged_by_the_size_that_it_declares(frame: bytes, said: str) -> None:
    with pytest.raises(UnreadableError, match=said):
        read_payload(b"\1" + frame)
