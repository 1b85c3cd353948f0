"""What a test case may ask for. Registered only while a device is being verified."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from edgeward.profile import Profile
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.keys import ENTRY, MEASURE, PLAN, RIG
from edgeward_harness.run.measure import Measure

if TYPE_CHECKING:  # a suite without a device does not pay for the drivers
    from edgeward_harness.target import DeviceSession


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest) -> Rig:
    """The bench around the device: its seeds, sample sizes and ways to start it."""
    return request.config.stash[RIG]


@pytest.fixture(scope="session")
def profile(rig: Rig) -> Profile:
    """The device profile whose promises are being verified."""
    return rig.profile


@pytest.fixture
def device(rig: Rig) -> "Iterator[DeviceSession]":
    """A device of its own for this case: started, configured with the profile, gone afterwards."""
    with rig.open_device() as session:
        yield session


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Measure:
    """Where this case puts what it observed; without it the case is no evidence."""
    plan = request.config.stash[PLAN]
    case = plan.trace.cases.get(request.node.stash[ENTRY].case)
    taken = Measure(case.requirements if case else (), lambda data: store_artifact(plan.out, data))
    request.node.stash[MEASURE] = taken
    return taken
