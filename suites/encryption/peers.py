"""Receivers of which each is wrong in one way, and right in all others."""

import base64
import contextlib
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward_harness.rig.authority import Authority, Defect, Issued
from edgeward_harness.rig.network.proxy import FaultProxy
from edgeward_harness.rig.receiving import Receiving
from edgeward_harness.rig.sink.bench import NAME
from edgeward_harness.rig.sink.opening import Opener
from edgeward_harness.rig.sink.server import Papers, server_context

from .hearing import HOST, Hearing, Wire, heard, papers_with

_PINS: Final = b"edgeward pins 1\0"
HELLO: Final = "/v1/hello"
PIN_SETS: Final = "/v1/pins"
UNPINNED: Final = "unpinned"


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to be the wrong receiver."""

    name: str
    defect: Defect | None = None
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    wants_certificate: bool = True
    other_key: bool = False
    plain: bool = False
    may_be_asked: str = ""
    """The one question without which a device cannot know that it is the wrong one."""


CELLS: Final = (
    Cell("tls_1_2", version=ssl.TLSVersion.TLSv1_2),
    Cell("other_authority", Defect.OTHER_AUTHORITY),
    Cell("self_signed", Defect.SELF_SIGNED),
    Cell("expired", Defect.EXPIRED),
    Cell("not_yet_valid", Defect.NOT_YET_VALID),
    Cell("revoked", Defect.REVOKED),
    Cell("wrong_use", Defect.WRONG_USE),
    Cell("wrong_name", Defect.WRONG_NAME),
    Cell("weak_key", Defect.WEAK),
    Cell(UNPINNED, may_be_asked=PIN_SETS),
    Cell("wants_no_certificate", wants_certificate=False, may_be_asked=HELLO),
    Cell("other_receiver", other_key=True, may_be_asked=HELLO),
    Cell("no_tls", plain=True),
)


class Peers:
    """The receivers of all cells, each with a key of its own, and what a device is told of them."""

    def __init__(self, rx: Receiving) -> None:
        """Beside a right receiver, under the same authority; all pinned but one."""
        self._rx = rx
        self._issued: dict[str, Issued] = {}
        self.revocations = ""
        for cell in CELLS:
            desk = rx.bench.authority(f"peer {cell.name}")
            self._issued[cell.name] = desk.server(NAME, cell.defect)
            if cell.defect is Defect.REVOKED:
                self.revocations = desk.crl_pem().decode()
        self.link = self._link(rx.bench.authority("server"))

    def _link(self, authority: Authority) -> dict[str, Any]:
        right = authority.server(NAME)
        pins = [right.pin, *(one.pin for name, one in self._issued.items() if name != UNPINNED)]
        told = {"version": 1, "pins": pins, "before": "", "issued_ns": 0}
        text = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        root = Ed25519PrivateKey.generate()
        public = root.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return {
            "revocations": self.revocations,
            "pin_root": base64.b64encode(public).decode(),
            "pins": {
                "set": told,
                "signature": base64.b64encode(root.sign(_PINS + text)).decode(),
            },
        }

    @contextlib.contextmanager
    def wrong(self, cell: Cell) -> Iterator[tuple[Hearing, Wire]]:
        """The receiver of a cell, listening."""
        hearing = Hearing(self._rx.receiver)
        if cell.other_key:
            hearing.opener = Opener(bytes(range(32)))
        name = f"peer-{cell.name}"
        if cell.plain:
            with _plain() as port, FaultProxy((HOST, port)) as proxy:
                yield hearing, Wire(proxy, self._rx.bench.folder / name)
            return
        papers = papers_with(self._rx, self._issued[cell.name].pem, name)
        with heard(hearing, _context(cell, papers), self._rx.bench.folder, f"k-{name}") as wire:
            yield hearing, wire


def _context(cell: Cell, papers: Papers) -> ssl.SSLContext:
    if cell.defect is not Defect.WEAK:
        return server_context(papers, cell.version, wants_certificate=cell.wants_certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")  # ours must be willing to show what is refused
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(papers.own)
    return context


class _Anything(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Something is there, and speaks no TLS."""
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        """Whatever it is told."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is there
        """Say nothing."""


@contextlib.contextmanager
def _plain() -> Iterator[int]:
    with http.server.ThreadingHTTPServer((HOST, 0), _Anything) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()
