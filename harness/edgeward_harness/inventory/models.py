"""The models of a device as components: the file's own digest, and what its card says.

A model is a file with a card beside it (`.json` of the same name), a package as a folder
(`card.json` and `model.onnx`), or a package as one file. A card that names another digest than the
model has is a finding, and the digest told is the one of the bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError, PackageError
from edgeward.model.card import parse_card
from edgeward.model.package.archive import unpack
from edgeward.model.package.layout import CARD, MODEL
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.files import read_limited
from edgeward_harness.inventory.licences import expression_of
from edgeward_harness.inventory.model import (
    Card,
    Component,
    Figure,
    Finding,
    Kind,
    Licence,
    Trouble,
)
from edgeward_harness.inventory.said import objects, text, texts

PACKAGE: Final = ".edgemodel"
MODEL_BYTES_MAX: Final = 1 << 30
SUFFIXES: Final = (".onnx", ".pt", ".pt2", ".pth", ".tflite")
ACCEPTED: Final = f"a card (.json) beside its model, a folder of a package, or a {PACKAGE} file"


@dataclass(frozen=True, slots=True)
class Taken:
    """A model with its card and the data sets that the card names."""

    model: Component
    card: Card
    data: tuple[Component, ...]
    findings: tuple[Finding, ...]


def models_in(package: Path) -> list[Taken]:
    """The models that ship within a package of Python: each card with a model beside it."""
    cards = (one for one in sorted(package.rglob("*.json")) if _beside(one) is not None)
    return [take_model(one) for one in cards]


def take_model(path: Path) -> Taken:
    """A model that the user names.

    Raises:
        InputError: there is none in any of the accepted forms, or its card cannot be read.
    """
    card, model = _parts(path)
    try:
        known = parse_card(card)
        said = json.loads(card)
    except (ModelError, ValueError) as error:
        raise InputError(str(path), [str(error)]) from error
    sha256 = sha256_hex(model)
    name, version = known.name, known.version
    ref = f"model:{name}@{version}"
    data = _all_data(said)
    found: tuple[Finding, ...] = ()
    if known.sha256 != sha256:
        told = f"its card says {known.sha256}"
        found = (Finding(f"{name} {version}", Trouble.CHANGED, sha256, told),)
    component = Component(
        kind=Kind.MODEL,
        ref=ref,
        name=name,
        version=version,
        sha256=sha256,
        requires=tuple(one.ref for one in data),
        description=text(said.get("intended_use")),
    )
    return Taken(component, _card(ref, said, data), data, found)


def _parts(path: Path) -> tuple[bytes, bytes]:
    """The bytes of a card and of its model."""
    if path.is_dir():
        return read_limited(path / CARD), read_limited(path / MODEL, MODEL_BYTES_MAX)
    if path.suffix == PACKAGE:
        try:
            files = unpack(read_limited(path, MODEL_BYTES_MAX))
        except PackageError as error:
            raise InputError(str(path), [str(error)]) from error
        return files[CARD], files[MODEL]
    model = _beside(path)
    if path.suffix != ".json" or model is None:
        raise InputError("--model", [f"found {str(path)!r}, accepted: {ACCEPTED}"])
    return read_limited(path), read_limited(model, MODEL_BYTES_MAX)


def _beside(card: Path) -> Path | None:
    near = (card.with_suffix(suffix) for suffix in SUFFIXES)
    return next((one for one in near if one.is_file()), None)


def _all_data(said: Mapping[str, Any]) -> tuple[Component, ...]:
    """The data sets of a card; one that it names for two purposes is one, with both told."""
    found: dict[str, Component] = {}
    for one in (_data(each) for each in objects(said.get("data"))):
        before = found.get(one.ref)
        told = f"{before.description}; {one.description}" if before else one.description
        found[one.ref] = replace(one, description=told)
    return tuple(found[ref] for ref in sorted(found))


def _data(said: Mapping[str, Any]) -> Component:
    name, sha256, role = (text(said.get(key)) for key in ("name", "sha256", "role"))
    licence = text(said.get("licence"))
    expression = expression_of(licence)
    patients = said.get("patients")
    told = f"{role}, {patients} patients" if isinstance(patients, int) else role
    return Component(
        kind=Kind.DATA,
        ref=f"data:{sha256 or f'{name}, {told}'}",
        name=name,
        sha256=sha256,
        licence=Licence(expression, "" if expression else licence),
        description=told,
    )


def _card(ref: str, said: Mapping[str, Any], data: tuple[Component, ...]) -> Card:
    return Card(
        ref=ref,
        intended_use=text(said.get("intended_use")),
        limits=texts(said.get("limits")),
        data=tuple(one.ref for one in data),
        figures=tuple(_figures(said)),
    )


def _figures(said: Mapping[str, Any]) -> list[Figure]:
    found = []
    for one in objects(said.get("metrics")):
        value, low, high = (one.get(key) for key in ("value", "low", "high"))
        if isinstance(value, int | float):
            where = " / ".join(filter(None, map(text, (one.get("label"), one.get("subgroup")))))
            found.append(Figure(text(one.get("name")), where, value, _number(low), _number(high)))
    return found


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
