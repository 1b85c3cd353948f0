"""Requirements, hazards, risk controls, plans: the matrix, its fingerprints, its completeness."""

from edgeward_harness.trace.baseline import (
    BASELINE,
    Baseline,
    Reviewed,
    baseline_text,
    load_baseline,
)
from edgeward_harness.trace.completeness import check, check_all, check_deviations, check_review
from edgeward_harness.trace.fault import Code, Fault
from edgeward_harness.trace.fingerprint import fingerprint, fingerprints
from edgeward_harness.trace.links import Links, Proofs, links_of, proofs_of
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.model import (
    Control,
    Deviation,
    Hazard,
    Item,
    PlannedCase,
    Requirement,
    Suite,
    Trace,
)
from edgeward_harness.trace.rows import Row, matrix
from edgeward_harness.trace.suspicion import Review, Suspect, review, suspects

__all__ = [
    "BASELINE",
    "Baseline",
    "Code",
    "Control",
    "Deviation",
    "Fault",
    "Hazard",
    "Item",
    "Links",
    "PlannedCase",
    "Proofs",
    "Requirement",
    "Review",
    "Reviewed",
    "Row",
    "Suite",
    "Suspect",
    "Trace",
    "baseline_text",
    "check",
    "check_all",
    "check_deviations",
    "check_review",
    "fingerprint",
    "fingerprints",
    "links_of",
    "load_baseline",
    "load_trace",
    "matrix",
    "proofs_of",
    "review",
    "suspects",
]
