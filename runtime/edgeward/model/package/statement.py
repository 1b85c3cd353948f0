"""What is signed: an in-toto statement that names each file of the package by its SHA-256.

The form is that of OpenSSF model-signing 1.1.1. A statement of that package is accepted when it
covers exactly the files of a package; the few options it has must stand at their strict values.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from edgeward.canonical import canonical_json, sha256_hex
from edgeward.model.package.fields import parse_json
from edgeward.model.package.layout import SIGNATURE, SIGNED, Files, name_faults, told

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://model_signing/signature/v1.0"
MAY_BE_IGNORED = frozenset({SIGNATURE, ".git", ".gitattributes", ".github", ".gitignore"})
"""What that package leaves out on its own: none of it but the signature is in a package of ours."""


def statement_bytes(name: str, files: Files) -> bytes:
    """The statement about these files of a model of this name."""
    digests = {one: sha256_hex(files[one]) for one in SIGNED}
    serialization = {
        "allow_symlinks": False,
        "hash_type": "sha256",
        "ignore_paths": sorted(MAY_BE_IGNORED),
        "method": "files",
    }
    resources = [
        {"algorithm": "sha256", "digest": value, "name": one} for one, value in digests.items()
    ]
    return canonical_json(
        {
            "_type": STATEMENT,
            "predicate": {"resources": resources, "serialization": serialization},
            "predicateType": PREDICATE,
            "subject": [{"digest": {"sha256": _root(digests)}, "name": name}],
        }
    )


def statement_faults(payload: bytes, files: Files) -> list[str]:
    """Where a signed statement is not one about exactly these files."""
    faults: list[str] = []
    value = parse_json(payload, f"{SIGNATURE}: statement", faults)
    if faults:
        return faults
    try:
        digests = _digests(value)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        what = f"no statement of model-signing: {error!r}"
        return [told(SIGNATURE, what, f"one of {PREDICATE} over files by SHA-256")]
    faults += name_faults(set(digests), SIGNED)
    for name in SIGNED:
        found = sha256_hex(files[name])
        if digests.get(name, found) != found:
            accepted = f"SHA-256 {digests[name]}, which was signed"
            faults.append(told(name, f"SHA-256 {found}", accepted))
    return faults


def _digests(value: Any) -> dict[str, str]:  # noqa: ANN401 - any JSON value
    """The digest of each signed file; raises whatever a statement of another form leads to."""
    (subject,) = value["subject"]
    predicate = value["predicate"]
    serialization = dict(predicate["serialization"])
    ignored = set(serialization.pop("ignore_paths", ()))
    if (value["_type"], value["predicateType"]) != (STATEMENT, PREDICATE):
        raise ValueError(f"it is of {value['_type']}, {value['predicateType']}")
    if serialization != {"allow_symlinks": False, "hash_type": "sha256", "method": "files"}:
        raise ValueError(f"it was made with {serialization}")
    if not ignored <= MAY_BE_IGNORED:
        raise ValueError(f"it leaves out {sorted(ignored - MAY_BE_IGNORED)}")
    digests: dict[str, str] = {}
    for resource in predicate["resources"]:
        name = resource["name"]
        if resource["algorithm"] != "sha256" or name in digests or not isinstance(name, str):
            raise ValueError(f"{name!r} is no name, is there twice, or is not by SHA-256")
        digests[name] = resource["digest"]
    if subject["digest"] != {"sha256": _root(digests)}:
        raise ValueError("its digest is not that of its files")
    return digests


def _root(digests: Mapping[str, str]) -> str:
    """The digest over all digests, in their order."""
    return hashlib.sha256(b"".join(map(bytes.fromhex, digests.values()))).hexdigest()
