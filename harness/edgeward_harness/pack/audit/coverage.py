"""Rules 26 to 31: what is claimed was run, what is named exists."""

from edgeward_harness.pack.audit.rule import Case, Rule, Said, beside, held, unknown
from edgeward_harness.pack.audit.versions import mismatches
from edgeward_harness.pack.model import Table
from edgeward_harness.pack.words import Disposition, Paper
from edgeward_harness.trace.vocabulary import Kind, topic_of


def _platforms(case: Case) -> Said:
    claimed = case.source.submission.about.profiles
    if not claimed:
        return unknown("no profile is claimed")
    faults = [f"{name} has no run" for name in claimed if name not in case.source.profiles]
    return held(faults, f"each of {len(claimed)} profiles has a run", len(claimed))


def _soup_runs(case: Case) -> Said:
    if case.source.sbom is None:
        return unknown("no bill of materials was given")
    faults = [str(one) for one in mismatches(case)]
    good = "each version that ships was seen in a run"
    return held(faults, good, len(case.source.evidence))


def _ports(case: Case) -> Said:
    ports = case.source.submission.ports
    if not ports:
        return unknown("no list of ports was given, and these suites scan no sockets")
    lacking = {one.id: [each.value for each in Paper if each not in one.named] for one in ports}
    faults = [f"{name} is not in {', '.join(papers)}" for name, papers in lacking.items() if papers]
    return held(
        faults, f"each of {len(ports)} ports was seen open, and is in every paper", len(ports)
    )


def _claims(case: Case) -> Said:
    claims, trace = case.source.submission.claims, case.source.trace
    if not claims:
        return unknown("no list of what the labelling names")
    cited = {name for one in trace.cases.values() for name in one.requirements}
    faults = []
    for one in claims:
        known = [name for name in one.requirements if name in trace.requirements]
        if not known:
            faults.append(f"{one.id} ({one.title}) is in no requirement")
        elif not cited & set(known):
            faults.append(f"{one.id} ({one.title}) is in no case")
    good = f"each of {len(claims)} functions of the labelling is required and tested"
    return held(faults, good, len(claims))


def _classes(case: Case) -> Said:
    """Whether hazards are there for what a monitor can fail at: each topic, and alarms and data."""
    trace = case.source.trace
    answering = {
        name for one in trace.controls.values() if one.hazards for name in one.requirements
    }
    by_topic: dict[str, bool] = {}
    for one in trace.requirements.values():
        linked = one.id in answering or any(name in trace.hazards for name in one.risks)
        by_topic[topic_of(one.id)] = by_topic.get(topic_of(one.id), False) or linked
    faults = [
        f"no hazard leads to the requirements of {name}" for name, ok in by_topic.items() if not ok
    ]
    kinds = {one.kind for one in trace.requirements.values() if one.id in answering}
    faults += [
        f"no hazard leads to a requirement of kind {one}"
        for one in (Kind.ALARM, Kind.DATA)
        if one not in kinds and any(each.kind is one for each in trace.requirements.values())
    ]
    good = f"hazards lead to each topic: {', '.join(sorted(by_topic))}"
    return held(faults, good, len(by_topic))


def _deferred(case: Case) -> Said:
    anomalies = case.source.submission.anomalies
    if anomalies is None:
        return unknown("no list of anomalies")
    left = {one.id for one in anomalies if one.disposition is not Disposition.FIXED}
    if not left:
        return beside("nothing is deferred")
    document = case.document("15")
    if document is None:
        return unknown("document 15 is not in this pack")
    shown = {
        row.anchor for block in document.blocks if isinstance(block, Table) for row in block.rows
    }
    faults = [f"{name} is open and not in document 15" for name in sorted(left - shown)]
    return held(faults, f"document 15 has each of {len(left)} that are open", len(left))


RULES = (
    Rule(26, "Was every claimed profile run?", _platforms, "07", "profiles in [submission]"),
    Rule(27, "Was every version of SOUP that ships seen in a run?", _soup_runs, "05",
         "edgeward sbom --against BUNDLE"),
    Rule(28, "Are the ports open on the device those of architecture, threat model and labelling?",
         _ports, "12", "[[port]], from the report of a scan"),
    Rule(29, "Is what the labelling names required and tested?", _claims, "03", "[[claim]]"),
    Rule(30, "Does a hazard lead to each class of failure?", _classes, "04", "hazards.toml"),
    Rule(31, "Is the list of what is deferred the list that is shown?", _deferred, "15",
         "[[anomaly]]"),
)  # fmt: skip
