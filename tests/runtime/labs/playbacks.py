"""Minutes of simulated ECG to be played to a daemon: every rhythm that the model knows."""

from edgeward.device.daemon.source import Playback
from edgeward.signal.patient import SimulatedPatient

_PLAN = (
    ("sinus", 90.0),
    ("tachycardia", 40.0),
    ("sinus", 60.0),
    ("bradycardia", 40.0),
    ("asystole", 10.0),
    ("sinus", 60.0),
)


def simulated_patients(count: int, seed: int, rate_hz: int) -> list[Playback]:
    """So many patients, five minutes of each; the same for the same seed."""
    return [
        Playback(
            name=f"patient-{number + 1:03d}",
            samples=SimulatedPatient(seed + number, rate_hz).record(_PLAN).samples_mv,
            rate_hz=rate_hz,
        )
        for number in range(count)
    ]
