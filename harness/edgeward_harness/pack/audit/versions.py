"""Rules 1 to 6: one version everywhere, and what was tested is what ships."""

from collections.abc import Collection

from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.identity import builds, software_of
from edgeward_harness.inventory.held import Gap, Mismatch
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.pack.audit.rule import Case, Rule, Said, held, unknown
from edgeward_harness.pack.source import Evidence
from edgeward_harness.pack.tested import against

_NO_SBOM = "no bill of materials was given"
_SBOM = "edgeward sbom --out FILE, then report --pack --sbom FILE"


def _one_version(case: Case) -> Said:
    about = case.source.submission.about
    if not about.release:
        return unknown("the release is not named")
    faults = [
        f"{one.label} ran on {name}"
        for one in case.source.evidence
        for name in sorted({told[0] for told in map(software_of, _contexts(one)) if told})
        if not name.endswith(f" {about.release}")
    ]
    versions = [one.id for one in case.source.submission.versions]
    if versions and about.release not in versions:
        faults.append(f"the history of versions has no {about.release}")
    if case.source.sbom is not None:
        shipped = read_bill(case.source.sbom, "the bill of materials").root.version
        faults += [] if shipped == about.release else [f"the bill of materials is of {shipped}"]
    return held(faults, f"{about.release} in bundles, history and bill of materials alike")


def _contexts(one: Evidence) -> Collection[Context]:
    return one.bundle.contexts.values()


def _tested_is_released(case: Case) -> Said:
    submission = case.source.submission
    named = {one.build_sha256 for one in submission.versions if one.id == submission.about.release}
    released = ({submission.about.build_sha256} | named) - {""}
    if not released:
        return unknown("nobody named the build that is to be released")
    bridged = {one.build_sha256 for one in submission.versions if one.assessment}
    faults = [
        f"{one.label} rests on {build[:12]}, the release is {', '.join(sorted(released))[:12]}"
        for one in case.source.evidence
        for build in sorted(builds(one.bundle.contexts) - released - bridged)
    ]
    return held(faults, "every bundle rests on the build of the release, or is bridged in writing")


def _models(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown(_NO_SBOM)
    faults = [str(one) for one in mismatches(case) if "model" in one.text and one.refuses]
    return held(faults, "every model that was tested is in the bill of materials by its digest")


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
    return held(faults, f"every record is of {said}")


def _soup(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown(_NO_SBOM)
    faults = [str(one) for one in mismatches(case) if one.refuses]
    return held(faults, "what ships is what every run was seen with, digest by digest")


def _baseline(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown(_NO_SBOM)
    found = mismatches(case)
    faults = [
        str(one) for one in found if one.gap is Gap.DIFFERENT and "not in the bill" in one.text
    ]
    return held(faults, "nothing that a run was seen with is missing from the bill")


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
