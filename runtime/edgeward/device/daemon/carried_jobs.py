"""What is carried by hand while the daemon runs: on a thread of its own, asked about until it ends.

Rules:
1. Neither the clinical thread nor whoever asks for the status waits for a slow medium.
2. Each export or import is a job with a name that its caller draws. The first request begins it,
   each later one asks how it stands; its end is told once.
3. One job at a time. One whose caller went away ends by itself, and its end is told to nobody.
"""

import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgeward.adapters.scheduling import step_below
from edgeward.device.parameters import Parameter, integer, nullable, read_parameters, text
from edgeward.device.rpc import Code, Request, RpcError
from edgeward.errors import EdgewardError

WAIT_S: Final = 0.2
"""How long one request waits for the end."""
METHODS: Final = ("outbox.export", "outbox.import")

if TYPE_CHECKING:  # a daemon that keeps no records needs none of it
    from edgeward.device.outgoing.carrying import Carrier

_JOB = re.compile("[0-9a-f]{16}")
_PATH_CHARS_MAX = 4096

Ask = Callable[[Request], dict[str, Any]]


class _Job:
    """One export or import under way."""

    def __init__(self, name: str, work: Callable[[], dict[str, Any]]) -> None:
        self.name = name
        self._work = work
        self.ended = threading.Event()
        self.result: dict[str, Any] = {}
        self.error: EdgewardError | None = None
        threading.Thread(target=self._run, name="carrier", daemon=True).start()

    def _run(self) -> None:
        step_below()
        try:
            self.result = self._work()
        except EdgewardError as error:
            self.error = error
        except Exception as error:  # whoever asks is told, and the next job is begun
            self.error = RpcError(Code.INTERNAL_ERROR, f"internal error: {type(error).__name__}")
        finally:
            self.ended.set()


class CarriedJobs:
    """Answers the requests about media, and hands all others on."""

    def __init__(self, carrier: "Callable[[], Carrier | None]", others: Ask) -> None:
        """`carrier` gives what carries, or None where nothing was ever kept."""
        self._carrier, self._others = carrier, others
        self._job: _Job | None = None

    def ask(self, request: Request) -> dict[str, Any]:
        """Begin a job, or say how it stands: `{"done": false}`, or its result.

        Raises:
            RpcError: it is refused, failed, or another one is under way.
        """
        if request.method not in METHODS:
            return self._others(request)
        given = read_parameters(_PARAMETERS[request.method], request.params)
        job = self._job
        if job is None or job.name != given["job"]:
            if job is not None and not job.ended.is_set():
                raise RpcError(
                    Code.REFUSED, "an export or import is under way; wait until it has ended"
                )
            self._job = job = _Job(given["job"], self._work(request.method, given))
        if not job.ended.wait(WAIT_S):
            return {"done": False}
        self._job = None
        if job.error is not None:
            raise RpcError(Code.REFUSED, job.error.diagnostics())
        return {"done": True, **job.result}

    def _work(self, method: str, given: Mapping[str, Any]) -> Callable[[], dict[str, Any]]:
        carrier = self._carrier()
        if carrier is None:
            raise RpcError(Code.REFUSED, "this device keeps no records: nothing can be carried")
        if method == "outbox.export":
            return lambda: carrier.export(Path(given["to"]), given["bytes_max"]).to_dict()
        return lambda: carrier.take(Path(given["from"])).to_dict()


def _job_name(value: object) -> str:
    if not isinstance(value, str) or not _JOB.fullmatch(value):
        raise ValueError(f"found {value!r:.40}, 16 hex digits are needed")
    return value


_PARAMETERS: Final = {
    "outbox.export": (
        Parameter("job", _job_name),
        Parameter("to", text(_PATH_CHARS_MAX)),
        Parameter("bytes_max", nullable(integer(1)), required=False),
    ),
    "outbox.import": (Parameter("job", _job_name), Parameter("from", text(_PATH_CHARS_MAX))),
}
