"""Time stamps of RFC 3161, from an authority that OpenSSL plays on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from approval_lab import Authority, Desk, root
from cryptography.hazmat.primitives.serialization import Encoding

from edgeward_harness.approval.folder import stamp_name
from edgeward_harness.approval.timestamp import TimestampError, over_http, stamped_at, stamper
from edgeward_harness.errors import HarnessError

pytestmark = pytest.mark.slow  # each stamp is a process


def test_the_moment_of_the_authority_counts(desk: Desk, authority: Authority) -> None:
    now = datetime.now(UTC)
    one = desk.somebody()
    desk.sign(one, at=now, stamp=stamper(authority, (authority.root,)))
    plain, seen = desk.read().signed[0], desk.read(authority.root).signed[0]
    assert plain.stamped is None
    assert seen.stamped is not None
    assert abs(seen.moment - now) < timedelta(minutes=10)
    assert desk.read(authority.root).faults == ()


def test_a_stamp_is_of_its_signature_alone(desk: Desk, authority: Authority) -> None:
    token = stamper(authority, (authority.root,))(b"something")
    with pytest.raises(TimestampError, match="not good"):
        stamped_at(token, b"something else", (authority.root,))
    with pytest.raises(TimestampError, match="not good"):
        stamped_at(token, b"something", (root().public_bytes(Encoding.DER),))
    with pytest.raises(TimestampError, match="not good"):
        stamped_at(token[:-3] + b"abc", b"something", (authority.root,))


def test_a_stamp_that_was_taken_away_or_changed_is_seen(desk: Desk, authority: Authority) -> None:
    one = desk.somebody()
    now = datetime.now(UTC)
    signed = desk.sign(one, at=now, stamp=stamper(authority, (authority.root,)))
    path = desk.folder / stamp_name(signed.file)
    kept = path.read_bytes()
    path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert "its digest is not that of the trail" in "; ".join(desk.read(authority.root).faults)
    path.unlink()
    assert "cannot be read" in "; ".join(desk.read(authority.root).faults)


def test_an_old_answer_is_not_taken_for_a_new_one(desk: Desk, authority: Authority) -> None:
    kept: list[bytes] = []

    def replaying(request: bytes) -> bytes:
        kept.append(authority(request))
        return kept[0]

    stamp = stamper(replaying, (authority.root,))
    stamp(b"data")
    with pytest.raises(TimestampError, match="not good"):
        stamp(b"data")


@contextmanager
def serving(answer: bytes | Authority) -> Iterator[str]:
    """An authority at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            told = answer if isinstance(answer, bytes) else answer(request)
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_authority_is_asked_over_http(authority: Authority) -> None:
    with serving(authority) as url:
        token = stamper(over_http(url), (authority.root,))(b"data")
    assert stamped_at(token, b"data", (authority.root,))


def test_an_authority_that_lies_or_is_gone_signs_nothing(desk: Desk, authority: Authority) -> None:
    one = desk.somebody()
    with serving(b"yes, certainly") as url:
        told = stamper(over_http(url), (authority.root,))
        with pytest.raises(HarnessError, match="not good"):
            desk.sign(one, stamp=told)
    with pytest.raises(HarnessError, match="no time stamp"):
        desk.sign(one, stamp=told)
    assert (desk.read().signed, desk.read().faults) == ((), ())


def test_only_an_address_of_http_is_asked() -> None:
    with pytest.raises(TimestampError, match="an address with http"):
        over_http("file:///etc/passwd")
