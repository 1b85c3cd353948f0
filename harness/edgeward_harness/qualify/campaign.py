"""All defects, one after the other or some at once: what is timed runs alone, and last.

Rules:
- Defects that can share a run of a suite share it.
- Most of a run is waiting at the pace of a sensor, so there may be more workers than cores.
- What takes longest begins first, so that at the end no worker has much left to do by itself.
- What the host was too noisy to judge is tried again, alone; what survived is never tried again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from edgeward_harness.qualify.defect import Defect, Kind
from edgeward_harness.qualify.trial import Bed, Trial, forget, try_defects
from edgeward_harness.qualify.verdict import AGAINST, DOUBTS

TRIES_MAX = 3
"""Of what cannot be judged, before it is left open."""
CPU_S_A_RUN, ALONE_S, BATTERIES_S = 3.5, 14.0, 40.0
"""What a run costs, how long one that is timed takes, and the batteries; for the estimate."""

Run = tuple[Defect, ...]
Report = Callable[[Run, Trial], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs of a campaign."""

    together: tuple[Run, ...]
    alone: tuple[Run, ...]

    def estimate_s(self, workers: int, cores: int) -> float:
        """About how long it takes where nothing else is done."""
        together = CPU_S_A_RUN * len(self.together) / min(workers, cores)
        return together + ALONE_S * len(self.alone) + BATTERIES_S


def plan(defects: Iterable[Defect]) -> Plan:
    """Which defects share a run, and which runs stand alone."""
    groups: dict[tuple[object, ...], list[Defect]] = {}
    for defect in defects:
        groups.setdefault(_key(defect, groups), []).append(defect)
    runs = [tuple(group) for group in groups.values()]
    together = [run for run in runs if not run[0].alone]
    return Plan(
        together=tuple(sorted(together, key=_cases, reverse=True)),
        alone=tuple(run for run in runs if run[0].alone),
    )


def _cases(run: Run) -> int:
    """How much there is to do in it."""
    return len({case for defect in run for case in defect.cases})


def _key(defect: Defect, groups: dict[tuple[object, ...], list[Defect]]) -> tuple[object, ...]:
    """What the runs that a defect may share have in common.

    Promises that different cases judge are moved together.
    """
    if defect.kind is not Kind.LIMIT:
        return defect.run
    number = 0
    while True:
        key = ("limits", defect.suite, defect.alone, number)
        taken = {case for one in groups.get(key, ()) for case in one.cases}
        if not taken & set(defect.cases):
            return key
        number += 1


def carry_out(whole: Plan, bed: Bed, workers: int, report: Report) -> Iterator[tuple[Run, Trial]]:
    """Make every run; each is told as it ends."""
    doubtful: list[Run] = []
    pool = ThreadPoolExecutor(max_workers=workers)
    try:
        trials = {pool.submit(try_defects, run, bed): run for run in whole.together}
        for ended in as_completed(trials):
            run, trial = trials[ended], ended.result()
            if undecided(trial):
                doubtful.append(run)
                forget(run, bed)
                continue
            report(run, trial)
            yield run, trial
    finally:
        pool.shutdown(cancel_futures=True)  # who interrupts waits for what runs, not for the rest
    for run in (*whole.alone, *doubtful):
        trial = _patiently(run, bed)
        report(run, trial)
        yield run, trial


def _patiently(run: Run, bed: Bed) -> Trial:
    """Try a run until the host lets it be judged, or often enough."""
    trial = try_defects(run, bed)
    for _ in range(TRIES_MAX - 1):
        if not undecided(trial):
            break
        forget(run, bed)
        trial = try_defects(run, bed)
    return trial


def undecided(trial: Trial) -> bool:
    """Whether a run left a doubt, and nothing that speaks against a suite."""
    outcomes = {told.outcome for told in trial.told.values()}
    return bool(outcomes & set(DOUBTS)) and not outcomes & set(AGAINST)


def chosen(defects: Sequence[Defect], suites: Sequence[str]) -> tuple[Defect, ...]:
    """The defects of these suites; all when none is named."""
    return tuple(one for one in defects if not suites or one.suite in suites)
