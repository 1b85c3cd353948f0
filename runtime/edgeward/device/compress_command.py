"""`edgeward compress`: a model of yours made as small as a device profile needs, and no worse.

Exit status: 0 a model was taken; 1 none keeps what the profile asks, and each miss is told; 2 it
could not be decided: bad input, a missing extra.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeward.device.daemon.folder import profiles_in
from edgeward.errors import ModelError

if TYPE_CHECKING:
    from edgeward.model.compress.desk import Done
    from edgeward.ports import Clock

_NS_PER_S = 1_000_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="MODULE:FUNCTION",
        help="a function that makes your torch network: windows in, a score for each label out",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="its weights, as torch.save wrote the state_dict; without them it is taught first",
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="windows, labels, patients (.npz)"
    )
    parser.add_argument(
        "--task", type=Path, required=True, metavar="FILE", help="what the card says (.toml)"
    )
    parser.add_argument("--profile", required=True, metavar="NAME", help="the device's profile")
    parser.add_argument("--profiles", type=Path, metavar="DIR", help="look for it here first")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where it all goes")
    parser.add_argument("--seed", type=int, default=1, help="of every draw (default: 1)")
    parser.add_argument(
        "--epochs", type=int, default=8, help="how long each step teaches (default: 8)"
    )
    parser.add_argument(
        "--band",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="a band-pass in Hz and a scaling, put into the graph before the network",
    )
    parser.add_argument(
        "--explore",
        action="store_true",
        help="search among the networks the function can make, by its attribute `choices`",
    )


def run(options: argparse.Namespace) -> int:
    """Do what was asked for.

    Raises:
        EdgewardError: something given cannot be used.
    """
    try:
        from edgeward.model.compress import desk
    except ImportError as error:
        raise ModelError(
            f"models cannot be made small: {error}; it needs the extra compress:"
            " pip install 'edgeward[compress]'"
        ) from error
    from edgeward.adapters.clock import SystemClock, ThreadClock
    from edgeward.adapters.store import DirectoryStore
    from edgeward.profile import load_profile

    first = [] if options.profiles is None else [options.profiles]
    profile = load_profile(options.profile, [*first, *profiles_in()]).profile
    order = desk.Order(
        task=options.task,
        data=options.data,
        weights=options.weights,
        band_hz=None if options.band is None else (options.band[0], options.band[1]),
        epochs=options.epochs,
        seed=options.seed,
        explore=options.explore,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    bench = desk.Bench(
        DirectoryStore(options.out / "taught"), ThreadClock(), _Progress(SystemClock())
    )
    done = desk.make(order, _function(options.model), profile, bench)
    print(done.text)
    _write(options.out, done)
    return 0 if done.search.taken is not None else 1


def _function(where: str) -> Callable[..., Any]:
    """The function that is named, looked for in the working folder too."""
    module, colon, name = where.partition(":")
    if not colon or not module or not name:
        raise ModelError(f"--model: found {where!r}; accepted: MODULE:FUNCTION")
    sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ModelError(f"--model: {where}: {error}") from error
    if not callable(found):
        raise ModelError(f"--model: found {type(found).__name__} {where}; accepted: a function")
    function: Callable[..., Any] = found
    return function


def _write(out: Path, done: "Done") -> None:
    """The report, the package of the model that was taken, and what that is judged with.

    No other package is left there.
    """
    from edgeward.adapters.store import DirectoryStore

    text = json.dumps(done.report, indent=2) + "\n"
    DirectoryStore(out).write("report.json", text.encode())
    DirectoryStore(out).write("judged.npz", done.judged)
    for folder, files in (("package", done.package or {}), ("reference", done.reference)):
        store = DirectoryStore(out / folder)
        for name in store.names():
            store.delete(name)
        for name, data in files.items():
            store.write(name, data)
    told = f"{out / 'report.json'}"
    print(f"report   {told}")
    if done.package is not None:
        print(f"package  {out / 'package'}, to be signed: edgeward model sign")


class _Progress:
    """Tells what is being done, and since when, where a person looks on."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._begun_ns = clock.monotonic_ns()

    def __call__(self, text: str) -> None:
        """One line."""
        elapsed_s = (self._clock.monotonic_ns() - self._begun_ns) / _NS_PER_S
        print(f"{elapsed_s:7.1f} s  {text}", file=sys.stderr, flush=True)
