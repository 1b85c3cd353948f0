"""What a bundle says it was taken on: the builds and models of the device, out of its contexts.

The device describes itself and may say anything; what has not the expected form is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.strict import HEX64


def software_of(context: Context) -> tuple[str, str] | None:
    """The name and digest of the software, if the device gives both."""
    software = context.device.get("software")
    if not isinstance(software, Mapping) or not HEX64.accepts(software.get("build_sha256")):
        return None
    name = f"{software.get('name', 'unnamed')} {software.get('version', 'without version')}"
    return name, str(software["build_sha256"])


def models_of(context: Context) -> Iterator[tuple[str, str]]:
    """The name and digest of each model the device carries."""
    models: Any = context.device.get("models")
    for model in models if isinstance(models, list) else []:
        if isinstance(model, Mapping) and HEX64.accepts(model.get("sha256")):
            yield str(model.get("name", "unnamed")), str(model["sha256"])


def components(contexts: Mapping[str, Context]) -> dict[str, str]:
    """Every software and model of a run by a speaking name, each with its digest."""
    found: dict[str, str] = {}
    for context in contexts.values():
        software = software_of(context)
        if software is not None:
            found[f"device software {software[0]} ({software[1][:12]})"] = software[1]
        for name, sha256 in models_of(context):
            found[f"model {name} ({sha256[:12]})"] = sha256
    return dict(sorted(found.items()))


def builds(contexts: Mapping[str, Context]) -> frozenset[str]:
    """The digests of the device software that records of this run rest on."""
    named = (software_of(context) for context in contexts.values())
    return frozenset(software[1] for software in named if software is not None)
