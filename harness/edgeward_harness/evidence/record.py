"""What one execution of one item left behind.

Rules:
- A record says what was seen, not what it means; `assess` decides what it proves, and trusts the
  numbers more than the state.
- Fields at their default are left out, so that the record of a trivial case stays within 300 bytes.
- Reading is strict: an unknown field, a wrong type or an impossible value is a fault with its path.
"""

from collections.abc import Mapping
from datetime import UTC as UTC_ZONE
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.measurement import Measurement, Scalar, read_measurements
from edgeward_harness.evidence.strict import (
    COUNT,
    HEX64,
    IDENTIFIER,
    LIST,
    TEXT,
    UTC,
    Json,
    Rule,
    check_fields,
    one_of,
    table_of,
)

__all__ = ["RECORDED", "Measurement", "Record", "Scalar", "State", "read_record", "utc_text"]


class State(StrEnum):
    """What became of one item. Only PASSED is evidence that a promise is kept."""

    PASSED = "passed"
    FAILED = "failed"  # the device is at fault
    ERROR = "error"  # the harness, its input or its host broke
    CANNOT_JUDGE = "cannot_judge"  # noise on the host may explain what was seen
    SKIPPED = "skipped"  # a test chose not to run, or not to go on
    KNOWN_ANOMALY = "known_anomaly"  # failed as announced (xfail)
    UNEXPECTED_PASS = "unexpected_pass"  # noqa: S105 - announced to fail, and did not (xpass)
    NO_EVIDENCE = "no_evidence"  # ran to its end without measuring anything
    FLAKY = "flaky"  # another attempt said something else
    NOT_EXECUTED = "not_executed"  # planned, never run: no record may hold it
    NOT_APPLICABLE = "not_applicable"  # does not concern this device; needs a reason


RECORDED = tuple(state for state in State if state is not State.NOT_EXECUTED)
"""The states a record may hold."""
_STATES = {state.value: state for state in RECORDED}


def utc_text(wall_ns: int) -> str:
    """An instant (nanoseconds since 1970) as evidence writes it: UTC, to the millisecond."""
    return f"{_second(wall_ns // 1_000_000_000)}.{wall_ns // 1_000_000 % 1000:03d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    """Quick tests end many to the second."""
    return f"{datetime.fromtimestamp(seconds, UTC_ZONE):%Y-%m-%dT%H:%M:%S}"


class Record(NamedTuple):
    """One execution of one item. Monotonic times are of the host; `utc` is when it ended.

    A tuple, not a dataclass: one is made for each case, written and read, and costs a third.
    """

    item: str
    state: State
    start_ns: int
    end_ns: int
    utc: str
    measurements: tuple[Measurement, ...] = ()
    artifacts: Mapping[str, str] = MappingProxyType({})  # name -> SHA-256 of its content
    reason: str = ""
    context: str | None = None
    seed: int = 0
    worker: str = ""
    attempt: int = 1  # 2 and on: the item was run again; the ledger counts

    def to_json(self) -> dict[str, Any]:
        """The line it becomes, without its chain."""
        value: dict[str, Any] = {
            "type": "record",
            "item": self.item,
            "state": self.state.value,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "utc": self.utc,
        }
        if self.measurements:
            value["measurements"] = [measurement.to_json() for measurement in self.measurements]
        if self.artifacts:
            value["artifacts"] = dict(self.artifacts)
        if self.reason:
            value["reason"] = self.reason
        if self.context:
            value["context"] = self.context
        if self.seed:
            value["seed"] = self.seed
        if self.worker:
            value["worker"] = self.worker
        if self.attempt != 1:
            value["attempt"] = self.attempt
        return value

    @classmethod
    def from_json(cls, value: Json, source: str = "record") -> "Record":
        """Read a record strictly.

        Raises:
            InputError: with every fault.
        """
        faults: list[str] = []
        record = read_record(value, "record", faults)
        if record is None:
            raise InputError(source, faults)
        return record


def read_record(value: Json, path: str, faults: list[str]) -> Record | None:
    """The record a line holds, or None after appending every fault."""
    if not check_fields(value, _RULES, path, faults):
        return None
    before = len(faults)
    taken = value.get("measurements")
    measurements = read_measurements(taken, path, faults) if taken else ()
    if value["end_ns"] < value["start_ns"]:
        faults.append(f"{path}.end_ns: found {value['end_ns']}, expected no less than start_ns")
    if len(faults) != before:
        return None
    return Record(
        item=value["item"],
        state=_STATES[value["state"]],
        start_ns=value["start_ns"],
        end_ns=value["end_ns"],
        utc=value["utc"],
        measurements=measurements,
        artifacts=value.get("artifacts", {}),
        reason=value.get("reason", ""),
        context=value.get("context"),
        seed=value.get("seed", 0),
        worker=value.get("worker", ""),
        attempt=value.get("attempt", 1),
    )


def _is_file_name(value: Json) -> bool:
    return (
        type(value) is str
        and 0 < len(value) <= 128
        and value.isprintable()
        and value not in (".", "..")
        and not set(value) & {"/", "\\"}
    )


_FILE_NAME = Rule(_is_file_name, "a plain file name of 1 to 128 characters")
_RULES = {
    "type": one_of(("record",)),
    "item": IDENTIFIER,
    "state": one_of(RECORDED),
    "start_ns": COUNT,
    "end_ns": COUNT,
    "utc": UTC,
    "measurements": LIST.optional(),
    "artifacts": table_of(_FILE_NAME, HEX64).optional(),
    "reason": TEXT.optional(),
    "context": IDENTIFIER.optional(),
    "seed": COUNT.optional(),
    "worker": IDENTIFIER.optional(),
    "attempt": COUNT.optional(),
}
