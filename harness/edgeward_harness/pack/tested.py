"""What a bundle says it was taken on, in the words in which a bill of materials is held against it.

The artifact `distributions.json` of a record names the distributions that its device used, each
with its version and one digest over its files. A hostile one that has not the expected form is as
good as none: then nothing is shown, and the bill is refused for it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.bundle import Bundle
from edgeward_harness.evidence.identity import builds, models_of
from edgeward_harness.evidence.strict import HEX64
from edgeward_harness.inventory.held import Mismatch, Seen, hold
from edgeward_harness.inventory.model import Part
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.inventory.shipped import shipped

ARTIFACT: Final = "distributions.json"


def tested_in(bundle: Bundle, source: str) -> tuple[Seen, ...]:
    """What the device of a bundle was made of, once for each record that names distributions.

    Where none does, or where what it names cannot be read, the distributions are not told.
    """
    models = {
        sha256: _title(context.device, sha256, name)
        for context in bundle.contexts.values()
        for name, sha256 in models_of(context)
    }
    told = Seen(source, builds(bundle.contexts), models)
    named = (record.artifacts.get(ARTIFACT) for record in bundle.records)
    found = [_with(told, bundle, one) for one in dict.fromkeys(filter(None, named))]
    return tuple(found) or (told,)


def _title(device: Mapping[str, Any], sha256: str, name: str) -> str:
    """A model's name with the version that the device tells, where it tells one."""
    said = [one for one in device["models"] if one.get("sha256") == sha256]
    version = said[0].get("version", "") if said else ""
    return f"{name} {version}".strip()


def _with(told: Seen, bundle: Bundle, sha256: str) -> Seen:
    try:
        value = json.loads(bundle.artifact(sha256))
    except (HarnessError, ValueError, RecursionError):
        return told
    used = value.get("used") if isinstance(value, dict) else None
    if not isinstance(used, dict) or not used:
        return told
    beside, runs = (_parts(value.get(name)) for name in ("beside", "interpreters"))
    return replace(told, used=_parts(used), beside=beside, interpreters=runs)


def against(sbom: bytes, bundles: Iterable[tuple[str, Bundle]]) -> tuple[Mismatch, ...]:
    """Every way in which a bill and bundles do not meet; each bundle comes with its name.

    Raises:
        InputError: it is no bill of materials.
    """
    told = [one for name, bundle in bundles for one in tested_in(bundle, name)]
    return hold(shipped(read_bill(sbom, "the bill of materials")), told)


def _parts(value: object) -> dict[str, Part]:
    return {name: _part(said) for name, said in (value if isinstance(value, dict) else {}).items()}


def _part(said: object) -> Part:
    told = said if isinstance(said, dict) else {}
    version, sha256 = told.get("version"), told.get("sha256")
    return Part(
        version if isinstance(version, str) else "",
        sha256 if isinstance(sha256, str) and HEX64.accepts(sha256) else "",
    )
