"""Telling the service manager that the device lives: the datagrams of `sd_notify`, and no library.

A manager that wants to be told names a socket in NOTIFY_SOCKET and, for a watchdog, the longest
silence in WATCHDOG_USEC. Without them nothing is sent.
"""

import contextlib
import os
import socket
from collections.abc import Mapping


class ServiceManager:
    """The service manager that started this process, if one did."""

    __slots__ = ("_address", "watchdog_ns")

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Find out whom to tell."""
        found = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + found[1:] if found.startswith("@") else found
        told_us = environment.get("WATCHDOG_USEC", "")
        self.watchdog_ns = int(told_us) * 1000 if told_us.isascii() and told_us.isdigit() else None
        """The longest silence before it ends and restarts the process; None: it does not watch."""

    def ready(self) -> None:
        """The start is over."""
        self._send("READY=1")

    def alive(self) -> None:
        """The clinical thread works; said only after that was checked."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for people."""
        self._send("STATUS=" + text.replace("\n", " "))

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to,
        ):
            to.settimeout(0.5)
            to.sendto(text.encode(), self._address)
