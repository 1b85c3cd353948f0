"""What changed between two releases, what that makes doubtful, and what was run again. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgeward_harness.evidence.identity import builds, models_of
from edgeward_harness.evidence.manifest import Manifest
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import State
from edgeward_harness.measure.two_samples import exact_test, rank_test, significant, weighted
from edgeward_harness.pack.source import Evidence

LEVEL = 0.05
"""The chance that any drift is claimed where there is none, over all tests together."""
_BAD = (State.FAILED, State.FLAKY, State.ERROR, State.CANNOT_JUDGE, State.UNEXPECTED_PASS)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was."""

    what: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """A case, why it had to be looked at, and whether it was run again."""

    case: str
    why: tuple[str, ...]
    before: str
    after: str
    ran: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """One figure before and after, with the chance of such a difference were nothing changed."""

    case: str
    name: str
    unit: str
    test: str
    n: tuple[int, int]
    before: float
    after: float
    probability: float
    claimed: bool


def changes(before: Evidence, after: Evidence) -> Iterator[Change]:
    """Everything that differs: device, profile, tools, and each text by its fingerprint."""
    old, new = before.bundle.manifest, after.bundle.manifest
    for what, named in (("device build", _builds), ("model", _models)):
        a, b = named(before), named(after)
        if a != b:
            yield Change(what, what, a, b)
    if old.profile.sha256 != new.profile.sha256:
        yield Change("profile", new.profile.name, old.profile.sha256, new.profile.sha256)
    for what, key in (("harness", "build_sha256"), ("protocol", "suites_sha256")):
        a, b = str(old.tool.get(key, "")), str(new.tool.get(key, ""))
        if a != b:
            yield Change(what, what, a, b)
    for what, was, now in _texts(old, new):
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                yield Change(what, name, was.get(name, "was not there"), now.get(name, "is gone"))


def _texts(old: Manifest, new: Manifest) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    yield (
        "requirement",
        {name: one.fingerprint for name, one in old.requirements.items()},
        {name: one.fingerprint for name, one in new.requirements.items()},
    )
    yield (
        "risk control",
        {name: one.fingerprint for name, one in old.controls.items()},
        {name: one.fingerprint for name, one in new.controls.items()},
    )
    yield (
        "case",
        {name: f"{one.fingerprint}{one.code_sha256 or ''}" for name, one in old.cases.items()},
        {name: f"{one.fingerprint}{one.code_sha256 or ''}" for name, one in new.cases.items()},
    )


def _builds(one: Evidence) -> str:
    return ", ".join(sorted(builds(one.bundle.contexts)))


def _models(one: Evidence) -> str:
    found = {sha for context in one.bundle.contexts.values() for _, sha in models_of(context)}
    return ", ".join(sorted(found))


def suspects(after: Evidence, found: tuple[Change, ...]) -> Mapping[str, tuple[str, ...]]:
    """The requirements that a change makes doubtful, each with the changes that do."""
    manifest = after.bundle.manifest
    everywhere = [one.what for one in found if one.what in ("device build", "model", "profile")]
    moved = {one.name for one in found}
    moved_cases: dict[str, list[str]] = {}
    for case in moved & manifest.cases.keys():
        for name in manifest.cases[case].requirements:
            moved_cases.setdefault(name, []).append(case)
    doubtful: dict[str, tuple[str, ...]] = {}
    for name, requirement in manifest.requirements.items():
        why = [f"another {what}" for what in everywhere]
        why += ["its text"] if name in moved else []
        why += [f"its control {risk}" for risk in requirement.risks if risk in moved]
        why += [f"its case {case}" for case in sorted(moved_cases.get(name, ()))]
        if why:
            doubtful[name] = tuple(why)
    return doubtful


def reruns(
    before: Evidence, after: Evidence, doubtful: Mapping[str, tuple[str, ...]]
) -> Iterator[Rerun]:
    """Each case that proves something doubtful or did not pass before, and what came of it."""
    ran = {after.bundle.manifest.items[one.item].case for one in after.bundle.records}
    old = before.readable.assessment.cases
    for name, entry in after.bundle.manifest.cases.items():
        why = [
            f"{one}: {', '.join(doubtful[one])}" for one in entry.requirements if one in doubtful
        ]
        was = old.get(name)
        if was is not None and was.state in _BAD:
            why.append(f"it was {was.state.value.replace('_', ' ')} before")
        if why:
            now = after.readable.assessment.cases.get(name)
            yield Rerun(
                name,
                tuple(why),
                "not planned" if was is None else was.state.value,
                "not planned" if now is None else now.state.value,
                name in ran,
            )


def drifts(before: Evidence, after: Evidence) -> tuple[Drift, ...]:
    """Every figure that both releases took, tested for a difference; claimed by Holm's rule."""
    old, new = _measured(before), _measured(after)
    found = [one for at in old if at in new if (one := _tested(at, old[at], new[at]))]
    claimed = significant([one.probability for one in found], LEVEL)
    return tuple(
        Drift(one.case, one.name, one.unit, one.test, one.n, one.before, one.after,
              one.probability, claim)
        for one, claim in zip(found, claimed, strict=True)
    )  # fmt: skip


def _measured(one: Evidence) -> dict[tuple[str, str], Measurement]:
    items = one.bundle.manifest.items
    return {
        (items[record.item].case, part.name): part
        for record in one.bundle.records
        for part in record.measurements
    }


def _tested(at: tuple[str, str], old: Measurement, new: Measurement) -> Drift | None:
    if old.unit != new.unit:
        return None
    a, b = (_shape(part) for part in (old, new))
    if a and b:
        middle = (_median(a), _median(b))
        told = rank_test(a, b)
        return Drift(*at, new.unit, "ranks", (old.n, new.n), *middle, told, claimed=False)
    counts = (_count(old), _count(new))
    if counts[0] is not None and counts[1] is not None:
        told = exact_test((counts[0], old.n), (counts[1], new.n))
        shares = (counts[0] / old.n, counts[1] / new.n)
        return Drift(*at, new.unit, "exact", (old.n, new.n), *shares, told, claimed=False)
    return None


def _shape(part: Measurement) -> dict[float, int]:
    shape = (part.distribution or {}).get("histogram")
    return weighted(shape["edges"], shape["counts"]) if isinstance(shape, Mapping) else {}


def _count(part: Measurement) -> int | None:
    """Failures among trials, where a measurement counts them."""
    counted = part.unit == "1" and part.n > 0 and "no failure" in part.method
    if not counted or isinstance(part.observed, str | bool | None):
        return None
    failures = round(part.observed)
    return failures if 0 <= failures <= part.n else None


def _median(values: Mapping[float, int]) -> float:
    half, seen = sum(values.values()) / 2, 0
    for value in sorted(values):
        seen += values[value]
        if seen >= half:
            return value
    return 0.0
