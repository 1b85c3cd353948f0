"""What was put on one side, and what came out on the other."""

import json
import random
import time
from collections.abc import Iterable, Sequence
from typing import Final

from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.rig.receiving import Put, Receiving, payload_of, put
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

CLASSES: Final = ("waveform", "trend", "event", "alarm", "audit")
DRAIN_S: Final = 60.0
QUIET_S: Final = 20.0
"""After so long without anything new nothing more will come: an alarm, or a restart, came last."""
LOOK_S: Final = 0.02
WHOLE_S: Final = 1.0
WHOLE_LOOKS: Final = 10
SHOWN: Final = 3
NS: Final = 1_000_000_000
STEP_NS: Final = 20 * NS
STEPS_MAX: Final = 2000
QUIET_STEPS: Final = 500
"""The same in simulated time: hours, in which whoever waits for minutes has tried many times."""
PATIENCE_S: Final = 120.0


class Records:
    """Draws records that tell themselves apart: each has a number of its own."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - a schedule, no secret
        self._number = 0

    def some(self, count: int, kinds: Sequence[str] = CLASSES) -> list[tuple[str, bytes]]:
        """So many records, of classes and lengths drawn."""
        return [self.one(self.draw.choice(kinds)) for _ in range(count)]

    def one(self, kind: str, length: int | None = None) -> tuple[str, bytes]:
        """A record of this class."""
        self._number += 1
        size = self.draw.choice((0, 40, 400, 4000)) if length is None else length
        filler = self.draw.randbytes(size // 2).hex()
        return kind, payload_of({"number": self._number, "filler": filler})


def device_name(device: DeviceSession) -> str:
    """Its name on the wire."""
    return str(device.description["device"]["id"])


def kept(puts: Iterable[Put]) -> list[Put]:
    """Those that the device said are durable."""
    return [one for one in puts if one.standing == "durable"]


def drained(here: Receiving, device: str, puts: Sequence[Put], within_s: float = DRAIN_S) -> bool:
    """Whether everything that was durable has come, in time."""
    wanted, seen = {one.identity for one in puts}, 0
    began_s = moved_s = time.monotonic()
    while wanted and time.monotonic() < min(began_s + within_s, moved_s + QUIET_S):
        found = here.receiver.ledger.rows(
            "SELECT arrived, token, sequence FROM records WHERE device = ? AND arrived > ?",
            device, seen,
        )  # fmt: skip
        if found:
            seen, moved_s = max(arrived for arrived, _, _ in found), time.monotonic()
            wanted -= {(token.hex(), sequence) for _, token, sequence in found}
        else:
            time.sleep(LOOK_S)
    return not wanted


def whole(here: Receiving, device: str) -> bool:
    """Whether nothing is missing between what has come: what was never answered may come too."""
    for _ in range(WHOLE_LOOKS):
        if not here.account(device).outcomes()["missing"]:
            return True
        time.sleep(WHOLE_S)
    return False


def passes(device: DeviceSession, duration_ns: int, wall_jump_ns: int = 0) -> None:
    """Let simulated time pass; a device that waits for a dead network meanwhile takes its time."""
    device.advance(duration_ns, wall_jump_ns, timeout_s=PATIENCE_S)


def driven(
    device: DeviceSession, here: Receiving, puts: Sequence[Put], steps: int = STEPS_MAX
) -> bool:
    """Let simulated time pass until everything that was durable has come; whether it has."""
    name, wanted = device_name(device), {one.identity for one in puts}
    seen = moved = 0
    for step in range(steps):
        held = here.received(name)
        if wanted <= held or step - moved > QUIET_STEPS:
            break
        if len(held) > seen:
            seen, moved = len(held), step
        passes(device, STEP_NS)
    return wanted <= here.received(name)


def faults_of(
    here: Receiving, device: str, puts: Sequence[Put], *, given_up: frozenset[str] = frozenset()
) -> list[str]:
    """What became of records otherwise than it must: by their bytes, not by what anybody says.

    A record of a class in `given_up` may be told as a gap instead.
    """
    payloads, held = here.payloads(device), here.received(device)
    faults = here.account(device).faults()
    for one in puts:
        found = payloads.get(one.identity)
        if found is None and one.identity in held:
            faults.append(f"{_named(one)} came, and does not open")
        elif found is None and one.kind not in given_up:
            faults.append(f"{_named(one)} was durable, and never came")
        elif found is not None and found != one.payload:
            faults.append(f"{_named(one)} came as {found[:60]!r}")
    ours = [json.loads(data[2:]) for data in payloads.values() if data[:2] == b"\0\1"]
    mine = [told["number"] for told in ours if "number" in told]
    if len(mine) != len(set(mine)):
        faults.append(f"{len(mine) - len(set(mine))} records came under two identities")
    return faults


def _named(one: Put) -> str:
    return f"{one.kind} {one.sequence} of {one.epoch}"


def count(measure: Measure, name: str, faults: Sequence[str], trials: int, expected: str) -> None:
    """Record how many of so many records or questions had another end than they must."""
    measure.record(
        name, judge_failures(min(len(faults), trials), trials, expected, "; ".join(faults[:SHOWN]))
    )


def put_all(
    device: DeviceSession, records: Sequence[tuple[str, bytes]], at_once: int = 50
) -> list[Put]:
    """Have them kept, some at a time."""
    return [
        one
        for first in range(0, len(records), at_once)
        for one in put(device, records[first : first + at_once])
    ]
