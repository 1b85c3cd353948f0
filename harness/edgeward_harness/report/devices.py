"""The devices of a run: units of one build, held the same way, are told of together."""

from collections.abc import Mapping
from typing import Any

from edgeward.canonical import digest
from edgeward_harness.evidence.chain import Context
from edgeward_harness.report.facts import text_of
from edgeward_harness.report.model import DeviceView

_OF_THE_UNIT = ("serial", "id", "epoch")
"""What tells one unit, or one start of it, from the next; it does not make another device of it."""


def device_views(contexts: Mapping[str, Context]) -> tuple[DeviceView, ...]:
    """One view for all units alike."""
    groups: dict[str, list[str]] = {}
    for name, context in contexts.items():
        groups.setdefault(digest(_identity(context)), []).append(name)
    return tuple(_view(contexts, names) for names in groups.values())


def _identity(context: Context) -> list[Any]:
    return [_common(context), context.realization, list(context.enforcement), context.scheduler]


def _common(context: Context) -> dict[str, Any]:
    described = {name: part for name, part in context.device.items() if name != "clock"}
    if isinstance(described.get("device"), Mapping):
        unit = described["device"]
        described["device"] = {k: v for k, v in unit.items() if k not in _OF_THE_UNIT}
    return described


def _view(contexts: Mapping[str, Context], names: list[str]) -> DeviceView:
    first = contexts[names[0]]
    return DeviceView(
        described=_common(first),
        realization=first.realization,
        scheduler=first.scheduler,
        enforcement=first.enforcement,
        units=tuple(dict.fromkeys(_unit(contexts[name]) for name in names)),
        contexts=tuple(names),
    )


def _unit(context: Context) -> str:
    unit = context.device.get("device")
    if not isinstance(unit, Mapping):
        return "a unit that does not name itself"
    told = dict.fromkeys(text_of(unit[key]) for key in ("serial", "id") if key in unit)
    return ", ".join(told) or "a unit that does not name itself"
