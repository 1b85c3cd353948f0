"""Asking a running daemon: one request and one answer on a unix socket in its folder.

`status` is answered here, from what the clinical thread has left; everything else goes to it.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgeward.adapters.listener import UnixListener
from edgeward.adapters.scheduling import step_below
from edgeward.device.rpc import (
    Code,
    Request,
    RpcError,
    error_line,
    parse_request,
    result_line,
    shown,
)
from edgeward.errors import (
    EdgewardError,
    LimitError,
    LineTooLongError,
    LinkClosedError,
    StoreError,
)
from edgeward.ports import Link

SOCKET = "control.sock"
_TIMEOUT_S = 5.0
_RETRY_S = 0.1
_ANSWER_BYTES_MAX = 16 << 20


class NotRunningError(EdgewardError):
    """No daemon answers."""


class RefusedError(EdgewardError):
    """The daemon answers, and refuses."""


class Control:
    """Answers one peer after the other, on a thread of its own."""

    def __init__(self, folder: Path, status: Callable[[], dict[str, Any]]) -> None:
        """Claim this folder, making it where it is missing; `status` is called for each answer.

        Until `ask` is given, `status` is all that is answered.

        Raises:
            StoreError: another daemon uses the folder, or it cannot be used.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder}: cannot be used: {error.strerror}") from error
        self._listener = UnixListener(folder / SOCKET)
        self._status = status
        self.ask: Callable[[Request], dict[str, Any]] = _nobody
        """Answers everything else."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._listener.close()

    def _serve(self) -> None:
        step_below()
        while not self._closing.is_set():
            try:
                link = self._listener.accept()
            except OSError:  # closed; or no descriptor is free, and one will be
                self._closing.wait(_RETRY_S)
                continue
            with contextlib.closing(link), contextlib.suppress(LinkClosedError):
                self._answer(link)

    def _answer(self, link: Link) -> None:
        try:
            line = link.receive(int(_TIMEOUT_S * 1e9))
        except LineTooLongError as error:
            link.send(error_line(None, RpcError(Code.PARSE_ERROR, str(error))))
            return
        if line is None:
            return
        request: Request | None = None
        try:
            request = parse_request(line)
            answer = result_line(request.id, self._result(request))
        except RpcError as error:
            answer = error_line(error.request_id if request is None else request.id, error)
        except LimitError as error:
            answer = error_line(
                None if request is None else request.id, RpcError(Code.LIMIT, str(error))
            )
        except Exception as error:  # whoever asks is told, and the next one is answered
            answer = error_line(None, RpcError(Code.INTERNAL_ERROR, type(error).__name__))
        link.send(answer)

    def _result(self, request: Request) -> dict[str, Any]:
        return self._status() if request.method == "status" else self.ask(request)


def _nobody(request: Request) -> dict[str, Any]:
    said = f"no method {shown(request.method)}; there is status"
    raise RpcError(Code.NO_SUCH_METHOD, said, request_id=request.id)


def ask_status(folder: Path, timeout_s: float = _TIMEOUT_S) -> dict[str, Any]:
    """What the daemon of a folder says about itself.

    Raises:
        NotRunningError: none runs there, or it does not answer.
    """
    return ask(folder, "status", {}, timeout_s)


def ask(
    folder: Path, method: str, params: dict[str, Any], timeout_s: float = 2 * _TIMEOUT_S
) -> dict[str, Any]:
    """The answer of the daemon of a folder.

    Raises:
        NotRunningError: none runs there, or it does not answer.
        RefusedError: it refuses, and says why.
    """
    path = folder / SOCKET
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    try:
        answer: dict[str, Any] = json.loads(_exchange(path, json.dumps(request), timeout_s))
        error = answer.get("error")
        if error is None:
            result: dict[str, Any] = answer["result"]
            return result
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunningError(
            f"{folder}: no daemon runs here; start one with `edgeward run --state {folder}`"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotRunningError(f"{path}: the daemon does not answer: {error}") from error
    if method == "status":
        raise NotRunningError(f"{path}: the daemon does not answer: {error}")
    raise RefusedError(str(error.get("message")))


def _exchange(path: Path, request: str, timeout_s: float) -> bytes:
    """Send the question, and take what comes until a line is whole or the peer has ended."""
    answer = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(timeout_s)
        peer.connect(str(path))
        peer.sendall(request.encode() + b"\n")
        while not answer.endswith(b"\n") and len(answer) < _ANSWER_BYTES_MAX:
            piece = peer.recv(1 << 16)
            if not piece:
                break
            answer += piece
    return bytes(answer)
