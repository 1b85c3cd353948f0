"""The `measure` fixture: what a case observed, judged, and kept for its record.

A case that records nothing proves nothing: its state is "no evidence", however green it ran.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from edgeward.canonical import canonical_json
from edgeward_harness.errors import CannotJudge, Finding, HarnessError
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.measure.judge import Judgement, Verdict, judge_check
from edgeward_harness.measure.origin import Origin

KeepArtifact = Callable[[bytes], str]
"""Stores bytes in the bundle and returns their digest."""


class Measure:
    """Collects the judged measurements of one test case."""

    def __init__(self, requirements: Sequence[str], keep: KeepArtifact) -> None:
        """Measurements count for these requirements; attachments go through `keep`."""
        self._requirements = tuple(requirements)
        self._keep = keep
        self._taken: dict[str, Measurement] = {}
        self._origin: Origin | None = None
        self.artifacts: dict[str, str] = {}

    def record(self, name: str, judgement: Judgement, *, requirement: str | None = None) -> None:
        """Keep a judged measurement; the case fails at its end when the verdict is failed.

        Raises:
            HarnessError: the name is taken, or the requirement is not one of this case.
        """
        if name in self._taken:
            raise HarnessError(f"measurement {name!r} was recorded before in this case")
        self._taken[name] = Measurement.of(name, self._of(requirement), judgement)

    def check(
        self,
        name: str,
        holds: bool,  # noqa: FBT001 - the condition is the subject of the sentence
        *,
        expected: str,
        observed: object,
        requirement: str | None = None,
    ) -> None:
        """Count an assertion; one that does not hold ends the case at once.

        Repeated under one name (in a loop, or by generated examples) it counts up; the first that
        does not hold stays.

        Raises:
            Finding: it does not hold.
        """
        before = self._taken.get(name)
        count = before.n + 1 if before else 1
        judged = judge_check(holds=holds, expected=expected, observed=str(observed), n=count)
        failed = before is not None and before.verdict is Verdict.FAILED
        if not (holds and failed):  # what failed once stays failed, whatever holds afterwards
            self._taken[name] = Measurement.of(name, self._of(requirement), judged)
        if not holds:
            raise Finding(name.replace("_", " "), f"expected {expected}, observed {observed}")

    def rests_on(self, origin: Origin) -> None:
        """Say whose signals this case works on; it holds for everything it records.

        Raises:
            HarnessError: the case said something else before: one case, one kind of patients.
        """
        if self._origin not in (None, origin):
            raise HarnessError(f"a case rests on {self._origin}, and now on {origin}")
        self._origin = origin

    def attach(self, name: str, data: bytes) -> None:
        """Keep raw data beside the record, named by its digest."""
        self.artifacts[name] = self._keep(data)

    def attach_json(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Keep a JSON value beside the record in canonical form."""
        self.attach(name, canonical_json(value))

    def settle(self) -> None:
        """Turn the verdicts into the outcome of the case.

        Raises:
            Finding: at least one measurement failed.
            CannotJudge: none failed, but at least one could not be judged.
        """
        failed = self._names(Verdict.FAILED)
        if failed:
            raise Finding(f"broken: {failed}")
        undecided = self._names(Verdict.CANNOT_JUDGE)
        if undecided:
            raise CannotJudge(f"cannot judge: {undecided}")

    @property
    def taken(self) -> tuple[Measurement, ...]:
        """What was measured so far."""
        return tuple(replace(one, origin=self._origin) for one in self._taken.values())

    def _of(self, requirement: str | None) -> str:
        chosen = requirement or (self._requirements[0] if self._requirements else "")
        if chosen not in self._requirements:
            known = ", ".join(self._requirements) or "none"
            raise HarnessError(f"{chosen!r} is not a requirement of this case (accepted: {known})")
        return chosen

    def _names(self, verdict: Verdict) -> str:
        return ", ".join(one.name for one in self._taken.values() if one.verdict is verdict)
