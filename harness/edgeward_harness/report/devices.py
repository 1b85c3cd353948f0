"""The devices of a run: contexts that describe one device and hold it the same way become one."""

from collections.abc import Mapping
from typing import Any

from edgeward.canonical import digest
from edgeward_harness.evidence.chain import Context
from edgeward_harness.report.model import DeviceView


def device_views(contexts: Mapping[str, Context]) -> tuple[DeviceView, ...]:
    """One view a device; a restart (another epoch) does not make it another one."""
    groups: dict[str, list[str]] = {}
    for name, context in contexts.items():
        groups.setdefault(digest(_identity(context)), []).append(name)
    return tuple(_view(contexts[names[0]], tuple(names)) for names in groups.values())


def _identity(context: Context) -> list[Any]:
    described = {name: part for name, part in context.device.items() if name != "clock"}
    if isinstance(described.get("device"), Mapping):
        described["device"] = {k: v for k, v in described["device"].items() if k != "epoch"}
    return [described, context.realization, list(context.enforcement), context.scheduler]


def _view(context: Context, names: tuple[str, ...]) -> DeviceView:
    return DeviceView(
        described=context.device,
        realization=context.realization,
        scheduler=context.scheduler,
        enforcement=context.enforcement,
        contexts=names,
    )
