"""Whether what a device tells of its own resources is true."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from edgeward_harness.measure.judge import judge_failures
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.footprint import processor_seconds, resident
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .feed import Feed
from .watching import MB

WINDOWS_BETWEEN = 10
MEMORY_TOLERANCE, MEMORY_MARGIN_MB = 0.2, 4
TIME_TOLERANCE, TIME_MARGIN_S = 0.1, 0.1
"""Beside a share of what is seen, for what is counted in other steps or a moment apart."""


@dataclass(slots=True)
class Asked:
    """What was wrong with the answers to `resources`."""

    memory: list[str] = field(default_factory=list)
    time: list[str] = field(default_factory=list)
    backwards: list[str] = field(default_factory=list)
    latest_s: float | None = None


@pytest.mark.case("TC-RES-008")
def test_self_report(device: DeviceSession, measure: Measure, rig: Rig) -> None:
    """What a device tells of its memory and processor time is what is seen from outside.

    Method: between windows the device is asked for its `resources`, and all its processes are read
    from outside before and after. The memory it tells may lie a fifth and 4 MB beside what was
    seen, its processor time a tenth and 0.1 s, and never falls. An answer in which a value is not
    known and yet a number, or known and yet null, breaks the protocol and ends the case.
    """
    asks = rig.samples("TC-RES-008")
    feed = Feed(device, rig.seed("self-report"), streams=1)
    found = Asked()
    for number in range(asks):
        for _ in range(WINDOWS_BETWEEN):
            feed.cross()
        _ask(device, found)
        rig.progress(number + 1, asks)
    for name, faults, expected in (
        ("memory_told_otherwise", found.memory, "the resident memory of all its processes"),
        ("processor_time_told_otherwise", found.time, "the processor time of all its processes"),
        ("processor_time_goes_back", found.backwards, "a counter that never falls"),
    ):
        detail = "; ".join(faults[:3])
        measure.record(name, judge_failures(len(faults), asks, expected, detail=detail))


def _ask(device: DeviceSession, found: Asked) -> None:
    """Ask once, and compare with what is seen right before and right after."""
    memory, used_s = resident(device), processor_seconds(device)
    told = device.call("resources")
    memory_after, used_after_s = resident(device), processor_seconds(device)
    told_mb, told_s = _value(told, "rss_bytes"), _value(told, "cpu_seconds")
    if told_mb is not None:
        low_mb = min(memory.least_bytes, memory_after.least_bytes) / MB
        high_mb = max(memory.most_bytes, memory_after.most_bytes) / MB
        margin_mb = MEMORY_TOLERANCE * high_mb + MEMORY_MARGIN_MB
        if not low_mb - margin_mb <= told_mb / MB <= high_mb + margin_mb:
            found.memory.append(f"told {told_mb / MB:.1f} MB, seen {low_mb:.1f} to {high_mb:.1f}")
    if told_s is not None:
        margin_s = TIME_TOLERANCE * used_after_s + TIME_MARGIN_S
        if not used_s - margin_s <= told_s <= used_after_s + margin_s:
            found.time.append(f"told {told_s:.2f} s, seen {used_s:.2f} to {used_after_s:.2f}")
        if found.latest_s is not None and told_s < found.latest_s:
            found.backwards.append(f"{found.latest_s:.2f} s, then {told_s:.2f} s")
        found.latest_s = told_s


def _value(told: Mapping[str, Any], name: str) -> float | None:
    reading = told.get(name)
    return None if reading is None or reading["value"] is None else float(reading["value"])
