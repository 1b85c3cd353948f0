"""What `edgeward model` tells of a package and of a store, for people."""

from edgeward.errors import EdgewardError
from edgeward.model.package.claims import Evidence, Kept, Metric
from edgeward.model.package.dossier import Dossier, parse_dossier
from edgeward.model.package.layout import CARD, Files, package_digest, size_bytes
from edgeward.model.package.store import ModelStore

_METRICS_SHOWN = 40


def as_text(files: Files, *, signed: bool, held: bool) -> str:
    """What a package says of itself, and what of it nobody was asked to check."""
    lines = [
        ("package", f"{package_digest(files)}, {size_bytes(files):,} bytes"),
        *((name, f"{len(data):,} bytes") for name, data in sorted(files.items())),
    ]
    dossier, _ = parse_dossier(files[CARD])
    if dossier is not None:
        lines += _card(dossier)
    if not signed:
        lines.append(("not checked", "the signature: name the trusted keys with --trust"))
    if not held:
        lines.append(("not checked", "size and evidence: name the device with --profile"))
    lines.append(("not checked", "the answers of the model: that is done when it is activated"))
    return "\n".join(f"{name:<14}{text}" for name, text in lines)


def _card(dossier: Dossier) -> list[tuple[str, str]]:
    model, shown = dossier.model, dossier.metrics[:_METRICS_SHOWN]
    taken = model.input
    rest = len(dossier.metrics) - len(shown)
    return [
        ("model", f"{model.name} {model.version}, SHA-256 {model.sha256}"),
        ("intended use", dossier.intended_use),
        ("takes", f"{taken.window_samples} samples of {taken.signal} at {taken.rate_hz} Hz"),
        ("answers", ", ".join(model.labels)),
        ("measured with", f"ONNX Runtime {dossier.engine_version}, opset {dossier.opset}"),
        *(("data", f"{one.role}: {one.name}, {one.patients} patients, {one.licence}")
          for one in dossier.data),
        *(("metric", _metric(one)) for one in shown),
        *([("metric", f"and {rest} more")] if rest else []),
        *([] if dossier.kept is None else [("alike", _kept(dossier.kept))]),
        *(("made by", one) for one in dossier.recipe),
        *(("limit", one) for one in dossier.limits),
        *(("evidence", _evidence(one)) for one in dossier.evidence),
    ]  # fmt: skip


def _evidence(one: Evidence) -> str:
    then = "" if one.profile_sha256 is None else f" {one.profile_sha256[:12]}"
    none = "" if then else "; counts for none: the digest of the profile is not named"
    return f"for {one.profile}{then}: bundle {one.bundle_sha256}{none}"


def _kept(one: Kept) -> str:
    most = one.promise.difference_max
    promised = f"within {most:g}" if most else "the same bits"
    measured = f"measured: up to {one.max_difference:g} off, {one.windows} windows"
    return f"{promised} with any other {one.promise.over}; {measured}"


def _metric(one: Metric) -> str:
    whom = f"{one.label or 'all labels'}, {one.subgroup or 'everybody'}"
    interval = f"[{one.low:g}, {one.high:g}] at {one.confidence:g}"
    return f"{one.name} of {whom}: {one.value:g} {interval}, {one.patients} patients"


def listed(store: ModelStore) -> str:
    """The packages in a store, the active one first.

    Raises:
        PackageError: the pointer cannot be read.
    """
    pointer = store.pointer()
    if pointer is None:
        return "no package was activated here"
    lines = [f"active  {_named(store, pointer.active)}, for {pointer.profile}"]
    if pointer.before is not None:
        lines.append(f"before  {_named(store, pointer.before)}")
    left = [one for one in store.digests() if one not in (pointer.active, pointer.before)]
    return "\n".join(lines + [f"left    {one}, cleared at the next start" for one in left])


def _named(store: ModelStore, digest: str) -> str:
    """The digest with the name it has on its card, as far as that can be read."""
    try:
        dossier, _ = parse_dossier(store.files(digest)[CARD])
    except EdgewardError as error:
        return f"{digest}, damaged: {error}"
    return f"{digest}, damaged" if dossier is None else (
        f"{digest}  {dossier.model.name} {dossier.model.version}"
    )  # fmt: skip
