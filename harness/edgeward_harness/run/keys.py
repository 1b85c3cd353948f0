"""What a run keeps on pytest's objects: typed keys, no loose attributes."""

import pytest

from edgeward_harness.evidence.entries import ItemEntry
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.measure import Measure
from edgeward_harness.run.plan import RunPlan

PLAN = pytest.StashKey[RunPlan]()
ENTRY = pytest.StashKey[ItemEntry]()
MEASURE = pytest.StashKey[Measure]()
RIG = pytest.StashKey[Rig]()


def measure_of(item: pytest.Item) -> Measure | None:
    """What a case measured so far, if it measures; most often asked of cases that do not."""
    stash = item.stash
    if MEASURE not in stash:  # `get` raises and catches where there is none
        return None
    return stash[MEASURE]
