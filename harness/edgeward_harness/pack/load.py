"""From paths to what a pack is made from: everything read and verified before a word is written.

What makes the whole pack a lie is refused here, with every reason at once: a bundle that was
changed, the same run twice, evidence of two builds, a baseline of the very same run, a bill of
materials of another build. What merely speaks against a release is not: it stands in the pack, and
the gate says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from edgeward_harness.approval.folder import read_folder
from edgeward_harness.approval.keys import read_chain
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.assess import assess_against
from edgeward_harness.evidence.files import digest_file, read_whole
from edgeward_harness.evidence.freshness import of_trace
from edgeward_harness.evidence.identity import builds
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.evidence.layout import STATEMENT
from edgeward_harness.evidence.verify import verify_bundle
from edgeward_harness.gate.case import Readable
from edgeward_harness.inventory.held import Gap
from edgeward_harness.pack.clauses import load_registry
from edgeward_harness.pack.embedded import read_embedded
from edgeward_harness.pack.source import Evidence, PackSource
from edgeward_harness.pack.submission import Submission, load_submission
from edgeward_harness.pack.tested import against
from edgeward_harness.pack.tracked import read_exports, with_tracked
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.model import Trace

INPUT_BYTES_MAX = 64 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where everything lies; what is None is not given."""

    bundles: tuple[Path, ...]
    suites: Path
    clauses: Path
    as_of: date
    trusted: tuple[PublicKey, ...] = ()
    submission: Path | None = None
    baseline: Path | None = None
    sbom: Path | None = None
    qualification: Path | None = None
    approvals: Path | None = None
    authority: Path | None = None
    """The root of the time stamp authority."""
    templates: Path | None = None
    anomalies: tuple[Path, ...] = ()
    """Exports of issue trackers."""
    pdf_roots: tuple[Path, ...] = ()
    """Certificates that vouch for signatures inside supplied documents."""


def load_source(wanted: Wanted) -> PackSource:
    """Everything a pack rests on, verified.

    Raises:
        InputError: something is given that no pack can rest on; every reason is told.
        HarnessError: a file cannot be read.
    """
    if wanted.templates is not None and (found := tuple(_no_templates(wanted.templates))):
        raise InputError("--templates", found)
    trace = load_trace(wanted.suites)
    evidence = _bundles(wanted.bundles, wanted, trace)
    exports = read_exports(wanted.anomalies)
    said = load_submission(wanted.submission) if wanted.submission else Submission()
    submission = with_tracked(said, exports)
    baseline = _bundles((wanted.baseline,), wanted, trace) if wanted.baseline else ()
    roots = read_chain(wanted.authority) if wanted.authority else ()
    source = PackSource(
        evidence=tuple(sorted(evidence, key=lambda one: one.label)),
        trace=trace,
        as_of=wanted.as_of,
        submission=submission,
        baseline=baseline[0] if baseline else None,
        registry=load_registry(wanted.clauses),
        sbom=_whole(wanted.sbom),
        qualification=_whole(wanted.qualification),
        approvals=read_folder(wanted.approvals, roots) if wanted.approvals else None,
        authorities=roots,
        trusted=wanted.trusted,
        exports=exports,
        pdf_roots=tuple(sorted({one for path in wanted.pdf_roots for one in read_chain(path)})),
    )
    faults = [*_contradictions(source), *_unsupplied(submission), *_uncovered(source)]
    if faults:
        raise InputError("pack", faults)
    embedded = read_embedded(submission, source.pdf_roots, wanted.as_of)
    return replace(source, embedded=embedded)


def _no_templates(folder: Path) -> Iterator[str]:
    """What lies among templates and is none: it would be passed over without a word."""
    if not folder.is_dir():
        yield f"found {folder}, expected a folder of templates"
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield f"{path}: is a link or no file; expected files of your own"


def _bundles(paths: Sequence[Path], wanted: Wanted, trace: Trace) -> tuple[Evidence, ...]:
    now = of_trace(trace)
    found, faults = [], []
    for path in paths:
        verification = verify_bundle(path, wanted.trusted)
        bundle = verification.bundle
        if not verification.intact or bundle is None:
            faults += [f"{path}: {fault}" for fault in verification.faults]
            continue
        if not (path / STATEMENT).is_file():
            faults.append(f"{path}: was never sealed; expected a bundle that a run ended with")
            continue
        assessment = assess_against(bundle, now, today=wanted.as_of)
        sealed, signer = digest_file(path / STATEMENT), verification.signer
        readable = Readable(path.name, bundle, assessment, sealed, signer)
        found.append(Evidence(readable, verification))
    if faults:
        raise InputError("bundles", faults)
    return tuple(found)


def _contradictions(source: PackSource) -> Iterator[str]:
    """What cannot all be true of one release."""
    runs: dict[str, str] = {}
    seen: dict[str, str] = {}
    for one in source.evidence:
        run = one.bundle.manifest.run
        if run in runs:
            yield f"{one.readable.name}: is the same run as {runs[run]}; expected each run once"
        runs[run] = one.readable.name
        for build in sorted(builds(one.bundle.contexts)):
            seen.setdefault(build, one.readable.name)
    if len(seen) > 1:
        told = ", ".join(f"{build} ({name})" for build, name in seen.items())
        yield f"found {len(seen)} builds of the device: {told}; expected evidence of one"
    pinned = source.submission.about.build_sha256
    for build, name in seen.items():
        if pinned and build != pinned:
            yield f"{name}: is of the build {build}; submission.toml says {pinned}"
    if source.baseline and source.baseline.bundle.manifest.run in runs:
        yield "the baseline is one of the bundles themselves; expected the release before"
    yield from _not_told_apart(source)
    yield from _of_another(source)


def _not_told_apart(source: PackSource) -> Iterator[str]:
    """Where a reader would take one thing for another: two under one name, or a day too early."""
    places: dict[str, str] = {}
    promises: dict[str, str] = {}
    for one in source.evidence:
        name, profile = one.readable.name, one.bundle.manifest.profile
        if places.setdefault(one.place, name) != name:
            yield f"{name}: is called {one.place} in a pack, as {places[one.place]} is"
        if promises.setdefault(profile.name, profile.sha256) != profile.sha256:
            yield f"{name}: promises other things as {profile.name} than another bundle of it does"
        began = date.fromisoformat(one.bundle.manifest.started_utc[:10])
        if (began - source.as_of).days > 1:
            yield f"{name}: began on {began}; the pack is to be as of {source.as_of}, before it"


def _of_another(source: PackSource) -> Iterator[str]:
    """Where the bill of materials is that of other software than was tested."""
    if source.sbom is None:
        return
    bundles = [(one.label, one.bundle) for one in source.evidence]
    for one in against(source.sbom, bundles):
        if one.gap is Gap.DIFFERENT:
            yield f"the bill of materials is not of what was tested: {one}"


def _unsupplied(submission: Submission) -> Iterator[str]:
    """Documents that people say they wrote, and that are not there."""
    folder = submission.folder
    for one in submission.supplied:
        path = folder / one.file if folder else Path(one.file)
        inside = ".." not in Path(one.file).parts
        inside = inside and (folder is None or path.resolve().is_relative_to(folder))
        if not inside or not path.is_file():
            yield f"{one.id}: found no file {one.file!r} within the folder of submission.toml"


def _uncovered(source: PackSource) -> Iterator[str]:
    """Clauses that a document says it covers, and that no standard here has."""
    known = {name for name, _, _ in source.registry.named()} if source.registry else set()
    for one in source.submission.supplied:
        for name in sorted(set(one.covers) - known):
            yield f"{one.id}: covers {name!r}, expected a clause of the registry in document 00"


def _whole(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return read_whole(path, INPUT_BYTES_MAX)
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from fault
