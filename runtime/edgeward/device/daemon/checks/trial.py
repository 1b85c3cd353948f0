"""The part of a check that changes the process it runs in, or takes its core: done in another one.

It asks for the scheduling that the profile asks for, and then, under what was granted, loads the
model and measures it: figures of a device that runs otherwise, or another model, would be about
another device. A profile and the model store come in on standard input, checks go out on standard
output, all as JSON.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeward.device.daemon.checks.checked import Checked, Verdict, judged
from edgeward.device.daemon.checks.host import lock_limit_mb
from edgeward.device.daemon.checks.stored import Stored, active
from edgeward.errors import EdgewardError
from edgeward.profile.model import BYTES_PER_MB, Profile
from edgeward.profile.vocabulary import SchedulingPolicy

if TYPE_CHECKING:
    from edgeward.model.engine import InferenceEngine

SHARE = 0.99
CONFIDENCE = 0.95
IDS = ("scheduler.class", "memory.lock", "model.loads", "model.size", "inference.time", "admission")
_TIMEOUT_S = 300
_CALLS = 1000
_PAUSE_NS = 500_000
"""Between two inferences: caches are then as cold as on a device."""


def tried(profile: Profile, stored: Stored | None = None) -> list[Checked]:
    """The checks of a trial in a process of its own; none is checked when it breaks down."""
    given = {
        "profile": profile.to_dict(),
        "stored": None if stored is None else [str(one) for one in stored],
    }
    command = [sys.executable, "-m", "edgeward.device.daemon.checks.trial"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
        told: list[dict[str, Any]] = json.loads(done.stdout)
        return [Checked(**{**one, "verdict": Verdict(one["verdict"])}) for one in told]
    except (OSError, ValueError, TypeError, KeyError, subprocess.SubprocessError) as error:
        why = f"the trial broke down: {type(error).__name__}"
        said = getattr(error, "stderr", None) or str(error)
        last = str(said).strip().rpartition("\n")[2][:200]
        return [Checked(one, Verdict.NOT_CHECKED, why, "a trial that ends", last) for one in IDS]


def checks_here(profile: Profile, stored: Stored | None = None) -> list[Checked]:
    """Every check of this module; changes how the calling thread is scheduled."""
    from edgeward.adapters.scheduling import ThreadScheduling, Wish, freeze_garbage

    wished, budget_mb = profile.compute, profile.budget.memory_mb
    if wished.scheduling_policy is SchedulingPolicy.FIFO:
        granted = ThreadScheduling().apply(Wish("fifo", wished.scheduling_priority))
        checks = [
            scheduler(granted.observed.policy, granted.label),
            lock(granted.observed.memory_locked, lock_limit_mb(), budget_mb),
        ]
    else:
        accepted = f"policy {wished.scheduling_policy} (compute.scheduling_policy)"
        none = "no real-time class is asked for, and none claimed"
        checks = [Checked(one, Verdict.GOOD, none, accepted) for one in IDS[:2]]
    freeze_garbage()
    return [*checks, *model_checks(profile, stored)]


def scheduler(observed: str, label: str) -> Checked:
    """Whether the real-time class that the profile asks for was granted."""
    return judged(
        "scheduler.class",
        label,
        "policy fifo (compute.scheduling_policy)",
        "give it the right: CAP_SYS_NICE, or LimitRTPRIO of its unit",
        good=observed == "fifo",
    )


def lock(locked: bool | None, limit_mb: float, budget_mb: int) -> Checked:  # noqa: FBT001 - as observed
    """Whether no page can be taken away, now and when the device has grown to its budget."""
    room = "without limit" if limit_mb == float("inf") else f"up to {limit_mb:,.0f} MB"
    accepted = f"locked, up to {budget_mb:,} MB (budget.memory_mb)"
    if locked is None:
        return Checked("memory.lock", Verdict.NOT_CHECKED, "the kernel does not tell", accepted)
    return judged(
        "memory.lock",
        f"{'locked' if locked else 'not locked'}, {room}",
        accepted,
        "give it the right: CAP_IPC_LOCK, or LimitMEMLOCK of its unit",
        good=locked and limit_mb >= budget_mb,
    )


def _shipped() -> tuple["InferenceEngine", int]:
    """The model that runs where no store is named, and its size in bytes."""
    from edgeward.adapters.host import package_file
    from edgeward.model.reference import CARD_FILE, MODEL_FILE, load_reference_model

    return load_reference_model(), len(package_file(MODEL_FILE)) + len(package_file(CARD_FILE))


def _active(stored: Stored) -> tuple["InferenceEngine", int]:
    """The model of the active package, and the size of that in bytes."""
    verified = active(stored)
    return verified.engine, verified.size_bytes


def model_checks(profile: Profile, stored: Stored | None) -> list[Checked]:
    """The model that would run here: that it loads, what it costs, and that it is in time."""
    accepted = "the bytes that its card names, answering what the card says"
    try:
        engine, size_bytes = _shipped() if stored is None else _active(stored)
    except EdgewardError as error:
        advice = "install edgeward again" if stored is None else "see what is told of the package"
        said = "; ".join(str(error).splitlines())
        failed = Checked("model.loads", Verdict.FINDING, said, accepted, advice)
        rest = [
            Checked(one, Verdict.NOT_CHECKED, "there is no model to look at", "a model that loads")
            for one in IDS[3:]
        ]
        return [failed, *rest]
    card = engine.card
    whose = "as it ships" if stored is None else "of the active package"
    found = f"{card.name} {card.version}, SHA-256 {card.sha256[:12]}, {whose}"
    return [
        Checked("model.loads", Verdict.GOOD, found, accepted),
        model_size(size_bytes / BYTES_PER_MB, profile.budget.model_size_mb),
        _inference(engine, profile),
        _admission(engine, profile),
    ]


def model_size(size_mb: float, budget_mb: float) -> Checked:
    """Whether the model is as small as the profile promises."""
    return judged(
        "model.size",
        f"{size_mb:.2f} MB",
        f"at most {budget_mb:g} MB (budget.model_size_mb)",
        "compress the model, or take a smaller one",
        good=size_mb <= budget_mb,
    )


def _inference(engine: Any, profile: Profile) -> Checked:  # noqa: ANN401 - an InferenceEngine, imported late
    from edgeward.adapters.clock import SystemClock
    from edgeward.model.benchmark import Plan, measure

    times = measure(engine, SystemClock(), Plan(calls=_CALLS, pause_ns=_PAUSE_NS))
    ascending = sorted(int(one) for one in times.elapsed_ns)
    bound_ms = ascending[bound_rank(len(ascending)) - 1] / 1e6
    budget_ms = profile.budget.inference_ms
    return judged(
        "inference.time",
        f"99 % within {bound_ms:.3f} ms, with {CONFIDENCE:.0%} confidence, of {_CALLS:,} here",
        f"at most {budget_ms:g} ms (budget.inference_ms)",
        "check again on an idle machine; if it stays so, take a smaller model",
        good=bound_ms <= budget_ms,
    )


def bound_rank(count: int) -> int:
    """The rank, from 1, of the time that is not below the 99th percentile, with confidence.

    So many of `count` independent times lie above the percentile that a lower rank would be below
    it more often than one time in twenty. Fewer than 299 times carry no such bound.

    Raises:
        ValueError: too few times.
    """
    beyond, chance, total = 0, SHARE**count, 0.0
    while (total := total + chance) <= 1 - CONFIDENCE:
        chance *= (count - beyond) / (beyond + 1) * (1 - SHARE) / SHARE
        beyond += 1
    if not beyond:
        raise ValueError(f"{count} times say too little about one in a hundred; take 299 or more")
    return count - beyond + 1


def _admission(engine: Any, profile: Profile) -> Checked:  # noqa: ANN401 - an InferenceEngine, imported late
    from edgeward.device.admission import NotSchedulableError, Turns, prove
    from edgeward.device.admission_watching import turn_times_ns
    from edgeward.device.daemon.patients import TURN_NS

    patients = max(1, profile.network.devices_max)
    accepted = f"{patients} patients who are proven to be watched and judged in time"
    advice = "check again on an idle machine; if it stays so, connect fewer patients"
    try:
        turns = Turns(TURN_NS, turn_times_ns(TURN_NS))
        proof = prove(engine, profile, patients, turns=turns)
    except NotSchedulableError as error:
        return Checked("admission", Verdict.FINDING, str(error), accepted, advice)
    except EdgewardError as error:
        return Checked("admission", Verdict.NOT_CHECKED, str(error), accepted, advice)
    return Checked("admission", Verdict.GOOD, str(proof), accepted)


def main() -> int:
    """Do the trial for the profile on standard input."""
    from edgeward.profile import parse_profile

    given = json.load(sys.stdin)
    stored = None if given["stored"] is None else Stored(*map(Path, given["stored"]))
    checks = checks_here(parse_profile(given["profile"]), stored)
    print(json.dumps([asdict(one) for one in checks]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
