"""The bill of materials of a package: the model as one component, and the data it was made from.

CycloneDX 1.6 in JSON, as small as it is useful. It says nothing of its own: all of it follows from
the model and its card, and a package whose bill says otherwise is refused.
"""

from edgeward.canonical import canonical_json, digest, sha256_hex
from edgeward.model.package.dossier import Dossier
from edgeward.model.package.fields import parse_json
from edgeward.model.package.layout import BOM, told


def bom_bytes(dossier: Dossier, model: bytes, made: str | None = None) -> bytes:
    """The bill of a model; `made` is when, in ISO 8601 with its zone, where that should be told."""
    reference = f"{dossier.model.name}@{dossier.model.version}"
    component = {
        "bom-ref": reference,
        "hashes": [_sha256(sha256_hex(model))],
        "name": dossier.model.name,
        "type": "machine-learning-model",
        "version": dossier.model.version,
    }
    data = [
        {
            "bom-ref": f"data-{number}",
            "data": [{"type": "dataset"}],
            "description": f"{one.role}, {one.patients} patients",
            "hashes": [_sha256(one.sha256)],
            "licenses": [{"license": {"name": one.licence}}],
            "name": one.name,
            "type": "data",
        }
        for number, one in enumerate(dossier.data)
    ]
    depends = [{"dependsOn": [one["bom-ref"] for one in data], "ref": reference}]
    metadata = {"component": component} | ({} if made is None else {"timestamp": made})
    document = {
        "bomFormat": "CycloneDX",
        "components": data,
        "dependencies": depends,
        "metadata": metadata,
        "specVersion": "1.6",
        "version": 1,
    }
    return canonical_json(document | {"serialNumber": _serial(document)})


def bom_faults(data: bytes, dossier: Dossier, model: bytes) -> list[str]:
    """Where a bill is not that of this model and its card."""
    faults: list[str] = []
    found = parse_json(data, BOM, faults)
    if faults:
        return faults
    metadata = found.get("metadata") if isinstance(found, dict) else None
    made = metadata.get("timestamp") if isinstance(metadata, dict) else None
    if data != bom_bytes(dossier, model, made if isinstance(made, str) else None):
        what = "a bill of other materials"
        faults.append(told(BOM, what, "the one that follows from the model and its card"))
    return faults


def _sha256(value: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": value}


def _serial(document: object) -> str:
    """A UUID of version 8, made from what it identifies: no draw, and equal for equal bills."""
    text = digest(document)
    return f"urn:uuid:{text[:8]}-{text[8:12]}-8{text[13:16]}-8{text[17:20]}-{text[20:32]}"
