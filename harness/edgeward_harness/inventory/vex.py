"""Statements of exploitability: CycloneDX with `vulnerabilities`, or OpenVEX; told by the content.

A word that the other format has no equal for is kept in the detail, and never translated to one
that says something else.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.files import read_limited
from edgeward_harness.inventory.notices import JUSTIFICATIONS, Source, State, Statement
from edgeward_harness.inventory.said import day_of, objects, text

OPENVEX: Final = "openvex.dev"
_STATES: Final = {
    "not_affected": State.NOT_AFFECTED,
    "affected": State.EXPLOITABLE,
    "fixed": State.RESOLVED,
    "under_investigation": State.IN_TRIAGE,
}
_JUSTIFICATIONS: Final = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}


def load_vex(path: Path) -> tuple[Source, tuple[Statement, ...]]:
    """Read a file of statements.

    Raises:
        InputError: it is of neither kind, says no day, or has faults; every one is named.
    """
    data = read_limited(path)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), [f"is not JSON: {error}"]) from error
    kind = _CycloneDx if _is_cyclonedx(value) else _OpenVex if _is_openvex(value) else None
    if kind is None:
        accepted = "accepted: CycloneDX with `vulnerabilities`, or OpenVEX"
        raise InputError(str(path), [f"found neither kind of statements; {accepted}"])
    reading: _Kind = kind(value)
    source = Source(path.name, reading.day(), sha256_hex(data), reading.publisher())
    faults: list[str] = []
    if not source.day:
        faults.append(f"{reading.day_at}: found no instant, accepted: when it was written")
    statements = tuple(sorted(set(reading.statements(source, faults))))
    if faults:
        raise InputError(str(path), faults)
    return source, statements


def _is_cyclonedx(value: object) -> bool:
    return isinstance(value, dict) and value.get("bomFormat") == "CycloneDX"


def _is_openvex(value: object) -> bool:
    return isinstance(value, dict) and OPENVEX in text(value.get("@context"))


class _Kind(Protocol):
    """One kind of file: where it says what every statement needs."""

    @property
    def day_at(self) -> str:
        """The field that says when it was written."""
        ...

    def day(self) -> str:
        """When it was written."""
        ...

    def publisher(self) -> str:
        """Who wrote it."""
        ...

    def statements(self, source: Source, faults: list[str]) -> Iterator[Statement]:
        """What it says; what cannot be understood goes to the faults."""
        ...


@dataclass(frozen=True, slots=True)
class _CycloneDx:
    value: Mapping[str, Any]
    day_at: str = "metadata.timestamp"

    def day(self) -> str:
        metadata = self.value.get("metadata")
        return day_of(metadata.get("timestamp")) if isinstance(metadata, dict) else ""

    def publisher(self) -> str:
        metadata = self.value.get("metadata")
        supplier = metadata.get("supplier") if isinstance(metadata, dict) else None
        return text(supplier.get("name")) if isinstance(supplier, dict) else ""

    def statements(self, source: Source, faults: list[str]) -> Iterator[Statement]:
        known = self._known()
        for number, one in enumerate(objects(self.value.get("vulnerabilities"))):
            where = f"vulnerabilities[{number}]"
            analysis = one.get("analysis")
            said = analysis if isinstance(analysis, dict) else {}
            state, reason = text(said.get("state")), text(said.get("justification"))
            if not text(one.get("id")) or state not in tuple(State):
                told = f"found id {one.get('id')!r} and state {state!r}"
                faults.append(f"{where}: {told}, accepted: an id, and {', '.join(State)}")
                continue
            if reason and reason not in JUSTIFICATIONS:
                faults.append(f"{where}.analysis.justification: found {reason!r}")
            for affected in objects(one.get("affects")):
                subject = _after_link(text(affected.get("ref")))
                yield Statement(
                    id=text(one.get("id")),
                    subject=known.get(subject, subject),
                    state=State(state),
                    justification=reason,
                    detail=text(said.get("detail")) or text(one.get("description")),
                    source=source,
                )

    def _known(self) -> dict[str, str]:
        """What the file's own components are called outside of it."""
        found = {}
        for one in objects(self.value.get("components")):
            version = text(one.get("version"))
            named = f"{text(one.get('name'))}@{version}" if version else text(one.get("name"))
            found[text(one.get("bom-ref"))] = text(one.get("purl")) or named
        return found


def _after_link(ref: str) -> str:
    """A ref without the link to another bill before it."""
    return unquote(ref.partition("#")[2]) if ref.startswith("urn:cdx:") else ref


@dataclass(frozen=True, slots=True)
class _OpenVex:
    value: Mapping[str, Any]
    day_at: str = "timestamp"

    def day(self) -> str:
        return day_of(self.value.get("last_updated")) or day_of(self.value.get("timestamp"))

    def publisher(self) -> str:
        return text(self.value.get("author"))

    def statements(self, source: Source, faults: list[str]) -> Iterator[Statement]:
        for number, one in enumerate(objects(self.value.get("statements"))):
            named = one.get("vulnerability")
            flaw = text(named.get("name")) if isinstance(named, dict) else text(named)
            status, reason = text(one.get("status")), text(one.get("justification"))
            if not flaw or status not in _STATES:
                told = f"found {flaw!r} with status {status!r}"
                accepted = f"accepted: a name, and {', '.join(_STATES)}"
                faults.append(f"statements[{number}]: {told}, {accepted}")
                continue
            detail = text(one.get("impact_statement")) or text(one.get("action_statement"))
            if reason and reason not in _JUSTIFICATIONS:
                detail = f"{reason}: {detail}" if detail else reason
            for subject in _subjects(one.get("products")):
                justification = _JUSTIFICATIONS.get(reason, "")
                yield Statement(flaw, subject, _STATES[status], justification, detail, source)


def _subjects(products: object) -> Iterator[str]:
    """What a statement is about: the parts of a product where it names them, else the product."""
    for one in products if isinstance(products, list) else ():
        inner = one.get("subcomponents") if isinstance(one, dict) else None
        for each in inner if isinstance(inner, list) and inner else [one]:
            yield _named(each)


def _named(product: object) -> str:
    if not isinstance(product, dict):
        return text(product)
    identifiers = product.get("identifiers")
    purl = text(identifiers.get("purl")) if isinstance(identifiers, dict) else ""
    return purl or text(product.get("@id"))
