"""What a bill of materials says ships, read back from its bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.bill import BUNDLED_IN, FILES, FINDING
from edgeward_harness.inventory.model import Kind, Part
from edgeward_harness.inventory.said import objects, text


@dataclass(frozen=True, slots=True)
class Shipped:
    """The software that a bill names: what can be held against a run."""

    name: str
    version: str
    build_sha256: str
    distributions: Mapping[str, Part]
    """By the name that all spellings have in common; what is bundled within others is not here."""
    models: Mapping[str, str]
    """Name and version of each, by digest."""
    findings: tuple[str, ...]
    sha256: str
    """Of the bill itself."""
    serial: str


def read_shipped(data: bytes, source: str) -> Shipped:
    """Read a bill in CycloneDX; one of another maker names less, and holds as far as it goes.

    Raises:
        InputError: it is no CycloneDX in JSON, or names no software of a device.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(source, [f"is not JSON: {error}"]) from error
    if not isinstance(value, dict) or value.get("bomFormat") != "CycloneDX":
        raise InputError(source, ["found no CycloneDX in JSON, which is what is accepted"])
    metadata = value.get("metadata")
    known: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
    root = known.get("component")
    if not isinstance(root, dict) or not text(root.get("name")):
        told = "metadata.component: found no component, accepted: the device's own software"
        raise InputError(source, [told])
    parts = objects(value.get("components"))
    models = [one for one in parts if one.get("type") == Kind.MODEL.value]
    software = [one for one in parts if one.get("type") == Kind.SOFTWARE.value]
    return Shipped(
        name=canonicalize_name(text(root.get("name"))),
        version=text(root.get("version")),
        build_sha256=_sha256(root),
        distributions={
            canonicalize_name(text(one.get("name"))): Part(
                text(one.get("version")), _property(one, FILES)
            )
            for one in software
            if not _property(one, BUNDLED_IN)
        },
        models={_sha256(one): _title(one) for one in models},
        findings=tuple(_all(known, FINDING)),
        sha256=sha256_hex(data),
        serial=text(value.get("serialNumber")),
    )


def _title(one: Mapping[str, Any]) -> str:
    return f"{text(one.get('name'))} {text(one.get('version'))}".strip()


def _sha256(one: Mapping[str, Any]) -> str:
    hashes = objects(one.get("hashes"))
    return next((text(h.get("content")) for h in hashes if h.get("alg") == "SHA-256"), "")


def _all(one: Mapping[str, Any], name: str) -> list[str]:
    told = objects(one.get("properties"))
    return [text(each.get("value")) for each in told if each.get("name") == name]


def _property(one: Mapping[str, Any], name: str) -> str:
    return next(iter(_all(one, name)), "")
