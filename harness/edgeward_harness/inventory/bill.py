"""The bill of materials: CycloneDX 1.6 in JSON, from an inventory and what is known about it.

Rules:
- The same inventory gives the same bytes: no clock is read and nothing is drawn. The serial number
  is made from the content, and there is a time stamp only where a day is given.
- What is not told is not written; findings stand in the bill itself, for a bill that left them out
  would lend the environment credit.
- A hash of a distribution is that of its RECORD, and `Word.FILES` covers its files as
  they lie on the disk; of the device's own software it is the build that the device tells.
"""

import json
from collections.abc import Iterable
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from edgeward.canonical import digest
from edgeward_harness.inventory.cards import model_card
from edgeward_harness.inventory.joined import Joined
from edgeward_harness.inventory.model import OF_OTHERS, Component, Inventory, Kind, Trouble
from edgeward_harness.inventory.notices import Anomaly, Exploited
from edgeward_harness.inventory.soup import Soup
from edgeward_harness.inventory.words import MISSING, Word

SPEC: Final = "1.6"
_HASHED: Final = {
    Kind.PLATFORM: "the program of the interpreter",
    Kind.SOFTWARE: "RECORD",
    Kind.BUNDLED: "as its nested bill tells",
}
_TYPES: Final = {Kind.BUNDLED: "library"}

Json = dict[str, Any]


def bill(joined: Joined) -> Json:
    """The document as JSON values."""
    inventory = joined.inventory
    document = _filled(
        {
            "bomFormat": "CycloneDX",
            "specVersion": SPEC,
            "version": 1,
            "metadata": _metadata(joined),
            "components": [_component(joined, one) for one in inventory.components],
            "dependencies": _dependencies(inventory),
            "compositions": [_composition(inventory)],
            "vulnerabilities": _vulnerabilities(joined),
        }
    )
    serial = uuid5(NAMESPACE_URL, f"urn:edgeward:sbom:{digest(document)}")
    return document | {"serialNumber": serial.urn}


def bill_bytes(joined: Joined) -> bytes:
    """The document as it is written: for people to read, and byte for byte the same each time."""
    text = json.dumps(bill(joined), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _metadata(joined: Joined) -> Json:
    inventory = joined.inventory
    root = _component(joined, inventory.root) | {"type": "application"}
    told = [
        (Word.PYTHON, inventory.python),
        (Word.EXTRAS, ", ".join(inventory.extras)),
        (Word.BESIDE, ", ".join(inventory.beside)),
        (Word.SOUP_LIST, joined.soup.source),
        (Word.SOUP_LIST_SHA256, joined.soup.sha256),
        *((Word.FINDING, str(one)) for one in inventory.findings),
        *((Word.STRANGER, f"{one.id} names {one.subject}") for one in joined.unmatched_statements),
        (Word.EXPLOITED_LIST, _source(joined.notices.exploited)),
        *((Word.IMPORTED, f"{one.name}, {one.day}, {one.sha256}")
          for one in joined.notices.sources),
    ]  # fmt: skip
    stamp = joined.as_of and f"{joined.as_of.isoformat()}T00:00:00Z"
    supplier = {"name": joined.soup.supplier} if joined.soup.supplier else None
    return _filled(
        {"component": root, "properties": _properties(told), "timestamp": stamp}
        | {"supplier": supplier, "lifecycles": [{"phase": "operations"}]}
    )


def _component(joined: Joined, one: Component) -> Json:
    entry = joined.entry(one)
    own = joined.inventory.root.ref == one.ref
    hashed = "the files of its package" if own else _HASHED.get(one.kind, "")
    told = [
        (Word.FILES, one.files_sha256),
        (Word.HASH_OF, hashed if one.sha256 else ""),
        (Word.INSTALLED_AS, one.installed_as),
        (Word.BUNDLED_IN, one.owner),
        *_soup(joined, one, entry, own=own),
        *((Word.ANOMALY, _anomaly(found)) for found in joined.anomalies(one)),
        (Word.ANOMALIES_READ, joined.list_read(one)),
    ]
    card = next((card for card in joined.inventory.cards if card.ref == one.ref), None)
    named = joined.soup.entry_for(one)
    supplier = (named.supplier if named else joined.soup.supplier if own else "") or one.supplier
    return _filled(
        {
            "type": _TYPES.get(one.kind, one.kind.value),
            "bom-ref": one.ref,
            "name": one.name,
            "version": one.version,
            "purl": one.purl,
            "supplier": {"name": supplier} if supplier else None,
            "description": one.description,
            "licenses": _licences(one),
            "hashes": [{"alg": "SHA-256", "content": one.sha256}] if one.sha256 else None,
            "properties": _properties(told),
            "modelCard": model_card(card) if card else None,
            "data": [{"type": "dataset", "name": one.name}] if one.kind is Kind.DATA else None,
        }
    )


def _soup(
    joined: Joined, one: Component, entry: Soup | None, *, own: bool
) -> list[tuple[str, str]]:
    """What was decided about a component; of software of others, that nothing was."""
    if own or one.kind not in OF_OTHERS:
        return []
    if entry is None:
        return [(Word.SOUP, MISSING)]
    ends = entry.end_of_support
    told = [
        (Word.SUPPORT, entry.support.value),
        (Word.END_OF_SUPPORT, ends.isoformat() if ends else entry.end_of_support_note),
    ]
    if joined.soup.entry_for(one) is None:
        return [(Word.SOUP, entry.bundled), (Word.ANSWERED_BY, entry.name), *told]
    return [
        (Word.SOUP, entry.purpose),
        *told,
        *((Word.NEED, need) for need in entry.needs),
        (Word.RUNS_ON, entry.runs_on),
        (Word.LICENCE, entry.licence),
        *((Word.REQUIREMENT, one) for one in entry.requirements),
        (Word.ANOMALIES_AT, entry.anomalies_at),
    ]


def _licences(one: Component) -> list[Json] | None:
    if one.licence.expression:
        return [{"expression": one.licence.expression}]
    return [{"license": {"name": one.licence.words}}] if one.licence.words else None


def _anomaly(one: Anomaly) -> str:
    return f"{one.id}: {one.title} ({one.source.publisher}, {one.source.day})"


def _source(known: Exploited | None) -> str:
    return f"{known.source.publisher}, {known.source.day}" if known else ""


def _dependencies(inventory: Inventory) -> list[Json]:
    within: dict[str, list[str]] = {}
    for one in inventory.components:
        within.setdefault(one.owner, []).append(one.ref)
    everyone = sorted((inventory.root, *inventory.components), key=lambda one: one.ref)
    return [
        _filled({"ref": one.ref, "dependsOn": sorted({*one.requires, *within.get(one.ref, ())})})
        for one in everyone
    ]


def _composition(inventory: Inventory) -> Json:
    """Whether the tree of what is required is whole; of what lies within files nobody can say."""
    absent = any(one.trouble is Trouble.ABSENT for one in inventory.findings)
    whole = "incomplete" if absent else "complete"
    kinds = (Kind.PLATFORM, Kind.SOFTWARE)
    refs = [one.ref for one in inventory.components if one.kind in kinds]
    return {"aggregate": whole, "dependencies": sorted([inventory.root.ref, *refs])}


def _vulnerabilities(joined: Joined) -> list[Json]:
    parts = (joined.inventory.root, *joined.inventory.components)
    pairs = sorted(
        ((one, part.ref) for part in parts for one in joined.statements(part)),
        key=lambda pair: (pair[0].id, pair[1]),
    )
    known = joined.notices.exploited
    day = known.source.day if known else ""
    return [
        _filled(
            {
                "id": one.id,
                "affects": [{"ref": ref}],
                "analysis": _filled(
                    {
                        "state": one.state.value,
                        "justification": one.justification,
                        "detail": one.detail,
                    }
                ),
                "properties": _properties(
                    [
                        (Word.SOURCE, f"{one.source.name}, {one.source.day}"),
                        (Word.PUBLISHER, one.source.publisher),
                        (Word.EXPLOITED, day if joined.exploited(one) else ""),
                    ]
                ),
            }
        )
        for one, ref in pairs
    ]


def _properties(told: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": str(name), "value": value} for name, value in told if value]


def _filled(value: Json) -> Json:
    """Without what is empty."""
    return {key: one for key, one in value.items() if one not in (None, "", [], {})}
