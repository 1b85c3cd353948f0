"""Time stamps of RFC 3161, from an authority that OpenSSL plays on this machine."""

from datetime import UTC, datetime, timedelta

import pytest
from approval_lab import Authority, Desk, root, serving
from cryptography.hazmat.primitives.serialization import Encoding

from edgeward_harness.approval.folder import stamp_name
from edgeward_harness.approval.timestamp import TimestampError, over_http, stamped_at, stamper
from edgeward_harness.errors import HarnessError

pytestmark = pytest.mark.slow  # each stamp is a process


def test_the_moment_of_the_authority_counts(desk: Desk, authority_here: Authority) -> None:
    now = datetime.now(UTC)
    one = desk.somebody()
    desk.sign(one, at=now, stamp=stamper(authority_here, (authority_here.root,)))
    plain, seen = desk.read().signed[0], desk.read(authority_here.root).signed[0]
    assert plain.stamped is None
    assert seen.stamped is not None
    assert abs(seen.moment - now) < timedelta(minutes=10)
    assert desk.read(authority_here.root).faults == ()


def test_a_stamp_is_of_its_signature_alone(desk: Desk, authority_here: Authority) -> None:
    token = stamper(authority_here, (authority_here.root,))(b"something")
    with pytest.raises(TimestampError, match="not good"):
        stamped_at(token, b"something else", (authority_here.root,))
    with pytest.raises(TimestampError, match="not good"):
        stamped_at(token, b"something", (root().public_bytes(Encoding.DER),))
    with pytest.raises(TimestampError, match="not good"):
        stamped_at(token[:-3] + b"abc", b"something", (authority_here.root,))


def test_a_stamp_that_was_taken_away_or_changed_is_seen(
    desk: Desk, authority_here: Authority
) -> None:
    one = desk.somebody()
    now = datetime.now(UTC)
    signed = desk.sign(one, at=now, stamp=stamper(authority_here, (authority_here.root,)))
    path = desk.folder / stamp_name(signed.file)
    kept = path.read_bytes()
    path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert "its digest is not that of the trail" in "; ".join(desk.read(authority_here.root).faults)
    path.unlink()
    assert "cannot be read" in "; ".join(desk.read(authority_here.root).faults)


def test_an_old_answer_is_not_taken_for_a_new_one(desk: Desk, authority_here: Authority) -> None:
    kept: list[bytes] = []

    def replaying(request: bytes) -> bytes:
        kept.append(authority_here(request))
        return kept[0]

    stamp = stamper(replaying, (authority_here.root,))
    stamp(b"data")
    with pytest.raises(TimestampError, match="not good"):
        stamp(b"data")


def test_an_authority_is_asked_over_http(authority_here: Authority) -> None:
    with serving(authority_here) as url:
        token = stamper(over_http(url), (authority_here.root,))(b"data")
    assert stamped_at(token, b"data", (authority_here.root,))


def test_an_authority_that_lies_or_is_gone_signs_nothing(
    desk: Desk, authority_here: Authority
) -> None:
    one = desk.somebody()
    with serving(b"yes, certainly") as url:
        told = stamper(over_http(url), (authority_here.root,))
        with pytest.raises(HarnessError, match="not good"):
            desk.sign(one, stamp=told)
    with pytest.raises(HarnessError, match="no time stamp"):
        desk.sign(one, stamp=told)
    assert (desk.read().signed, desk.read().faults) == ((), ())


def test_only_an_address_of_http_is_asked() -> None:
    with pytest.raises(TimestampError, match="an address with http"):
        over_http("file:///etc/passwd")
