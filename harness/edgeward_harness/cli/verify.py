"""`edgeward verify`: run the suites on a device and write a signed bundle with its reports."""

import argparse
import os
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path

from edgeward_harness import resources
from edgeward_harness.errors import InputError

LANES_MAX = 4
OPTIONS = ("unit", "bench", "depth", "seed", "out", "key", "formats", "suites", "recordings")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--profile", required=True, metavar="NAME", help="device profile, or path")
    parser.add_argument(
        "--suite", action="append", default=[], metavar="S", help="only this suite (repeatable)"
    )
    parser.add_argument("--unit", metavar="U", help="bench unit (default: reference)")
    parser.add_argument("--bench", metavar="FILE", help="bench file (default: ./bench.toml)")
    parser.add_argument("--depth", metavar="D", help="quick, standard (default) or campaign")
    parser.add_argument("--out", metavar="DIR", help="new folder for the bundle")
    parser.add_argument("--seed", metavar="INT", help="replay a run from its one integer")
    parser.add_argument("--key", metavar="FILE", help="private key (default: this user's run key)")
    parser.add_argument("--formats", metavar="LIST", help="html,junit,json or none (default: all)")
    parser.add_argument("--suites", metavar="DIR", help="suites and trace (default: as shipped)")
    parser.add_argument(
        "--profiles", action="append", default=[], metavar="DIR", help="more device profiles"
    )
    parser.add_argument(
        "--recordings", metavar="DIR", help="recordings of patients, a folder for each collection"
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        help="processes that run cases (default: 1; of our own suites one a core, up to 4)",
    )


def run(options: argparse.Namespace) -> int:
    """Run pytest on the suites; 0 all verified, 1 a finding, 2 could not decide."""
    from edgeward_harness.run.supervise import supervise

    folder = Path(options.suites) if options.suites else resources.suites()
    options.out = options.out or _default_out(options.profile)
    _check_workers(options.workers)
    options.workers = options.workers or _lanes(options)
    words = [*_arguments(options, folder), *_places(options, folder)]
    return supervise(words, Path(options.out), workers=options.workers)


def _default_out(profile: str) -> str:
    return str(Path("edgeward-out") / f"{Path(profile).stem}-{secrets.token_hex(4)}")


def _check_workers(text: str | None) -> None:
    if text is not None and not (text.isdecimal() and int(text) > 0):
        raise InputError("--workers", [f"found {text!r}, accepted: a whole number from 1"])


def _lanes(options: argparse.Namespace) -> str | None:
    """How many processes run cases where nobody says: several for our own suites and device.

    A device of somebody else may be there only once, and so may what their cases work with.
    """
    ours = options.unit is None and options.bench is None and options.suites is None
    whole = ours and options.depth != "quick"
    cores = len(os.sched_getaffinity(0))
    if not whole or cores < 2 or find_spec("xdist") is None:
        return None
    return str(min(cores, LANES_MAX))


def _arguments(options: argparse.Namespace, folder: Path) -> list[str]:
    arguments = [
        "-qq",
        "-rN",
        "--tb=no",
        f"--config-file={folder / 'pytest.ini'}",
        f"--rootdir={folder}",
        "--import-mode=importlib",
        "-p",
        "no:cacheprovider",
        "--edgeward-console",
        f"--edgeward-profile={options.profile}",
    ]
    for name in OPTIONS:
        value = getattr(options, name)
        if value is not None:
            arguments.append(f"--edgeward-{name}={value}")
    arguments += [f"--edgeward-profiles={one}" for one in options.profiles]
    if options.workers:
        arguments += ["-n", options.workers]
    if not sys.stdout.isatty():
        arguments.append("--color=no")
    return arguments


def _places(options: argparse.Namespace, folder: Path) -> list[str]:
    if not options.suite:
        return [str(folder)]
    known = sorted(path.parent.name for path in folder.glob("*/testplan.toml"))
    faults = [
        f"found {name!r}, accepted: {', '.join(known)}"
        for name in options.suite
        if name not in known
    ]
    if faults:
        raise InputError("--suite", faults)
    return [str(folder / name) for name in options.suite]
