"""A unix stream socket that takes one peer after the other."""

import os
import socket
import stat
from pathlib import Path

from edgeward.adapters.link import FileLink
from edgeward.errors import StoreError
from edgeward.limits import DEFAULT, Limits


class UnixListener:
    """Listens on a path, readable and writable by its owner only."""

    __slots__ = ("_limits", "_path", "_socket")

    def __init__(self, path: Path, limits: Limits = DEFAULT) -> None:
        """Bind the path. A socket left behind by a process that is gone is replaced.

        Raises:
            StoreError: the path is in use, is something else than a socket, or cannot be bound.
        """
        self._path = path
        self._limits = limits
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            remove_abandoned(path, socket.SOCK_STREAM)
            self._socket.bind(str(path))
            path.chmod(0o600)
            self._socket.listen(1)
        except OSError as error:
            self._socket.close()
            raise StoreError(f"{path}: cannot be listened on: {error}") from error

    def accept(self) -> FileLink:
        """Wait for the next peer."""
        peer, _ = self._socket.accept()
        peer.settimeout(None)
        descriptor = peer.detach()
        return FileLink(descriptor, descriptor, self._limits)

    def close(self) -> None:
        """Stop listening and remove the path; closing twice is fine."""
        if self._socket.fileno() >= 0:
            self._socket.close()
            self._path.unlink(missing_ok=True)


def remove_abandoned(path: Path, kind: socket.SocketKind) -> None:
    """Remove a socket nobody listens on; leave everything else, for bind() to refuse."""
    if not path.exists() or not stat.S_ISSOCK(os.lstat(path).st_mode):
        return
    with socket.socket(socket.AF_UNIX, kind) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
