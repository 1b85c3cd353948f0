"""A device that takes a broker's word for a receipt turns the case of the broker red."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing
from edgeward_harness.rig.sink.broker import mosquitto

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow


def test_a_device_that_believes_a_broker_is_found(tmp_path: Path) -> None:
    if mosquitto() is None:
        pytest.skip("no mosquitto here; on Debian, apt-get install mosquitto")
    status, assessment, output = judge(tmp_path, "believes_puback", "broker", suite="offline")
    assert assessment.requirements["REQ-OFF-013"].standing is Standing.FAILED, output
    assert status == 1
    assert failed_measurements(tmp_path) == {"records_lost_with_a_broker"}
