"""A real broker for the bench: Mosquitto, TLS 1.3, certificates on both sides, own topics only."""

import shutil
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.sink.server import Papers

RECEIVER = "receiver"
"""The name in the certificate of who may read every device's batches."""
START_S = 10.0
LOOK_S = 0.005
_ELSEWHERE = ("/usr/sbin", "/usr/local/sbin")
_TOPICS = f"""user {RECEIVER}
topic read edgeward/v1/+/batch
topic read edgeward/v1/+/hello
topic read edgeward/v1/+/presence
topic write edgeward/v1/+/answer

pattern write edgeward/v1/%u/batch
pattern write edgeward/v1/%u/hello
pattern write edgeward/v1/%u/presence
pattern read edgeward/v1/%u/answer
"""


def mosquitto() -> str | None:
    """Where the broker's program is; None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=":".join(_ELSEWHERE))


@dataclass(slots=True)
class Broker:
    """A broker on one port, as often as it is started; it keeps nothing."""

    folder: Path
    papers: Papers
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it listens.

        Raises:
            HarnessError: it is not installed, or does not listen.
        """
        program = mosquitto()
        if program is None:
            raise HarnessError("mosquitto: found none; on Debian, apt-get install mosquitto")
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as found:
                self.port = found.getsockname()[1]
        log = self.folder / "mosquitto.log"
        with log.open("ab") as told:
            self._process = subprocess.Popen(
                [program, "-c", self._written()], stdout=told, stderr=subprocess.STDOUT
            )
        if not self._listens():
            self.kill()
            raise HarnessError(f"mosquitto does not listen: {log.read_text()[-400:]}")

    def kill(self) -> None:
        """Kill it, whatever it is doing; killing a dead one is fine."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _written(self) -> Path:
        """Its configuration; without a limit on what is queued, or bursts would be dropped."""
        topics, config = self.folder / "topics.acl", self.folder / "mosquitto.conf"
        topics.write_text(_TOPICS)
        topics.chmod(0o644)
        lines = [
            "per_listener_settings false",
            f"listener {self.port} 127.0.0.1",
            f"cafile {self.papers.authorities}",
            f"certfile {self.papers.own}",
            f"keyfile {self.papers.own}",
            "tls_version tlsv1.3",
            "require_certificate true",
            "use_identity_as_username true",
            "allow_anonymous false",
            f"acl_file {topics}",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
            "persistence false",
            "user root",
        ]
        config.write_text("\n".join([*lines, ""]))
        return config

    def _listens(self) -> bool:
        """Whether it accepts a connection; asked again as long as it lives."""
        assert self._process is not None
        while self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), START_S).close()
            except ConnectionRefusedError:
                time.sleep(LOOK_S)
                continue
            return True
        return False


def client_context(papers: Papers) -> ssl.SSLContext:
    """How a client of the bench speaks TLS to the broker."""
    context = ssl.create_default_context(cafile=papers.authorities)
    context.load_cert_chain(papers.own)
    return context
