"""Model packages for tests: of the shipped model, and of small networks that misbehave."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from small_network import onnx_model

from edgeward.adapters.host import package_file
from edgeward.canonical import sha256_hex
from edgeward.model.engine import probe_windows
from edgeward.model.package.bom import bom_bytes
from edgeward.model.package.build import unsigned_package
from edgeward.model.package.dossier import parse_dossier
from edgeward.model.package.keys import Trust, trust
from edgeward.model.package.layout import BOM, CARD, MODEL, SIGNATURE, Files
from edgeward.model.package.signature import sign
from edgeward.model.package.verify import Terms
from edgeward.model.reference import CARD_FILE, MODEL_FILE
from edgeward.profile import Profile, load_profile

PROFILES = Path(__file__).parents[3] / "device_profiles"
KEY = ec.derive_private_key(20_261_121, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(77, ec.SECP256R1())
BUNDLE = "ab" * 32


def public_pem(key: ec.EllipticCurvePrivateKey = KEY) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def trusted() -> Trust:
    return trust({"bench.pem": public_pem()})


@cache
def profile(name: str = "wearable") -> Profile:
    return load_profile(name, [PROFILES]).profile


def terms(name: str = "wearable") -> Terms:
    return Terms(trusted(), profile(name))


@cache
def model() -> bytes:
    return package_file(MODEL_FILE)


def card(**changed: Any) -> dict[str, Any]:
    """What the card of a package of the shipped model says."""
    said: dict[str, Any] = json.loads(package_file(CARD_FILE))
    rate = {"name": "sensitivity", "value": 0.99, "low": 0.98, "high": 1.0, "confidence": 0.95}
    return {
        **said,
        "intended_use": "makes the runtime testable; not for clinical use",
        "limits": ["simulated patients only"],
        "data": [
            {
                "name": "simulated patients",
                "sha256": "cd" * 32,
                "role": "train",
                "licence": "Apache-2.0",
                "patients": 400,
            }
        ],
        "metrics": [
            {**rate, "label": None, "subgroup": None, "patients": 200},
            {**rate, "label": "sinus", "subgroup": "sex=female", "patients": 100},
        ],
        "recipe": ["five convolutions, in whole numbers"],
        "evidence": [evidence()],
    } | changed


def evidence(name: str = "wearable") -> dict[str, str]:
    """What a card says of a bundle for a profile as it is now."""
    return {"profile": name, "profile_sha256": profile(name).sha256, "bundle_sha256": BUNDLE}


def unsigned(
    version: str = "1", *, windows: int = 4, tolerance: float = 1e-5, **changed: Any
) -> Files:
    """A package that only lacks its signature."""
    said = card(version=version, **changed)
    inputs = probe_windows(said["input"]["window_samples"], windows)
    return unsigned_package(model(), said, inputs, "Made for tests.\n", tolerance=tolerance)


def signed(files: Mapping[str, bytes], key: ec.EllipticCurvePrivateKey = KEY) -> Files:
    """The package, whatever it holds, under a signature that is good for it."""
    rest = {name: data for name, data in files.items() if name != SIGNATURE}
    return {**rest, SIGNATURE: sign("rhythm-reference", rest, key)}


@cache
def package(version: str = "1") -> Files:
    return signed(unsigned(version))


def changed(name: str, data: bytes, version: str = "1") -> Files:
    """A well-signed package with one file replaced before it was signed."""
    return signed({**package(version), name: data})


def recarded(change: Mapping[str, Any], version: str = "1") -> Files:
    """A well-signed package whose card says something else."""
    said = json.loads(package(version)["card.json"]) | dict(change)
    return changed("card.json", json.dumps(said).encode(), version)


def write(files: Mapping[str, bytes], folder: Path) -> Path:
    """The package as a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def small_card(version: str = "1") -> dict[str, Any]:
    taken = {"signal": "ecg", "unit": "mV", "rate_hz": 250, "window_samples": 50, "hop_samples": 50}
    figures = [card()["metrics"][0]]
    return card(version=version, labels=["a", "b", "c"], input=taken, metrics=figures)


def small_package(changed_model: bytes | None = None, version: str = "1") -> Files:
    """A package of a network of two layers, or of what was made of it, its card saying so."""
    good: bytes = onnx_model().SerializeToString()
    model = good if changed_model is None else changed_model
    said, windows = small_card(version), probe_windows(50, 3)
    files = unsigned_package(good, said, windows, "Made for tests.\n", tolerance=1e-5)
    text = json.dumps(json.loads(files[CARD]) | {"sha256": sha256_hex(model)}).encode()
    dossier, _ = parse_dossier(text)
    assert dossier is not None
    return signed({**files, MODEL: model, CARD: text, BOM: bom_bytes(dossier, model)})
