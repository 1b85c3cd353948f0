"""A bill of materials read back from its bytes: its parts, what it tells of them, and its flaws.

Rules:
- A bill in CycloneDX of any maker is read; what it does not tell is empty.
- Nothing is asked of a schema here: what has not the expected form is left out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.bundled import everything_in
from edgeward_harness.inventory.model import Kind
from edgeward_harness.inventory.said import day_of, objects, text
from edgeward_harness.inventory.words import MISSING, Word

Told = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class BillPart:
    """A component as a bill tells it."""

    kind: Kind | None
    """None: of a kind that is none of ours."""
    ref: str
    name: str
    version: str
    purl: str
    supplier: str
    licence: str
    sha256: str
    description: str
    told: Told

    @property
    def title(self) -> str:
        """Name and version as a person says them."""
        return f"{self.name} {self.version}".strip()

    def says(self, word: Word) -> str:
        """What a property tells, the first of several; empty when it is not there."""
        return next(iter(self.told.get(word, ())), "")

    @property
    def in_soup_list(self) -> bool:
        """Whether an entry of the SOUP list answers for it."""
        return self.says(Word.SOUP) not in ("", MISSING)


@dataclass(frozen=True, slots=True)
class BillFlaw:
    """A flaw with what somebody says that it means for a component."""

    id: str
    refs: tuple[str, ...]
    state: str
    justification: str
    detail: str
    told: Told

    def says(self, word: Word) -> str:
        """What a property tells; empty when it is not there."""
        return next(iter(self.told.get(word, ())), "")


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill of materials."""

    root: BillPart
    parts: tuple[BillPart, ...]
    depends: Mapping[str, tuple[str, ...]]
    flaws: tuple[BillFlaw, ...]
    told: Told
    serial: str
    day: str
    """Of its time stamp; empty when it has none."""
    sha256: str
    """Of its bytes."""

    def of(self, *kinds: Kind) -> tuple[BillPart, ...]:
        """The parts of these kinds."""
        return tuple(one for one in self.parts if one.kind in kinds)

    def says(self, word: Word) -> tuple[str, ...]:
        """What the bill tells of the whole."""
        return self.told.get(word, ())


def read_bill(data: bytes, source: str) -> Bill:
    """Read a bill of materials.

    Raises:
        InputError: it is no CycloneDX in JSON, or names no software of a device.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(source, [f"is not JSON: {error}"]) from error
    if not isinstance(value, dict) or value.get("bomFormat") != "CycloneDX":
        raise InputError(source, ["found no CycloneDX in JSON, which is what is accepted"])
    try:
        parts = tuple(map(_part, everything_in(value)))
    except ValueError as error:
        raise InputError(source, [str(error)]) from error
    metadata = _object(value.get("metadata"))
    root = metadata.get("component")
    if not isinstance(root, dict) or not text(root.get("name")):
        told = "metadata.component: found no component, accepted: the device's own software"
        raise InputError(source, [told])
    return Bill(
        root=_part(root),
        parts=parts,
        depends={
            text(one.get("ref")): tuple(map(text, one.get("dependsOn") or ()))
            for one in objects(value.get("dependencies"))
            if isinstance(one.get("dependsOn") or [], list)
        },
        flaws=tuple(map(_flaw, objects(value.get("vulnerabilities")))),
        told=_told(metadata),
        serial=text(value.get("serialNumber")),
        day=day_of(metadata.get("timestamp")),
        sha256=sha256_hex(data),
    )


def _part(said: Mapping[str, Any]) -> BillPart:
    told = _told(said)
    return BillPart(
        kind=_kind(text(said.get("type")), told),
        ref=text(said.get("bom-ref")),
        name=text(said.get("name")),
        version=text(said.get("version")),
        purl=text(said.get("purl")),
        supplier=text(_object(said.get("supplier")).get("name")),
        licence=_licence(said),
        sha256=_sha256(said),
        description=text(said.get("description")),
        told=told,
    )


def _kind(said: str, told: Told) -> Kind | None:
    if said == Kind.SOFTWARE and Word.BUNDLED_IN in told:
        return Kind.BUNDLED
    return Kind(said) if said in tuple(Kind) else None


def _flaw(said: Mapping[str, Any]) -> BillFlaw:
    analysis = _object(said.get("analysis"))
    return BillFlaw(
        id=text(said.get("id")),
        refs=tuple(text(one.get("ref")) for one in objects(said.get("affects"))),
        state=text(analysis.get("state")),
        justification=text(analysis.get("justification")),
        detail=text(analysis.get("detail")),
        told=_told(said),
    )


def _licence(said: Mapping[str, Any]) -> str:
    listed = objects(said.get("licenses"))
    inner = [_object(one.get("license")) for one in listed]
    words = [text(one.get("expression")) for one in listed]
    words += [text(one.get("id")) or text(one.get("name")) for one in inner]
    return "; ".join(one for one in words if one)


def _sha256(said: Mapping[str, Any]) -> str:
    hashes = objects(said.get("hashes"))
    return next((text(one.get("content")) for one in hashes if one.get("alg") == "SHA-256"), "")


def _told(said: Mapping[str, Any]) -> Told:
    found: dict[str, tuple[str, ...]] = {}
    for one in objects(said.get("properties")):
        name = text(one.get("name"))
        found[name] = (*found.get(name, ()), text(one.get("value")))
    return found


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
