"""What the daemon tells about its machine: how old each figure is, and an emergency."""

from pathlib import Path

from playbacks import simulated_patients

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.notify import ServiceManager
from edgeward.adapters.sensors import Sensors
from edgeward.adapters.store import MemoryStore
from edgeward.device.daemon.daemon import Daemon, DaemonDevice
from edgeward.device.daemon.journal import Journal
from edgeward.device.daemon.slow import SlowSide
from edgeward.device.daemon.source import PlaybackSource
from edgeward.device.daemon.status import status_of
from edgeward.device.device import Parts
from edgeward.model.reference import load_reference_model
from edgeward.monitor.monitor import EMERGENCY, Monitor
from edgeward.profile import load_profile

ENGINE = load_reference_model()
PROFILE = load_profile("wearable", [Path(__file__).parents[2] / "device_profiles"]).profile
S = 1_000_000_000


def beside(folder: Path) -> tuple[SlowSide, Path]:
    """The slow side of a daemon with one patient, and the file of its temperature."""
    clock = SimulatedClock(start_monotonic_ns=S)
    parts = Parts(clock=clock, store=MemoryStore(), entropy=SeededEntropy(1), engine=ENGINE)
    patients = simulated_patients(1, 1, ENGINE.card.input.rate_hz)
    source = PlaybackSource(patients, clock, ENGINE.card.input, until_s=0.5)
    daemon = Daemon(DaemonDevice(parts), source)
    slow = SlowSide(daemon, Journal(folder), ServiceManager({}), clock)
    slow.monitor = Monitor(Sensors(folder, folder / "sys"), PROFILE, clock, folder)
    zone = folder / "sys" / "class" / "thermal" / "thermal_zone0" / "temp"
    zone.parent.mkdir(parents=True)
    return slow, zone


def test_a_figure_is_told_with_its_age(tmp_path: Path) -> None:
    slow, zone = beside(tmp_path)
    zone.write_text("50000")
    slow.round()
    clock = slow.clock
    assert isinstance(clock, SimulatedClock)
    clock.advance(int(2.5 * S))  # and nobody looks again
    told = status_of(slow.daemon, slow, PROFILE)["resources"]
    assert told["temperature_c"] == {"value": 50.0, "provenance": "measured", "age_s": 2.5}
    assert told["battery_mwh"] == {"value": None, "provenance": "unknown", "age_s": 2.5}
    slow.round()
    told = status_of(slow.daemon, slow, PROFILE)["resources"]
    assert told["temperature_c"]["age_s"] == 0.0
    slow.journal.close()


def test_an_emergency_is_a_condition_of_its_own(tmp_path: Path) -> None:
    slow, zone = beside(tmp_path)
    zone.write_text("95000")
    slow.round()
    slow.daemon.run(lambda: False)
    assert {event.stream for event in slow.active()} == {"temperature_c", EMERGENCY}
    assert slow.daemon.snapshot.rung == "alarms_only"
    slow.journal.close()
