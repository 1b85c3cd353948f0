"""Whether a package may run here. Every fault that can be seen is told at once.

Rules:
1. Nothing of a package runs before its signature, its card and its graph are found good: the model
   of a stranger is looked at, never executed.
2. Then it is loaded, and must reproduce its golden windows on this device, alone and in batches.
3. What was checked is what runs: the engine is made from the very bytes that were looked at.
"""

from dataclasses import dataclass

from edgeward.errors import ModelError, PackageError
from edgeward.limits import DEFAULT, Limits
from edgeward.model.engine import InferenceEngine
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.package.dossier import Dossier, parse_dossier
from edgeward.model.package.golden import answer_faults, parse_golden
from edgeward.model.package.keys import Trust
from edgeward.model.package.layout import (
    CARD,
    GOLDEN,
    MODEL,
    NOTICE,
    SIGNATURE,
    Files,
    name_faults,
    package_digest,
    size_bytes,
)
from edgeward.model.package.looking import card_faults, notice_faults, size_faults
from edgeward.model.package.onnx_file import model_faults
from edgeward.model.package.signature import key_of, signature_faults
from edgeward.profile import Profile


@dataclass(frozen=True, slots=True)
class Terms:
    """What a device accepts."""

    trust: Trust
    profile: Profile | None
    """Which model of device it is; None where that was checked when the package was activated."""
    limits: Limits = DEFAULT


@dataclass(frozen=True, slots=True)
class Verified:
    """A package that may run, and the engine that runs it."""

    digest: str
    dossier: Dossier
    key: str
    """The SHA-256 of the public key that signed it."""
    golden_windows: int
    size_bytes: int
    """Of all its files."""
    engine: InferenceEngine


def verify(files: Files, terms: Terms) -> Verified:
    """Check all of a package and load it.

    Raises:
        PackageError: it may not run here; each reason is told.
    """
    if faults := faults_of(files, terms.trust, terms.profile, terms.limits):
        raise PackageError(faults)
    dossier, _ = parse_dossier(files[CARD])
    golden, _ = parse_golden(files[GOLDEN], terms.limits)
    assert dossier is not None
    assert golden is not None
    engine = _load(files[MODEL], dossier)
    if faults := answer_faults(engine, golden):
        raise PackageError(faults)
    key = key_of(files[SIGNATURE])
    digest, size = package_digest(files), size_bytes(files)
    return Verified(digest, dossier, key, len(golden.windows), size, engine)


def faults_of(
    files: Files, trust: Trust | None, profile: Profile | None, limits: Limits = DEFAULT
) -> list[str]:
    """Every fault of a package, found without loading its model.

    Without trusted keys the signature is not looked at, without a profile neither size nor
    evidence: who leaves one out says so.
    """
    if faults := name_faults(set(files)):
        return faults
    dossier, unreadable = parse_dossier(files[CARD])
    golden, golden_faults = parse_golden(files[GOLDEN], limits)
    faults = [
        *([] if trust is None else signature_faults(files, trust)),
        *unreadable,
        *golden_faults,
        *size_faults(files, profile, limits),
        *model_faults(files[MODEL], None if dossier is None else dossier.opset),
        *notice_faults(files[NOTICE]),
    ]
    if dossier is not None:
        faults += card_faults(files, dossier, golden, profile)
    return faults


def _load(model: bytes, dossier: Dossier) -> InferenceEngine:
    try:
        return OnnxEngine(model, dossier.model)
    except ModelError as error:
        raise PackageError(
            f"{MODEL}: found {error}; accepted: a model that its card fits"
        ) from error
