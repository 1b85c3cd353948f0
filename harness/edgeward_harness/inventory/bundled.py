"""What lies within the files of a distribution by its own word: the nested bills of PEP 770.

A bill in `*.dist-info/sboms` is CycloneDX in JSON. What is taken from it is what names a component:
name, version, purl, licence, supplier and digest. It is the word of whoever built the distribution;
nothing here can check it, and the component says so by whose it is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from edgeward_harness.errors import InputError
from edgeward_harness.inventory.files import read_limited
from edgeward_harness.inventory.licences import expression_of
from edgeward_harness.inventory.model import Component, Finding, Kind, Licence, Trouble
from edgeward_harness.inventory.said import objects, text

FOLDER: Final = "sboms"
COMPONENTS_MAX: Final = 20_000
DEPTH_MAX: Final = 16
_HEX64: Final = re.compile(r"[0-9a-f]{64}")


def bundled_in(info: Path, owner: Component) -> tuple[list[Component], list[Finding]]:
    """The components that the nested bills of a distribution tell, and bills that tell none."""
    found: dict[str, Component] = {}
    findings: list[Finding] = []
    for path in sorted((info / FOLDER).glob("*")):
        try:
            for one in everything_in(_bill(path)):
                _take(one, owner, found)
        except (InputError, ValueError, RecursionError) as error:
            told = str(error).splitlines()[-1].strip(" -")[:200]
            where = f"{info.name}/{FOLDER}/{path.name}"
            findings.append(Finding(owner.name, Trouble.UNREADABLE, where, told))
    return [found[ref] for ref in sorted(found)], findings


def _bill(path: Path) -> Mapping[str, Any]:
    value = json.loads(read_limited(path))
    if not isinstance(value, dict) or value.get("bomFormat") != "CycloneDX":
        raise ValueError("found no CycloneDX in JSON, which is what is read")
    return value


def everything_in(bill: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All components of a bill, those within others included.

    Raises:
        ValueError: there are too many, or they lie too deep in each other.
    """
    level = objects(bill.get("components"))
    count = 0
    for _ in range(DEPTH_MAX):
        count += len(level)
        if count > COMPONENTS_MAX:
            raise ValueError(f"found more than {COMPONENTS_MAX} components, which is the limit")
        yield from level
        level = [inner for one in level for inner in objects(one.get("components"))]
    if level:
        raise ValueError(f"components lie in each other more than {DEPTH_MAX} deep")


def _take(said: Mapping[str, Any], owner: Component, found: dict[str, Component]) -> None:
    name, version, purl = (text(said.get(key)) for key in ("name", "version", "purl"))
    itself = canonicalize_name(name or "?") == canonicalize_name(owner.name)
    if not name or (itself and version in ("", owner.version)):
        return
    plain = purl.partition("?")[0].partition("#")[0]
    ref = f"{owner.ref}#{plain or f'{name}@{version}'}"
    found.setdefault(
        ref,
        Component(
            kind=Kind.BUNDLED,
            ref=ref,
            name=name,
            version=version,
            purl=plain,
            supplier=_supplier(said),
            licence=_licence(said.get("licenses")),
            sha256=_sha256(said.get("hashes")),
            owner=owner.ref,
        ),
    )


def _supplier(said: Mapping[str, Any]) -> str:
    supplier = said.get("supplier")
    named = text(supplier.get("name")) if isinstance(supplier, dict) else ""
    return named or text(said.get("publisher")) or text(said.get("author"))


def _licence(said: object) -> Licence:
    """The licence: an expression, or the one id, or the words of all."""
    listed = objects(said)
    inner = [one["license"] for one in listed if isinstance(one.get("license"), dict)]
    words = [text(one.get("expression")) for one in listed]
    words += [text(one.get("id")) or text(one.get("name")) for one in inner]
    words = [one for one in words if one]
    if len(words) == 1 and expression_of(words[0]):
        return Licence(expression=expression_of(words[0]))
    return Licence(words="; ".join(words))


def _sha256(said: object) -> str:
    for one in objects(said):
        digest = text(one.get("content")).lower()
        if one.get("alg") == "SHA-256" and _HEX64.fullmatch(digest):
            return digest
    return ""
