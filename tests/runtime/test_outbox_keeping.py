"""What an outbox takes it keeps, in order, until a receiver has it; and it counts all of it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from outbox_bench import EVERY, MIB, Bench, bench, every, subject_of, swift_folder, texts

from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.record import Identity, Loss, Offered, RecordClass, Standing
from edgeward.errors import LimitError

ALARM, AUDIT, EVENT = RecordClass.ALARM, RecordClass.AUDIT, RecordClass.EVENT
TREND, WAVEFORM = RecordClass.TREND, RecordClass.WAVEFORM


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Bench]:
    with swift_folder(tmp_path) as folder:
        yield bench(folder)


def test_what_was_accepted_is_there_after_a_restart(kit: Bench) -> None:
    outbox = kit.open()
    receipts = outbox.accept([*texts(ALARM, b"a", b"b", patient="p"), *texts(TREND, b"c")])
    assert [one.standing for one in receipts] == [Standing.DURABLE] * 3
    outbox.close()
    assert kit.payloads(kit.open()) == [b"a", b"b", b"c"]


def test_what_was_accepted_is_there_without_an_orderly_end(kit: Bench) -> None:
    kit.open().accept(texts(EVENT, b"a"))
    assert kit.payloads(kit.open()) == [b"a"]


def test_no_two_openings_share_an_identity(kit: Bench) -> None:
    identities = list[Identity]()
    for _ in range(3):
        outbox = kit.open()
        receipts = outbox.accept(texts(TREND, b"x", b"x"))
        identities += [one.identity for one in receipts if one.identity]
        outbox.close()
    assert len(set(identities)) == 6
    assert [one.epoch.ordinal for one in identities] == [1, 1, 2, 2, 3, 3]
    assert len({one.epoch.token for one in identities}) == 3


def test_order_is_that_of_acceptance_across_openings(kit: Bench) -> None:
    for number in range(5):
        outbox = kit.open()
        outbox.accept([*texts(TREND, b"%d-0" % number), *texts(ALARM, b"%d-1" % number)])
        outbox.close()
    outbox = kit.open()
    told = [b"%d-%d" % (number, part) for number in range(5) for part in range(2)]
    assert kit.payloads(outbox) == told
    assert kit.payloads(outbox, ALARM) == told[1::2]


def test_a_delivered_record_is_gone_and_counted(kit: Bench) -> None:
    outbox = kit.open()
    outbox.accept(texts(TREND, *(b"%d" % number for number in range(10))))
    sent = every(outbox)
    assert outbox.delivered(sent[2:5]) == 3
    assert outbox.delivered(sent[2:6]) == 1, "an answer that comes again counts once"
    assert kit.payloads(outbox) == [b"0", b"1", b"6", b"7", b"8", b"9"]
    count = outbox.counts()[TREND]
    assert (count.accepted, count.delivered, count.queued) == (10, 4, 6)
    assert outbox.audit() == []
    outbox.close()
    assert kit.open().counts()[TREND] == count


def test_delivered_takes_nothing_that_was_not_sent(kit: Bench) -> None:
    outbox = kit.open()
    outbox.accept(texts(TREND, b"0", b"1", b"2"))
    sent = every(outbox)
    outbox.delivered([sent[1]])
    outbox.delivered([sent[0], sent[1]])
    assert kit.payloads(outbox) == [b"2"]


def test_a_reading_is_bounded_and_goes_on_where_it_ended(kit: Bench) -> None:
    outbox = kit.open()
    for _ in range(2):
        outbox.accept(texts(TREND, *(bytes(100) for _ in range(100))))
    first = outbox.queued([TREND], records_max=1000, bytes_max=1000)
    assert 1 < len(first) < 10
    assert len(outbox.queued([TREND], records_max=7, bytes_max=1 << 20)) == 7
    assert len(outbox.queued([TREND], records_max=9, bytes_max=1)) == 1, "never nothing"
    after, seen = None, 0
    while part := outbox.queued([TREND], after=after, records_max=17, bytes_max=1 << 20):
        after, seen = part[-1].identity, seen + len(part)
    assert seen == 200


def test_history_ends_where_the_link_came_up(kit: Bench) -> None:
    outbox = kit.open()
    outbox.accept(texts(TREND, b"old"))
    border = outbox.newest()
    outbox.accept(texts(TREND, b"new"))
    read = partial(outbox.queued, [TREND], records_max=10, bytes_max=MIB)
    assert [one.historical for one in read(live_after=border)] == [True, False]
    assert len(read(through=border)) == 1
    (live,) = read(after=border, live_after=border)
    assert kit.payload(outbox, live) == b"new"


def test_a_refused_record_is_set_aside_and_told(kit: Bench) -> None:
    outbox = kit.open()
    outbox.accept(texts(EVENT, b"0", b"1", b"2"))
    poison = every(outbox)[1]
    assert outbox.quarantine(poison, "it is malformed")
    assert not outbox.quarantine(poison, "it is malformed")
    (gap,) = outbox.gaps()
    assert (gap.first, gap.last, gap.count, gap.reason) == (2, 2, 1, Loss.QUARANTINED)
    assert kit.payloads(outbox) == [b"0", b"2"]
    assert outbox.counts()[EVENT].quarantined == 1
    outbox.close()
    outbox = kit.open()
    assert outbox.gaps() == [gap]
    outbox.gaps_told([gap])
    assert outbox.gaps() == []


def test_a_gap_that_grew_while_it_was_told_is_told_again(kit: Bench) -> None:
    outbox = kit.open()
    outbox.accept(texts(EVENT, b"0", b"1", b"2"))
    sent = every(outbox)
    outbox.quarantine(sent[0], "no")
    told = outbox.gaps()
    outbox.quarantine(sent[1], "no")
    outbox.gaps_told(told)
    (gap,) = outbox.gaps()
    assert (gap.first, gap.last, gap.count) == (1, 2, 2)


def test_gaps_do_not_join_over_a_record_that_waits(kit: Bench) -> None:
    outbox = kit.open()
    outbox.accept(texts(EVENT, b"0", b"1", b"2"))
    sent = every(outbox)
    outbox.quarantine(sent[0], "no")
    outbox.quarantine(sent[2], "no")
    assert [(gap.first, gap.last) for gap in outbox.gaps()] == [(1, 1), (3, 3)]


def test_the_records_of_an_erased_patient_go_and_no_others(kit: Bench) -> None:
    outbox = kit.open()
    for number in range(30):
        outbox.accept(
            [
                *texts(TREND, b"%d" % number, patient="p" if number % 3 else "q"),
                *texts(ALARM, b"alarm", patient="p"),
            ]
        )
    kit.sealer.erased.add("p")
    subject = subject_of("p")
    assert subject
    assert outbox.erase(subject) == 20 + 30
    assert kit.payloads(outbox) == [b"%d" % number for number in range(0, 30, 3)]
    assert sum(gap.count for gap in outbox.gaps()) == 50
    assert {gap.reason for gap in outbox.gaps()} == {Loss.ERASED}
    assert outbox.audit() == []
    assert {key.subject for key in outbox.all_keys()} == {subject_of("q")}
    (receipt,) = outbox.accept(texts(TREND, b"late", patient="p"))
    assert receipt.standing is Standing.REJECTED
    assert "destroyed" in receipt.reason


def test_each_answer_is_of_the_record_at_its_place(kit: Bench) -> None:
    outbox = kit.open()
    kit.sealer.erased.add("gone")
    kinds, who = (TREND, EVENT, TREND, ALARM, TREND), ("p", "gone", None, "p", "gone")
    offered = [
        Offered(kind, b"%d" % at, patient)
        for at, (kind, patient) in enumerate(zip(kinds, who, strict=True))
    ]
    for again in range(2):  # behind what came before too
        receipts = outbox.accept(offered)
        assert [one.standing is Standing.DURABLE for one in receipts] == [
            patient != "gone" for patient in who
        ]
        for at in (1, 4, -1):
            assert receipts[at].identity is None
            assert "the key of gone was destroyed" in receipts[at].reason
        assert receipts[-5:3] == [receipts[0], receipts[1], receipts[2]]
        with pytest.raises(IndexError):
            receipts[5]
        held = {one.identity: kit.payload(outbox, one) for one in every(outbox)}
        assert len(held) == 3 * (again + 1)
        for at in (0, 2, 3):
            identity = receipts[at].identity
            assert identity
            assert held[identity] == offered[at].payload


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250, 300])
@pytest.mark.parametrize("other", ["nobody", "refused", "patient", "class", "many"])
def test_a_batch_of_any_size_lies_there_as_it_was_offered(
    kit: Bench, count: int, other: str
) -> None:
    """Rows in a row are put otherwise than those with a gap, or another key, between them."""
    kit.sealer.erased.add("gone")
    odd = {
        "nobody": set[int](), "refused": {count // 2}, "patient": {count - 1}, "class": {0},
        "many": set(range(0, count, 3)),
    }[other]  # fmt: skip
    offered = [
        Offered(
            EVENT if at in odd and other == "class" else TREND,
            b"%d" % at * (1 + at % 7),
            {"refused": "gone", "patient": "q", "many": f"p{at % 5}"}.get(other, "p")
            if at in odd
            else "p",
        )
        for at in range(count)
    ]
    outbox = kit.open()
    outbox.accept(texts(TREND, b"before", patient="p"))
    receipts = outbox.accept(offered)
    outbox.accept(texts(TREND, b"behind", patient="p"))
    outbox.close()
    outbox = kit.open()
    assert outbox.salvaged == []
    assert outbox.audit() == []
    wanted = [one for one in offered if one.patient != "gone"]
    held = [(one.kind, kit.payload(outbox, one)) for one in every(outbox)]
    assert held[1:-1] == [(one.kind, one.payload) for one in wanted]
    told = [one.identity for one in receipts if one.identity]
    assert [one.identity for one in every(outbox)][1:-1] == told
    counts = outbox.counts()
    assert sum(one.accepted for one in counts.values()) == len(wanted) + 2


def test_keys_can_be_wrapped_anew(kit: Bench) -> None:
    outbox = kit.open()
    outbox.accept([one for kind in EVERY for one in texts(kind, b"x", patient="p")])
    before = outbox.all_keys()
    outbox.rewrap(before)
    assert outbox.all_keys() == before
    assert len(before) == 5
    assert kit.payloads(outbox) == [b"x"] * 5


def test_a_batch_over_the_limit_is_refused_as_a_whole(kit: Bench) -> None:
    outbox = kit.open()
    receipts = outbox.accept(texts(TREND, b"small", bytes(MIB)))
    assert [one.standing for one in receipts] == [Standing.REJECTED] * 2
    assert "accepted: up to" in receipts[0].reason
    assert every(outbox) == []
    assert outbox.newest().sequence == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"disk_bytes_max": 1000}, "1000; accepted: 1048576 or more"),
        ({"disk_bytes_max": MIB, "memory_bytes_max": -1}, "-1; accepted: 0 or more"),
        ({"disk_bytes_max": MIB, "eviction": (ALARM,)}, "never alarm"),
        ({"disk_bytes_max": MIB, "eviction": (TREND, TREND)}, "at most once"),
    ],
)
def test_an_allowance_that_cannot_work_is_refused(fault: dict[str, object], said: str) -> None:
    with pytest.raises(LimitError, match=said):
        Allowance(**fault)  # type: ignore[arg-type]


def test_nothing_offered_is_nothing_done(kit: Bench) -> None:
    outbox = kit.open()
    assert len(outbox.accept([])) == 0
    assert outbox.delivered([]) == 0
    assert outbox.newest().sequence == 0


def test_standing_can_be_asked_for(kit: Bench) -> None:
    outbox = kit.open()
    (receipt,) = outbox.accept([Offered(AUDIT, b"x")])
    assert receipt.identity
    assert outbox.standing(receipt.identity, AUDIT) is Standing.DURABLE
    outbox.delivered(every(outbox))
    assert outbox.standing(receipt.identity, AUDIT) is None
