"""Rules 1 to 6: one version everywhere, and what was tested is what ships."""

from collections.abc import Collection

from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.identity import builds, models_of, software_of
from edgeward_harness.inventory.held import Gap, Mismatch
from edgeward_harness.inventory.model import Kind as Part
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.pack.audit.rule import Case, Rule, Said, beside, held, unknown
from edgeward_harness.pack.source import Evidence
from edgeward_harness.pack.tested import against

_NO_SBOM = "no bill of materials was given"
_SBOM = "edgeward sbom --out FILE, then report --pack --sbom FILE"


def _one_version(case: Case) -> Said:
    about = case.source.submission.about
    if not about.release:
        return unknown("the release is not named")
    named = [(one.label, name) for one in case.source.evidence for name in _named(one)]
    faults = [
        f"{label} ran on {name}" for label, name in named if not name.endswith(f" {about.release}")
    ]
    versions = [one.id for one in case.source.submission.versions]
    if versions and about.release not in versions:
        faults.append(f"the history of versions has no {about.release}")
    if case.source.sbom is not None:
        shipped = read_bill(case.source.sbom, "the bill of materials").root.version
        faults += [] if shipped == about.release else [f"the bill of materials is of {shipped}"]
    lacking = {one.label for one in case.source.evidence} - {label for label, _ in named}
    faults += [f"{label} names no version" for label in sorted(lacking)]
    good = f"{about.release} in bundles, history and bill of materials, as far as they were given"
    return held(faults, good, len(named))


def _named(one: Evidence) -> list[str]:
    """The software of a bundle by name and version."""
    return sorted({told[0] for told in map(software_of, _contexts(one)) if told})


def _contexts(one: Evidence) -> Collection[Context]:
    return one.bundle.contexts.values()


def _tested_is_released(case: Case) -> Said:
    submission = case.source.submission
    named = {one.build_sha256 for one in submission.versions if one.id == submission.about.release}
    released = ({submission.about.build_sha256} | named) - {""}
    if not released:
        return unknown("nobody named the build that is to be released")
    if len(released) > 1:
        return held([f"the submission names {len(released)} builds of one release"], "", 1)
    bridged = {one.build_sha256 for one in submission.versions if one.assessment} - {""}
    faults = [
        f"{one.label} rests on {build[:12]}, the release is {', '.join(sorted(released))[:12]}"
        for one in case.source.evidence
        for build in sorted(builds(one.bundle.contexts) - released - bridged)
    ]
    faults += [
        f"{one.label} names no build"
        for one in case.source.evidence
        if not builds(one.bundle.contexts)
    ]
    good = "every bundle rests on the build of the release, or is bridged in writing"
    return held(faults, good, len(case.source.evidence))


def _models(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown(_NO_SBOM)
    tested = {sha256 for one in case.source.evidence for sha256 in _models_of(one)}
    bill = read_bill(case.source.sbom, "the bill of materials")
    ships = {one.sha256 for one in bill.of(Part.MODEL)}
    if not tested and not ships:
        return beside("no device described a model, and the bill names none")
    faults = [f"model {sha256[:12]} was tested and is not in the bill" for sha256 in tested - ships]
    faults += [f"model {sha256[:12]} ships and was not tested" for sha256 in ships - tested]
    good = "every model that was tested is in the bill of materials by its digest, and no other"
    return held(sorted(faults), good, len(tested))


def _models_of(one: Evidence) -> set[str]:
    return {sha256 for context in _contexts(one) for _, sha256 in models_of(context)}


def mismatches(case: Case) -> tuple[Mismatch, ...]:
    """Every way in which the bill and the bundles do not meet."""
    assert case.source.sbom is not None
    named = [(one.label, one.bundle) for one in case.source.evidence]
    return against(case.source.sbom, named)


def _logs(case: Case) -> Said:
    tools = {
        f"{one.bundle.manifest.tool.get('name')} {one.bundle.manifest.tool.get('version')}"
        for one in case.source.evidence
    }
    devices = {
        f"{told[0]} ({told[1][:12]})"
        for one in case.source.evidence
        for told in map(software_of, _contexts(one))
        if told
    }
    faults = [f"judged by {', '.join(sorted(tools))}"] if len(tools) > 1 else []
    faults += [f"taken on {', '.join(sorted(devices))}"] if len(devices) > 1 else []
    said = f"{', '.join(sorted(tools))} on {', '.join(sorted(devices)) or 'no device'}"
    return held(faults, f"every record is of {said}", len(devices))


def _soup(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown(_NO_SBOM)
    faults = [str(one) for one in mismatches(case) if one.refuses]
    good = "what ships is what every run was seen with, digest by digest"
    return held(faults, good, len(case.source.evidence))


def _baseline(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown(_NO_SBOM)
    found = mismatches(case)
    faults = [
        str(one) for one in found if one.gap is Gap.DIFFERENT and "not in the bill" in one.text
    ]
    good = "nothing that a run was seen with is missing from the bill"
    return held(faults, good, len(case.source.evidence))


RULES = (
    Rule(
        1,
        "Is the released version the same everywhere it is named?",
        _one_version,
        "14",
        "release in [submission], and a [[version]] of that name",
    ),
    Rule(
        2,
        "Was the build tested that is to be released, or is the step between them argued?",
        _tested_is_released,
        "14",
        "build_sha256 in [submission], or assessment in the [[version]]",
    ),
    Rule(3, "Is the model that was tested the one that ships?", _models, "05", _SBOM),
    Rule(4, "Is each record of the version that the report names?", _logs, "07", "run again"),
    Rule(5, "Are bill of materials, SOUP list and tested configuration one?", _soup, "05", _SBOM),
    Rule(6, "Is anything that was there missing from the bill?", _baseline, "05", _SBOM),
)
