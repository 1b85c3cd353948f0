"""A process that has loaded what a run needs, and from which runs are forked.

A good part of a short run is the loading of Python, pytest and the harness. The stem does that
once; each run is a fork of it, with memory of its own, that ends with its last line. Runs of
`edgeward verify` start anew each time (`run.supervise`): the false greens are asked for in that way
(`probes`).

Each line of its input is a JSON object, `words`, `environment` and `log`; each gets one line in its
output, the exit status.
"""

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import traceback
from typing import Final, NoReturn

import pytest

from edgeward_harness.run.supervise import SUPERVISOR, end_with_supervisor

PLUGINS: Final = ("edgeward_harness.plugin", "_hypothesis_pytestplugin")
LATER: Final = ("hypothesis", "hypothesis.internal.observability")
"""What pytest and its plugins load only in the end."""
ROOMS: Final = ("evidence", "profile", "rig", "run", "target", "trace")
"""Whose modules most runs load."""


def load() -> None:
    """Load what runs have in common; what is not there is missed by those who need it."""
    for name in (*PLUGINS, *LATER):
        importlib.import_module(name)
    for room in ROOMS:
        package = importlib.import_module(f"edgeward_harness.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.rpartition(".")[2].startswith("_"):
                importlib.import_module(found.name)
    gc.collect()
    gc.freeze()  # what is shared with the forks stays shared


def serve() -> None:
    """Fork a run for each line of the input, and tell how it ended."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _run(**json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(words: list[str], environment: dict[str, str], log: str) -> NoReturn:
    """Be the run: its words, its environment, what it says in its log, and nothing to read."""
    status: int = pytest.ExitCode.INTERNAL_ERROR
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(environment, **{SUPERVISOR: str(os.getppid())})
        end_with_supervisor()
        sys.argv = ["pytest", *words]
        with open(os.devnull, "rb") as nothing, open(log, "wb") as told:
            for file, descriptor in ((nothing, 0), (told, 1), (told, 2)):
                os.dup2(file.fileno(), descriptor)
        loaded = [word for plugin in PLUGINS for word in ("-p", plugin)]
        status = pytest.main([*loaded, *words])
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Load, and serve until there is nothing more to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from a terminal, it is for who started us
    end_with_supervisor()
    load()
    serve()


if __name__ == "__main__":
    main()
