"""An answer counts once, for the bundle and the device it is about; all else changes nothing."""

import json

import pytest
from carrying import DEVICE, RECEIVER_KEY, Carrier, answer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.memory_tree import MemoryTree
from edgeward.comms.carried.answers import Answered, Ignored, read_answers, settle
from edgeward.comms.carried.book import BUNDLES_MAX, read_book
from edgeward.comms.carried.layout import AnswerFile, answer_of, read_answer_file, write_answer
from edgeward.errors import StoreError, TrustError

TRUSTED = [RECEIVER_KEY.public_key()]


def read(carrier: Carrier, medium: MemoryTree) -> tuple[list[Answered], list[Ignored]]:
    return read_answers(medium, carrier.store, DEVICE, TRUSTED)


def test_an_answer_comes_with_what_was_told_and_counts_once() -> None:
    carrier, medium = Carrier(), MemoryTree()
    bundle = carrier.export(medium).bundle
    assert read(carrier, medium) == ([], [])
    answer(medium, bundle)
    for _ in range(2):  # nothing was done with it yet, so it is told again
        ((found,), ignored) = read(carrier, medium)
        assert found.bundle == bundle
        assert found.answers == ({"protocol": 1, "durable": []},)
        assert [about["number"] for about in found.abouts] == [0, 1, 2, 3, 4]
        assert ignored == []
    settle(carrier.store, bundle)
    settle(carrier.store, bundle)
    answered, (again,) = read(carrier, medium)
    assert answered == []
    assert "settled" in again.reason


def test_answers_to_several_bundles_come_in_any_order() -> None:
    carrier, medium = Carrier(), MemoryTree()
    bundles = [carrier.export(medium).bundle for _ in range(3)]
    for bundle in reversed(bundles):
        answer(medium, bundle)
    assert {one.bundle for one in read(carrier, medium)[0]} == set(bundles)


def test_an_answer_to_another_device_is_ignored() -> None:
    carrier, medium = Carrier(), MemoryTree()
    bundle = carrier.export(medium).bundle
    answer(medium, bundle, device="bed-8")
    answer(medium, "ab" * 8)
    medium.create("holiday.jpg", b"x")
    answered, ignored = read(carrier, medium)
    assert answered == []
    assert ["another device's" in one.reason or "bed-8" in one.reason for one in ignored] == [1, 1]


def test_an_answer_under_another_name_is_ignored() -> None:
    carrier, medium = Carrier(), MemoryTree()
    one, other = (carrier.export(medium).bundle for _ in range(2))
    data = answer(medium, one)
    medium.rename(answer_of(one), answer_of(other))
    answered, (ignored,) = read(carrier, medium)
    assert answered == []
    assert f"about bundle '{one}'" in ignored.reason
    assert data


def test_every_changed_byte_of_an_answer_is_refused() -> None:
    carrier, medium = Carrier(), MemoryTree()
    bundle = carrier.export(medium).bundle
    data = answer(medium, bundle)
    assert read_answer_file(data, bundle, DEVICE, TRUSTED).bundle == bundle
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        for wrong in (changed, data[:at]):
            with pytest.raises(TrustError, match="that none of 1 trusted receivers signed"):
                read_answer_file(wrong, bundle, DEVICE, TRUSTED)
    stranger = write_answer(AnswerFile(DEVICE, bundle, ()), Ed25519PrivateKey.generate())
    with pytest.raises(TrustError, match="trusted receivers signed"):
        read_answer_file(stranger, bundle, DEVICE, TRUSTED)


@pytest.mark.parametrize(
    "body", [b"", b"EWA1", b"EWA1[]", b"EWA1{}", b'EWA1{"format":1,"device":"bed-7","bundle":"b"}']
)
def test_what_is_signed_and_no_answer_is_refused(body: bytes) -> None:
    signed = body + RECEIVER_KEY.sign(b"edgeward answer 1\0" + body)
    with pytest.raises(TrustError, match="no answer of format 1, though it is signed"):
        read_answer_file(signed, "b", DEVICE, TRUSTED)


def test_an_answer_of_another_form_is_refused() -> None:
    told = {"format": 2, "device": DEVICE, "bundle": "b", "answers": []}
    for change in ({"format": 2}, {"answers": [1]}, {"answers": None}):
        body = b"EWA1" + json.dumps({**told, "format": 1, **change}).encode()
        signed = body + RECEIVER_KEY.sign(b"edgeward answer 1\0" + body)
        with pytest.raises(TrustError, match="though it is signed"):
            read_answer_file(signed, "b", DEVICE, TRUSTED)


def test_a_settlement_that_the_disk_refuses_is_done_again() -> None:
    log = MemoryLog()
    carrier, medium = Carrier(log), MemoryTree()
    bundle = carrier.export(medium).bundle
    answer(medium, bundle)
    log.refusal = "no space"
    with pytest.raises(StoreError):
        settle(log, bundle)
    assert len(read(carrier, medium)[0]) == 1
    log.refusal = None
    settle(log, bundle)
    assert read(carrier, medium)[0] == []


def test_the_book_is_bounded_and_forgets_the_oldest() -> None:
    carrier = Carrier(count=1)
    bundles = [carrier.export(MemoryTree()).bundle for _ in range(BUNDLES_MAX + 3)]
    assert [one.bundle for one in read_book(carrier.store).bundles] == bundles[3:]
    assert read_book(carrier.store).ordinal == BUNDLES_MAX + 3
