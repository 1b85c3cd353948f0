"""What must hold between fields of a device profile, and what is at least doubtful between them.

1. A latency's median is at most its 99th percentile, and that at most its maximum.
2. What is used fits into what is there; what is more urgent comes first (`ORDERED`).
3. fifo scheduling needs a priority from 1 to 99; the other policy knows none.
4. The quotas of a queue leave a tenth of it to what is never given up.
"""

from collections.abc import Iterator

from edgeward.profile.faults import fault
from edgeward.profile.reading import Reading, Value
from edgeward.profile.wording import number, shown

ORDERED = (
    ("budget.memory_mb", "memory.ram_mb"),
    ("budget.model_size_mb", "budget.memory_mb"),
    ("budget.model_size_mb", "budget.package_mb"),
    ("budget.package_mb", "storage.capacity_mb"),
    ("budget.cpu_percent", "compute.cpu_share_percent"),
    ("budget.inference_ms", "budget.latency.window_to_result.p99_ms"),
    ("alarm.high_delay_ms", "alarm.medium_delay_ms"),
    ("alarm.medium_delay_ms", "alarm.low_delay_ms"),
    ("offline.queue_mb", "storage.capacity_mb"),
)
"""Pairs of fields of which the first is never more than the second."""

QUOTAS = tuple(f"offline.quota_percent.{name}" for name in ("waveform", "trend", "event"))
QUOTAS_PERCENT_MAX = 90
"""Of all quotas together."""

_LATENCY = "budget.latency."


def broken(reading: Reading) -> list[str]:
    """A fault for each rule that the values found break; a missing value breaks none."""
    return [*_out_of_order(reading), *_scheduling(reading), *_quotas(reading)]


def doubtful(reading: Reading) -> list[str]:
    """A warning for each value that no other value explains."""
    energy = reading.values.get("budget.energy_mj_per_inference")
    power = reading.values.get("power.budget_mw")
    duration = reading.values.get("budget.inference_ms")
    if energy is None or power is None or duration is None:
        return []
    all_mj = power.raw * duration.raw / 1000  # mW * ms = µJ
    if energy.raw <= all_mj:
        return []
    where = f"budget.energy_mj_per_inference = {shown(energy.raw)} mJ"
    doubt = f"the whole power budget over one inference_ms is only {number(all_mj)} mJ"
    return [fault(where, doubt, source=energy.source)]


def _pairs(reading: Reading) -> Iterator[tuple[str, str]]:
    paths = [path.rpartition(".")[0] for path in reading.values if path.startswith(_LATENCY)]
    for path in dict.fromkeys(paths):
        yield f"{path}.p50_ms", f"{path}.p99_ms"
        yield f"{path}.p99_ms", f"{path}.max_ms"
    yield from ORDERED


def _out_of_order(reading: Reading) -> Iterator[str]:
    for lower, upper in _pairs(reading):
        small, large = reading.values.get(lower), reading.values.get(upper)
        if small is not None and large is not None and small.raw > large.raw:
            there = f" ({large.source})" if large.source != small.source else ""
            accepted = f"expected at most {upper} = {_with_unit(large)}{there}"
            yield fault(f"{lower} = {_with_unit(small)}", accepted, source=small.source)


def _scheduling(reading: Reading) -> Iterator[str]:
    policy = reading.values.get("compute.scheduling_policy")
    priority = reading.values.get("compute.scheduling_priority")
    if policy is None or priority is None or (policy.raw == "fifo") == (priority.raw > 0):
        return
    accepted = "1 to 99" if policy.raw == "fifo" else "0"
    where = f"compute.scheduling_priority = {shown(priority.raw)}"
    expected = f"expected {accepted} with scheduling_policy = {shown(policy.raw)}"
    yield fault(where, expected, source=priority.source)


def _quotas(reading: Reading) -> Iterator[str]:
    found = [reading.values[path] for path in QUOTAS if path in reading.values]
    together = sum(value.raw for value in found)
    if together > QUOTAS_PERCENT_MAX:
        accepted = f"expected at most {QUOTAS_PERCENT_MAX} %: the rest is for alarms and audit"
        where = f"offline.quota_percent = {together} % together"
        yield fault(where, accepted, source=found[-1].source)


def _with_unit(value: Value) -> str:
    return f"{shown(value.raw)} {value.kind.unit}"
