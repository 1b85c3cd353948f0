"""A receiver in a process of its own: it can be asked, killed, and started again as it was."""

import json
import select
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from edgeward_harness.errors import HarnessError
from edgeward_harness.rig.sink.bench import Bench

START_S = 30.0


class SinkProcess:
    """A receiver of a bench; on one port as often as it is started."""

    def __init__(self, bench: Bench) -> None:
        """It runs from `start` or from the beginning of the context on."""
        self._bench = bench
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        """Where it listens, once it was started."""

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
        """Start it, on the port it had before.

        Raises:
            HarnessError: it does not listen.
        """
        now_s = int(self._bench.now.timestamp())
        told = (self._bench.folder, self._bench.seed, now_s, self.port)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edgeward_harness.rig.sink", *map(str, told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.port = int(self._read()["port"])

    def kill(self) -> None:
        """Kill it, whatever it is doing; killing a dead one is fine."""
        if self._process is None:
            return
        self._process.kill()
        self.wait()

    def wait(self) -> None:
        """Wait until it is dead: for a receiver that was ordered to die."""
        process, self._process = self._process, None
        if process is None:
            return
        process.wait(START_S)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()

    def ask(self, do: str, **more: object) -> Any:  # noqa: ANN401 - any JSON value
        """Have it do something, as `__main__` knows it.

        Raises:
            HarnessError: it does not answer.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **more}).encode() + b"\n")
        self._process.stdin.flush()
        return self._read()["answer"]

    def _read(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        answer = select.poll()  # `select` knows the first thousand descriptors only
        answer.register(self._process.stdout, select.POLLIN)
        line = self._process.stdout.readline() if answer.poll(START_S * 1000) else b""
        if not line:
            raise HarnessError(f"the receiver in {self._bench.folder} says nothing, not even why")
        told: dict[str, Any] = json.loads(line)
        return told
