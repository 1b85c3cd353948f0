"""What the encryption suite looks with, without a device: searches, first words, copies, sums."""

import base64
import random
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.errors import CannotJudge

ROOT = Path(__file__).parents[2]
TEXT = "said-0123456789abcdef-ß"


@pytest.fixture(autouse=True)
def _suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)


def hidden_in(data: bytes) -> list[str]:
    from suites.encryption.searching import forms_of_text, found, readable

    return found(readable(data), forms_of_text(TEXT))


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (TEXT.encode(), "utf-8 raw"),
        (TEXT.encode("utf-16-le"), "utf-16-le raw"),
        (TEXT.encode("utf-16-be").hex().encode(), "utf-16-be hex"),
        (TEXT.encode().hex().upper().encode(), "utf-8 HEX"),
        (b'{"text": "said-0123456789abcdef-\\u00df"}', "escaped"),
        (b"x" + bytes(5000) + TEXT.encode() + bytes(5000), "utf-8 raw"),
        (b"before" + zstandard.compress((TEXT * 3).encode()) + b"after", "utf-8 raw"),
    ],
)
def test_a_word_is_found_however_it_is_written(data: bytes, form: str) -> None:
    assert form in hidden_in(data)


@given(st.binary(max_size=9), st.binary(max_size=9))
def test_a_word_is_found_in_base64_wherever_it_begins(before: bytes, after: bytes) -> None:
    assert any(
        "base64" in one for one in hidden_in(base64.b64encode(before + TEXT.encode() + after))
    )


def test_nothing_is_found_where_nothing_is() -> None:
    assert hidden_in(random.Random(3).randbytes(50_000)) == []
    assert hidden_in(TEXT[:-3].encode()) == []


def first_words(version: ssl.TLSVersion) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = version
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    own = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        own.do_handshake()
    return outgoing.read()


def test_what_a_client_offers_is_read_from_its_first_words() -> None:
    from suites.encryption.handshake import greeting_of

    assert greeting_of(first_words(ssl.TLSVersion.TLSv1_3), b"").versions == ("TLS 1.3",)
    older = greeting_of(first_words(ssl.TLSVersion.TLSv1_2), b"")
    assert set(older.versions) == {"TLS 1.3", "TLS 1.2"}
    assert greeting_of(b"", b"").versions == ()
    answered = b"\x16\x03\x03\x00\x2b" + b"\x02" + bytes(37) + b"\x02ab" + b"\x13\x02"
    assert greeting_of(b"", answered).agreed == "TLS_AES_256_GCM_SHA384"


def test_one_byte_of_what_says_something_is_changed(tmp_path: Path) -> None:
    from suites.encryption.storage import copied, part_of, spoilt

    own = tmp_path / "own"
    (own / "records" / "outbox").mkdir(parents=True)
    data = bytes(300) + b"something" + bytes(300)
    (own / "records" / "outbox" / "queue").write_bytes(data)
    copy = copied(own, tmp_path / "copy")
    assert spoilt(part_of(copy, "records/outbox"), random.Random(5)).startswith("queue at 30")
    changed = (copy / "records" / "outbox" / "queue").read_bytes()
    assert [a == b for a, b in zip(data, changed, strict=True)].count(False) == 1
    assert (own / "records" / "outbox" / "queue").read_bytes() == data
    with pytest.raises(CannotJudge, match="keeps no records/keys"):
        part_of(copy, "records/keys")


class Received:
    """A receiver that holds what it is given."""

    def __init__(self, payloads: dict[tuple[str, int], bytes], *gaps: dict[str, Any]) -> None:
        self.held, self.gaps = payloads, gaps
        self.outcome = dict.fromkeys(("conflict", "out of order", "unreadable", "foreign"), 0)

    def payloads(self, _: str) -> dict[tuple[str, int], bytes]:
        return self.held

    def account(self, _: str) -> Any:
        epochs = [SimpleNamespace(token="e", gaps=self.gaps)]
        return SimpleNamespace(epochs=epochs, outcomes=lambda: self.outcome)


@pytest.fixture
def kept() -> Any:
    from suites.encryption.kept import Kept

    from edgeward_harness.rig.receiving import Put

    puts = [Put("trend", b"%d" % n, "durable", "e", n) for n in (1, 2)]
    return Kept("device", {one.identity: one for one in puts})


def test_each_record_is_there_unchanged_or_told(kept: Any) -> None:
    both = {("e", 1): b"1", ("e", 2): b"2"}
    gap = {"class": "trend", "first": 2, "last": 2, "count": 1, "reason": "quarantined"}
    assert kept.judged(Received(both)) == []
    assert "neither came" in kept.judged(Received({("e", 1): b"1"}))[0]
    assert "neither came" in kept.judged(Received({("e", 1): b"1"}, gap))[0]
    assert kept.judged(Received({("e", 1): b"1"}, gap), damaged=True) == []
    assert "neither came" in kept.judged(Received({("e", 2): b"2"}, gap), damaged=True)[0]
    assert "came changed" in kept.judged(Received({**both, ("e", 2): b"3"}))[0]
    assert "was made up" in kept.judged(Received({**both, ("e", 3): b"3"}), damaged=True)[0]


def test_what_the_ledger_holds_against_it_counts(kept: Any) -> None:
    received = Received({("e", 1): b"1", ("e", 2): b"2"})
    received.outcome["unreadable"] = 1
    assert kept.judged(received) == ["1 unreadable"]
    assert kept.judged(received, damaged=True) == []
    received.outcome["conflict"] = 2
    assert kept.judged(received, damaged=True) == ["2 conflict"]
