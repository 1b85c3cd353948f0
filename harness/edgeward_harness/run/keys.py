"""What a run keeps on pytest's objects: typed keys, no loose attributes."""

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.measure import Measure
from edgeward_harness.run.outcome import Phases
from edgeward_harness.run.plan import RunPlan

PLAN = pytest.StashKey[RunPlan]()
CASE = pytest.StashKey[str]()
ITEM = pytest.StashKey[str]()
MEASURE = pytest.StashKey[Measure]()
RIG = pytest.StashKey[Rig]()
PHASES = pytest.StashKey[Phases]()
