"""A crash leaves no picture of the memory in which the keys lie."""

import signal
from pathlib import Path

import pytest

from edgeward_harness.errors import CannotJudge
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.crash import CRASHES, WITH_CORES, crashed, dumps_cores
from edgeward_harness.rig.receiving import receiving, until
from edgeward_harness.run.measure import Measure

from .hearing import AT_ONCE
from .kept import Kept
from .recording import count

RECORDS = 5
WITHIN_S = 15.0


@pytest.mark.case("TC-ENC-013")
def test_core(measure: Measure, rig: Rig, tmp_path: Path) -> None:
    """A device that crashes while it holds keys leaves no core.

    Method: the limit on cores is set as high as this host permits before the device starts, and is
    raised again from outside while it runs. It keeps records and delivers them, so that keys and a
    private key are in its memory. Then it is ended by SIGSEGV, and another one by SIGABRT. The
    kernel says of each end whether a core was dumped, to a file or to a program. A process of the
    bench that does nothing against it crashes first: where no core is dumped of that one either,
    nothing can be seen here, and nothing is judged.
    """
    repeats = rig.samples("TC-ENC-013")
    dumped: list[str] = []
    for number in range(repeats):
        for crash in CRASHES:
            if not dumps_cores(tmp_path, crash):
                raise CannotJudge(f"this host dumps no core of anybody ended by {crash.name}")
            if _dumped(rig, rig.seed(f"core {number} {crash.name}"), crash):
                dumped.append(f"{crash.name} left a core of a device with keys")
        rig.progress(number + 1, repeats)
    count(measure, "cores_dumped", dumped, repeats * len(CRASHES), "no core, however it ends")


def _dumped(rig: Rig, seed: int, crash: signal.Signals) -> bool:
    """Whether a device that has keys leaves a core when it crashes so."""
    with receiving(seed) as rx, rig.open_device(before=WITH_CORES) as device:
        kept = Kept(device.description["device"]["id"])
        rx.enrol(device, **AT_ONCE)
        kept.some(device, RECORDS, "kept", patient="p1")
        until(lambda: kept.arrived(rx), WITHIN_S)
        left = crashed(device.pid or 0, crash)
        device.kill()
    return left
