"""Whether a package may run here. Every fault that can be seen is told at once.

Rules:
1. Nothing of a package runs before its signature, its card and its graph are found good: the model
   of a stranger is looked at, never executed.
2. Then it is loaded, and must reproduce its golden windows on this device, alone and in batches.
3. What was checked is what runs: the engine is made from the very bytes that were looked at.
"""

from dataclasses import dataclass

from edgeward.canonical import sha256_hex
from edgeward.errors import ModelError, PackageError
from edgeward.limits import DEFAULT, Limits
from edgeward.model.engine import InferenceEngine
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.package.bom import bom_faults
from edgeward.model.package.dossier import Dossier, parse_dossier
from edgeward.model.package.golden import Golden, answer_faults, fitting_faults, parse_golden
from edgeward.model.package.keys import Trust
from edgeward.model.package.layout import (
    BOM,
    CARD,
    GOLDEN,
    MODEL,
    NOTICE,
    SIGNATURE,
    Files,
    fault,
    name_faults,
    package_digest,
    size_bytes,
    told,
)
from edgeward.model.package.onnx_file import model_faults
from edgeward.model.package.signature import key_of, signature_faults
from edgeward.profile import BYTES_PER_MB, Profile


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
    return Verified(package_digest(files), dossier, key, len(golden.windows), engine)


def faults_of(
    files: Files, trust: Trust | None, profile: Profile | None, limits: Limits = DEFAULT
) -> list[str]:
    """All that is wrong with a package and can be seen without running it.

    Without trusted keys the signature is not looked at, without a profile neither size nor
    evidence: who leaves one out says so.
    """
    if faults := name_faults(set(files)):
        return faults
    dossier, card_faults = parse_dossier(files[CARD])
    golden, golden_faults = parse_golden(files[GOLDEN], limits)
    faults = [
        *([] if trust is None else signature_faults(files, trust)),
        *card_faults,
        *golden_faults,
        *_size_faults(files, profile, limits),
        *model_faults(files[MODEL], None if dossier is None else dossier.opset),
        *_notice_faults(files[NOTICE]),
    ]
    if dossier is not None:
        faults += _card_faults(files, dossier, golden, profile)
    return faults


def _card_faults(
    files: Files, dossier: Dossier, golden: Golden | None, profile: Profile | None
) -> list[str]:
    """Where the card does not fit the rest of the package, or the device."""
    faults = bom_faults(files[BOM], dossier, files[MODEL])
    found = sha256_hex(files[MODEL])
    if found != dossier.model.sha256:
        faults.append(fault(f"{CARD}.sha256", dossier.model.sha256, f"the model's own, {found}"))
    if golden is not None:
        faults += fitting_faults(golden, dossier.model)
    if profile is not None and dossier.evidence_for(profile.name) is None:
        there = [one.profile for one in dossier.evidence]
        accepted = f"evidence for the device profile {profile.name}"
        faults.append(fault(f"{CARD}.evidence", there, accepted))
    return faults


def _size_faults(files: Files, profile: Profile | None, limits: Limits) -> list[str]:
    """Where the package, or a file that nobody measures otherwise, is too large."""
    largest = limits.package_text_bytes_max
    faults = [
        told(name, f"{len(files[name])} bytes", f"at most package_text_bytes_max = {largest}")
        for name in (CARD, BOM, NOTICE, SIGNATURE)
        if len(files[name]) > largest
    ]
    if profile is None:
        return faults
    budget_mb, size = profile.budget.model_size_mb, size_bytes(files)
    if size > budget_mb * BYTES_PER_MB:
        accepted = f"at most {budget_mb:g} MB (budget.model_size_mb of {profile.name})"
        faults.append(told("the package", f"{size / BYTES_PER_MB:.3f} MB", accepted))
    return faults


def _notice_faults(notice: bytes) -> list[str]:
    try:
        good = bool(notice.decode("utf-8").strip())
    except UnicodeDecodeError:
        good = False
    return [] if good else [told(NOTICE, "no text", "whom to thank for model and data, in UTF-8")]


def _load(model: bytes, dossier: Dossier) -> InferenceEngine:
    try:
        return OnnxEngine(model, dossier.model)
    except ModelError as error:
        raise PackageError(
            f"{MODEL}: found {error}; accepted: a model that its card fits"
        ) from error
