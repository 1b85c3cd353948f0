"""The same bill as SPDX 2.3 in JSON, for readers who want that.

Rules:
- It says no more than the bill in CycloneDX, and less where SPDX has no word: flaws, the SOUP list
  and findings stand there alone. Its name space is the serial number of that bill.
- SPDX wants a moment of creation: without a day there is no document.
- What nobody told is NOASSERTION. Words of a licence that are no expression are a comment.
"""

import json
import re
from typing import Any, Final

import edgeward_harness
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.bill import bill
from edgeward_harness.inventory.joined import Joined
from edgeward_harness.inventory.model import Component, Kind

VERSION: Final = "SPDX-2.3"
UNTOLD: Final = "NOASSERTION"
DOCUMENT: Final = "SPDXRef-DOCUMENT"
_NOT_OF_AN_ID: Final = re.compile(r"[^A-Za-z0-9.-]+")
_PURPOSES: Final = {
    Kind.PLATFORM: "FRAMEWORK",
    Kind.SOFTWARE: "LIBRARY",
    Kind.BUNDLED: "LIBRARY",
    Kind.MODEL: "OTHER",
    Kind.DATA: "OTHER",
}

Json = dict[str, Any]


def spdx_bytes(joined: Joined) -> bytes:
    """The document as it is written, byte for byte the same for the same bill.

    Raises:
        InputError: the bill has no day.
    """
    if joined.as_of is None:
        raise InputError("--spdx", ["found no --as-of, accepted: a day, for SPDX wants a moment"])
    text = json.dumps(document(joined), indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def document(joined: Joined) -> Json:
    """The document as JSON values."""
    inventory = joined.inventory
    parts = (inventory.root, *inventory.components)
    ids = {one.ref: f"SPDXRef-{number}-{_plain(one.title)}" for number, one in enumerate(parts)}
    tool = f"Tool: edgeward-harness-{edgeward_harness.__version__}"
    return {
        "spdxVersion": VERSION,
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": inventory.root.title,
        "documentNamespace": bill(joined)["serialNumber"],
        "creationInfo": {"created": f"{joined.as_of}T00:00:00Z", "creators": [tool]},
        "packages": [_package(joined, one, ids[one.ref]) for one in parts],
        "relationships": [
            _related(DOCUMENT, "DESCRIBES", ids[inventory.root.ref]),
            *(
                _related(ids[one.ref], "DEPENDS_ON", ids[ref])
                for one in parts
                for ref in one.requires
            ),
            *(_related(ids[one.owner], "CONTAINS", ids[one.ref]) for one in parts if one.owner),
        ],
    }


def _package(joined: Joined, one: Component, name: str) -> Json:
    named = joined.soup.entry_for(one)
    own = one.ref == joined.inventory.root.ref
    supplier = (named.supplier if named else "") or (joined.soup.supplier if own else "")
    concluded = named.licence if named else ""
    found: Json = {
        "SPDXID": name,
        "name": one.name,
        "supplier": f"Organization: {supplier}" if supplier else UNTOLD,
        "downloadLocation": UNTOLD,
        "filesAnalyzed": False,
        "licenseConcluded": concluded or UNTOLD,
        "licenseDeclared": one.licence.expression or UNTOLD,
        "copyrightText": UNTOLD,
        "primaryPackagePurpose": "APPLICATION" if own else _PURPOSES[one.kind],
    }
    optional: Json = {
        "versionInfo": one.version,
        "licenseComments": one.licence.words and f"its metadata say: {one.licence.words}",
        "comment": one.supplier and f"its metadata name: {one.supplier}",
        "description": one.description,
        "checksums": one.sha256 and [{"algorithm": "SHA256", "checksumValue": one.sha256}],
        "externalRefs": one.purl and [_purl(one.purl)],
    }
    return found | {key: value for key, value in optional.items() if value}


def _purl(purl: str) -> Json:
    return {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    }


def _related(first: str, how: str, second: str) -> Json:
    return {
        "spdxElementId": first,
        "relationshipType": how,
        "relatedSpdxElement": second,
    }


def _plain(title: str) -> str:
    return _NOT_OF_AN_ID.sub("-", title).strip("-")
