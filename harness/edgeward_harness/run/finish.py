"""The end of a run: judge the records, render the reports, seal and verify."""

from dataclasses import dataclass

from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.files import write_whole
from edgeward_harness.evidence.keys import run_key
from edgeward_harness.evidence.sign import seal
from edgeward_harness.report.headline import headline
from edgeward_harness.report.model import Headline
from edgeward_harness.report.render import render, twin
from edgeward_harness.run.plan import RunPlan


@dataclass(frozen=True, slots=True)
class Finished:
    """A sealed bundle: what it proves, in which words, and who signed it."""

    assessment: Assessment
    headline: Headline
    signer: str


def finish(plan: RunPlan) -> Finished:
    """Judge, render and seal the bundle of a run that reached its end.

    Raises:
        HarnessError: the disk refused, the key cannot be used, or the seal did not verify.
    """
    key = run_key(plan.key)
    bundle = open_bundle(plan.out)
    assessment = assess(bundle)
    if plan.formats:
        for name, data in render(bundle, assessment, plan.formats).items():
            write_whole(plan.out / name, data)
    verification = seal(plan.out, key, derive=twin if "json" in plan.formats else None)
    said = headline(bundle, assessment)
    return Finished(assessment=assessment, headline=said, signer=str(verification.signer))
