"""RFC 3161 time stamps: an authority says when it saw a signature, in words nobody can change.

A person's clock says what the person likes. Where an authority is given, its token stands beside
the signature, and its moment counts. Needs rfc3161-client, of the extra `pack`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from edgeward_harness.errors import HarnessError

TOKEN_BYTES_MAX = 1 << 18
TIMEOUT_S = 20.0
Authority = Callable[[bytes], bytes]
"""Sends a request of RFC 3161 and gives the answer."""


class TimestampError(HarnessError):
    """A time stamp that is none, of something else, or of an authority that is not trusted."""


def stamper(authority: Authority, roots: tuple[bytes, ...]) -> Callable[[bytes], bytes]:
    """Asks an authority about some bytes, and holds its answer against them before it is kept."""

    def stamp(data: bytes) -> bytes:
        client = _client()
        request = (
            client.TimestampRequestBuilder()
            .data(data)
            .hash_algorithm(client.HashAlgorithm.SHA256)
            .build()
        )
        token = authority(request.as_bytes())
        stamped_at(token, data, roots, nonce=request.nonce)
        return token

    return stamp


def stamped_at(
    token: bytes, data: bytes, roots: tuple[bytes, ...], nonce: int | None = None
) -> datetime:
    """When an authority below one of these roots saw these bytes.

    Raises:
        TimestampError: the token is not good, or of other bytes.
    """
    from cryptography import x509

    client = _client()
    try:
        answer = client.decode_timestamp_response(token)
        builder = client.VerifierBuilder(
            roots=[x509.load_der_x509_certificate(one) for one in roots], nonce=nonce
        )
        builder.build().verify_message(answer, data)
        moment: datetime = answer.tst_info.gen_time
    except (ValueError, client.VerificationError) as fault:
        raise TimestampError(f"the time stamp is not good: {fault}") from None
    return moment


def over_http(url: str) -> Authority:
    """An authority at an address.

    Raises:
        TimestampError: it is no address of HTTP.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise TimestampError(f"found {url!r}, accepted: an address with http:// or https://")

    def ask(request: bytes) -> bytes:
        from urllib.request import Request, urlopen

        headers = {"Content-Type": "application/timestamp-query"}
        try:
            asked = Request(url, data=request, headers=headers)  # noqa: S310 - the scheme is checked
            with urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310 - same
                token: bytes = answer.read(TOKEN_BYTES_MAX + 1)
        except (OSError, ValueError) as fault:
            raise TimestampError(f"{url}: no time stamp: {fault}") from None
        if len(token) > TOKEN_BYTES_MAX:
            raise TimestampError(f"{url}: an answer of more than {TOKEN_BYTES_MAX} bytes")
        return token

    return ask


def _client() -> Any:  # noqa: ANN401 - a module that may not be there
    try:
        import rfc3161_client
    except ImportError:
        raise TimestampError(
            "time stamps need rfc3161-client: pip install 'edgeward-harness[pack]'"
        ) from None
    return rfc3161_client
