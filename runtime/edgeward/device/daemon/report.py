"""What `edgeward run` tells the person who started it: at the start, on the way, and at the end."""

import threading
from pathlib import Path as FilePath
from typing import TextIO

from edgeward.adapters.scheduling import step_below
from edgeward.device.daemon.daemon import Daemon
from edgeward.device.daemon.slow import SlowSide
from edgeward.device.daemon.snapshot import Snapshot
from edgeward.device.daemon.wording import milliseconds, outcomes
from edgeward.process.latency import Path
from edgeward.process.technical import Condition
from edgeward.profile import Profile

EACH_S = 5.0
FAULTS = {
    Condition.MODEL_FAULT,
    Condition.PATH_FAULT,
    Condition.RULE_FAULT,
    Condition.STALLED,
    Condition.BACKGROUND_FAULT,
}
"""Parts of the device that do not work; what else is wrong may be the patient's or the host's."""


def opening(daemon: Daemon, profile: Profile, state: FilePath) -> str:
    """What runs, for whom and how."""
    budget = profile.budget.latency["window_to_result"]
    limits = f"{budget.p50_ms:g} / {budget.p99_ms:g} / {budget.max_ms:g} ms"
    card = daemon.device.parts.engine.card
    rows = (
        ("profile", f"{profile.name}, {profile.title}"),
        ("device", f"{daemon.device.identity.serial}, start {daemon.device.identity.epoch}"),
        ("model", f"{card.name} {card.version}, {card.sha256[:12]}"),
        ("source", daemon.source.said),
        ("mode", daemon.device.processor.pace.mode.value),
        ("budget", f"{limits} (p50 / p99 / max, window to result)"),
        ("deadlines", daemon.proof),
        ("alarms", _watching(daemon)),
        ("scheduling", daemon.device.scheduling_label),
        ("state", str(state)),
    )
    return "\n".join(f"{name:<11}{text}" for name, text in rows)


def _watching(daemon: Daemon) -> str:
    if daemon.unwatched is not None:
        return f"NONE: nobody is watched, {daemon.unwatched}"
    bedside = daemon.device.open_bedside()
    kept = len(bedside.alarms.alarms)
    return "every patient is watched" + (f"; {kept} from before this start" if kept else "")


def progress_line(snapshot: Snapshot) -> str:
    """How far it is, in one line."""
    counts = snapshot.counts
    samples = max((one.samples for one in snapshot.streams.values()), default=0)
    times = snapshot.times[Path.SAMPLE_TO_TOLD].quantiles()
    return (
        f"{len(snapshot.streams)} streams, {samples:,} samples each at most,"
        f" {counts['windows']:,} results, {counts['late']:,} late,"
        f" p50/p99/p99.9/max {milliseconds(times.to_dict())} ms"
    )


def closing(snapshot: Snapshot, slow: SlowSide) -> str:
    """What was done, and everything that was not."""
    counts, blocks = snapshot.counts, snapshot.blocks
    times = milliseconds(snapshot.times[Path.SAMPLE_TO_TOLD].quantiles().to_dict())
    refused = ", ".join(f"{count} {why}" for why, count in sorted(snapshot.refused.items()))
    rows = (
        ("results", outcomes(counts)),
        ("late", f"{counts['late']:,}"),
        ("latency", f"{times} ms (p50 / p99 / p99.9 / max, last sample to told)"),
        ("blocks", f"{blocks['taken']:,} taken, {blocks['given_up']:,} given up"),
        ("refused", refused or "nothing"),
        ("log", f"{slow.counts.logged:,} records, {_lost(snapshot, slow):,} lost"),
        ("sums", "add up" if snapshot.conserved() else "DO NOT ADD UP"),
        ("scheduling", snapshot.scheduling),
    )
    return "\n".join(f"{name:<11}{text}" for name, text in rows)


def exit_status(snapshot: Snapshot, slow: SlowSide) -> int:
    """0 it ended well; 1 something was late, declined, not told or lost, or does not add up.

    And 1 where a part of the device did not work when it ended: to answer nothing is no success.
    """
    counts = snapshot.counts
    missed = counts["late"] + counts["untold"] + counts["declined"] + _lost(snapshot, slow)
    broken = any(one.condition in FAULTS for one in (*snapshot.conditions, *slow.active()))
    return 1 if missed or broken or not snapshot.conserved() else 0


def _lost(snapshot: Snapshot, slow: SlowSide) -> int:
    """Records that are not in the log."""
    handed = snapshot.handed_over
    return slow.counts.unlogged + handed["lost_results"] + handed["lost_others"]


class Progress:
    """A line each few seconds, from a thread of its own: the clinical one prints nothing."""

    def __init__(self, daemon: Daemon, to: TextIO, *, quiet: bool) -> None:
        """Tell this stream."""
        self._daemon = daemon
        self._to = to
        self._quiet = quiet
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="progress", daemon=True)

    def __enter__(self) -> None:
        """Begin."""
        if not self._quiet:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _tell(self) -> None:
        step_below()
        while not self._stop.wait(EACH_S):
            self._to.write(progress_line(self._daemon.snapshot) + "\n")
            self._to.flush()
