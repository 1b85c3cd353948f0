"""`edgeward qualify`: prove on this machine that the suites catch every seeded defect."""

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness import resources
from edgeward_harness.cli.common import printable
from edgeward_harness.errors import HarnessError, InputError

if TYPE_CHECKING:  # imported where they are used: they would slow the start of every command
    from edgeward_harness.evidence.keys import PublicKey
    from edgeward_harness.qualify.campaign import Plan, Run
    from edgeward_harness.qualify.catalogue import Catalogue
    from edgeward_harness.qualify.probes import Answer
    from edgeward_harness.qualify.tamper import Tampered
    from edgeward_harness.qualify.trial import Bed, Trial

HELP = """\
Prove on this machine that the suites catch every seeded defect.

Devices with one defect each are judged by the suite that claims to see it, promises and answers
are altered, runs that only look good are made, and a sealed bundle is changed in every way. The
record is signed with this user's run key: DIR/qualification.dsse.json. What was interrupted goes
on where it was when it is started again with the same DIR.

exit status:
  0  every defect was caught for its own reason, and no sound device was accused
  1  something survived: what it is, and by which case it should have been seen, is told
  2  none survived, but something could not be judged here, such as a timed one on a busy host
"""
RECORD, TWIN = "qualification.dsse.json", "qualification.json"
SEED = 7
RUNS_A_CORE = 3
"""Half of a run is waiting at the pace of a sensor."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--suite", action="append", default=[], metavar="S", help="only this suite (repeatable)"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default="edgeward-qualification",
        help="where the record and each run lie (default: %(default)s)",
    )
    parser.add_argument("--seed", metavar="INT", help="in place of the seeds of the catalogue")
    parser.add_argument(
        "--workers",
        metavar="N",
        default=str(RUNS_A_CORE * len(os.sched_getaffinity(0))),
        help="runs at once, but for what is timed (default: three a core)",
    )
    parser.add_argument(
        "--recordings",
        metavar="DIR",
        type=Path,
        help="recordings of patients: some defects show on them only",
    )
    parser.add_argument("--list", action="store_true", help="print the catalogue and do nothing")


def run(options: argparse.Namespace) -> int:
    """Qualify and print; 0 qualified, 1 something survived, 2 could not be judged.

    Raises:
        InputError: an option cannot be used, or the catalogue is none.
        HarnessError: the tool was changed meanwhile, or the disk or the key refused.
    """
    from edgeward_harness.qualify.catalogue import load_catalogue

    catalogue = load_catalogue()
    _check(options, catalogue)
    if options.list:
        print("\n".join(_listed(catalogue)))
        return 0
    return _qualify(options, catalogue)


def _check(options: argparse.Namespace, catalogue: "Catalogue") -> None:
    known = sorted({one.suite for one in catalogue.defects})
    faults = [f"--suite: found {name!r}, accepted: {', '.join(known)}"
              for name in options.suite if name not in known]  # fmt: skip
    if not (options.workers.isdecimal() and int(options.workers)):
        faults.append(f"--workers: found {options.workers!r}, accepted: a whole number from 1")
    if options.seed is not None and not options.seed.isdecimal():
        faults.append(f"--seed: found {options.seed!r}, accepted: a whole number from 0")
    if options.recordings is not None and not options.recordings.is_dir():
        faults.append(f"--recordings: found {options.recordings}, accepted: a folder")
    if faults:
        raise InputError("edgeward qualify", faults)


def _listed(catalogue: "Catalogue") -> list[str]:
    return [f"{one.suite:<10} {one.kind:<7} {one.id:<44} {' '.join(one.cases)}"
            for one in catalogue.defects]  # fmt: skip


def _qualify(options: argparse.Namespace, catalogue: "Catalogue") -> int:
    from edgeward_harness.evidence.files import write_whole
    from edgeward_harness.evidence.keys import run_key
    from edgeward_harness.evidence.qualification import (
        EXIT_CODES,
        read_qualification,
        seal_qualification,
    )
    from edgeward_harness.evidence.record import utc_text
    from edgeward_harness.evidence.strict import encode
    from edgeward_harness.qualify.campaign import carry_out, chosen, plan
    from edgeward_harness.qualify.compose import Scope, compose, tool

    started, key = utc_text(time.time_ns()), run_key()
    defects = chosen(catalogue.defects, options.suite)
    qualified = tool(catalogue, resources.suites())
    whole, bed = plan(defects), _bed(options, catalogue, key.public, qualified)
    workers = int(options.workers)
    _announce(whole, len(defects), workers)
    progress = _Progress(len(whole.together) + len(whole.alone))
    trials = list(carry_out(whole, bed, workers, progress.told))
    answers, tampered = _batteries(key.public, SEED if bed.seed is None else bed.seed)
    if tool(catalogue, bed.suites) != qualified:
        raise HarnessError("the tool was changed while it was qualified: start it again")
    suites = tuple(sorted({one.suite for one in defects}))
    scope = Scope(suites, not options.suite, bed.seed, started, utc_text(time.time_ns()))
    record = compose(catalogue, qualified, scope, trials, answers, tampered)
    data = seal_qualification(record, key)
    write_whole(options.out / RECORD, data)
    write_whole(options.out / TWIN, encode(record))
    read = read_qualification(data, [key.public])
    verdict = f"{read.verdict.upper().replace('_', ' ')}: {options.out / RECORD}"
    why = [f"  - {text}" for text in read.reasons]
    lines = [*_counted(read.of_suites()), "", verdict, *why]
    print("\n".join(map(printable, lines)))
    return EXIT_CODES[read.verdict]


def _bed(
    options: argparse.Namespace,
    catalogue: "Catalogue",
    key: "PublicKey",
    qualified: Mapping[str, str],
) -> "Bed":
    from edgeward.canonical import digest
    from edgeward_harness.evidence.verification import Expectation
    from edgeward_harness.qualify.trial import Bed, marked_tests

    suites = resources.suites()
    runs = options.out / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    return Bed(
        seeded=catalogue.folder,
        suites=suites,
        tests=marked_tests(suites),
        folder=runs.resolve(),
        recordings=options.recordings and options.recordings.resolve(),
        trusted=[key],
        expected=Expectation(tool_sha256=qualified["build_sha256"]),
        seed=None if options.seed is None else int(options.seed),
        yardstick=digest(dict(qualified)),
    )


def _announce(whole: "Plan", defects: int, workers: int) -> None:
    minutes = whole.estimate_s(workers, len(os.sched_getaffinity(0))) / 60
    timed = f"{len(whole.alone)} that are timed, one by one"
    runs = f"{len(whole.together)} runs, {workers} at once, and {timed}"
    print(f"{defects} defects in {runs}: some {minutes:.0f} minutes", flush=True)


class _Progress:
    """One line for each defect, as its run ends."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        self.done = 0

    def told(self, run: "Run", trial: "Trial") -> None:
        """Print what a run said."""
        self.done += 1
        for defect in run:
            told = trial.told[defect.id]
            again = " (made before)" if trial.again else ""
            line = f"{self.done:>4}/{self.runs} {told.outcome:<12} {defect.id:<44}{again}"
            why = "" if told.outcome in ("caught", "held") else f" {told.reason}"
            print(printable(line.rstrip() + why), flush=True)


def _batteries(key: "PublicKey", seed: int) -> tuple[list["Answer"], "Tampered"]:
    """Ask whether a run that only looks good is green, and whether an edit goes unseen."""
    from edgeward_harness.evidence.keys import run_key_path
    from edgeward_harness.qualify.probes import PROBES, ask
    from edgeward_harness.qualify.tamper import tamper

    answers: list[Answer] = []
    with tempfile.TemporaryDirectory(prefix="edgeward-probes-") as top:
        for probe in PROBES:
            place = Path(top) / probe.id
            place.mkdir()
            answers.append(ask(probe, place, run_key_path(), key))
            told = "right" if answers[-1].right else f"WRONG: {answers[-1].observed}"
            print(printable(f"     probe {probe.id:<20} {told}"), flush=True)
        tampered = tamper(Path(top) / "round_trip" / "out", key, seed, Path(top))
    print(f"     tampering: {sum(tampered.found.values())} of {sum(tampered.made.values())} found")
    return answers, tampered


def _counted(suites: "Mapping[str, Mapping[str, int]]") -> list[str]:
    """Caught and seeded, suite by suite."""
    lines = [""]
    for name, outcomes in sorted(suites.items()):
        beyond = outcomes.get("out_of_reach", 0)
        good = outcomes.get("caught", 0) + outcomes.get("held", 0)
        told = f", {beyond} out of reach here" if beyond else ""
        asked = sum(outcomes.values()) - beyond
        lines.append(f"{name:<12} {good} of {asked} as they must be{told}")
    return lines
