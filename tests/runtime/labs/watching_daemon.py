"""A daemon that watches simulated patients, in simulated time."""

from typing import Any

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.store import MemoryStore
from edgeward.device.daemon.daemon import Daemon, DaemonDevice
from edgeward.device.daemon.patients import Patients
from edgeward.device.daemon.simulated import SimulatedSource
from edgeward.device.daemon.source import Source
from edgeward.device.device import Parts
from edgeward.model.reference import load_reference_model

ENGINE = load_reference_model()
TAKEN = ENGINE.card.input
S = 1_000_000_000


def device_at(clock: SimulatedClock, patients: int = 8, *, watched: bool = True) -> DaemonDevice:
    """A device, with its patients watched or not."""
    device = DaemonDevice(
        Parts(clock=clock, store=MemoryStore(), entropy=SeededEntropy(1), engine=ENGINE)
    )
    if watched:
        bedside, conditions = device.open_bedside(), device.processor.conditions
        device.patients = Patients(bedside, clock, conditions, patients)
    return device


def simulated(clock: SimulatedClock, patients: int, name: str, seconds: float) -> SimulatedSource:
    """Patients of seed 7."""
    return SimulatedSource(patients, 7, name, clock, TAKEN, until_s=seconds)


def ran(device: DaemonDevice, source: Source) -> Daemon:
    """The daemon, after its source has ended."""
    daemon = Daemon(device, source)
    daemon.run(lambda: False)
    device.close()
    return daemon


def told(daemon: Daemon, kind: str) -> list[dict[str, Any]]:
    """The records of a kind that were handed over, and are no more."""
    records = [one.to_dict() for one in daemon.device.handover.take(100_000)]
    return [one for one in records if one["kind"] == kind]
