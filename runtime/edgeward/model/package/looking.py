"""Where the parts of a package do not fit each other, or the device."""

from edgeward.canonical import sha256_hex
from edgeward.limits import Limits
from edgeward.model.package.bom import bom_faults
from edgeward.model.package.dossier import Dossier
from edgeward.model.package.golden import Golden, fitting_faults
from edgeward.model.package.layout import (
    BOM,
    CARD,
    GOLDEN,
    MODEL,
    NOTICE,
    SIGNATURE,
    Files,
    fault,
    size_bytes,
    told,
)
from edgeward.profile import BYTES_PER_MB, Profile


def card_faults(
    files: Files, dossier: Dossier, golden: Golden | None, profile: Profile | None
) -> list[str]:
    """Where the card does not fit the rest of the package, or the device."""
    faults = bom_faults(files[BOM], dossier, files[MODEL])
    found = sha256_hex(files[MODEL])
    if found != dossier.model.sha256:
        faults.append(fault(f"{CARD}.sha256", dossier.model.sha256, f"the model's own, {found}"))
    if golden is not None:
        faults += fitting_faults(golden, dossier.model) + _wider(golden, dossier)
    return faults + ([] if profile is None else evidence_faults(dossier, profile))


def _wider(golden: Golden, dossier: Dossier) -> list[str]:
    """Where golden windows would let pass what the card promises not to happen."""
    kept = dossier.kept
    if kept is None or golden.tolerance <= kept.promise.difference_max:
        return []
    accepted = f"at most {kept.promise.difference_max:g}: the card promises {kept.promise.name}"
    return [fault(f"{GOLDEN}.tolerance", golden.tolerance, accepted)]


def evidence_faults(dossier: Dossier, profile: Profile) -> list[str]:
    """Why what was measured says nothing about this profile as it is now; none where it does."""
    if dossier.evidence_for(profile) is not None:
        return []
    accepted = (
        f"evidence for the device profile {profile.name} with profile_sha256 {profile.sha256},"
        f" as `edgeward verify --profile {profile.name}` makes it"
    )
    where = f"{CARD}.evidence"
    said = [one for one in dossier.evidence if one.profile == profile.name]
    if not said:
        return [fault(where, [one.profile for one in dossier.evidence], accepted)]
    digests = {one.profile_sha256 for one in said}
    if digests == {None}:
        return [told(where, f"{profile.name} without the digest of that profile", accepted)]
    then = ", ".join(sorted(filter(None, digests)))
    return [told(where, f"{profile.name} as it was, with profile_sha256 {then}", accepted)]


def size_faults(files: Files, profile: Profile | None, limits: Limits) -> list[str]:
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


def notice_faults(notice: bytes) -> list[str]:
    """Where a notice thanks nobody."""
    try:
        good = bool(notice.decode("utf-8").strip())
    except UnicodeDecodeError:
        good = False
    return [] if good else [told(NOTICE, "no text", "whom to thank for model and data, in UTF-8")]
