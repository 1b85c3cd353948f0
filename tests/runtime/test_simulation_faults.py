"""A fault shows from its first instant to its last, and nowhere else."""

import numpy as np
import pytest

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import Reason
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.generate import CHANNELS, SimulatedRecord, simulate
from edgeward.signal.simulation.heart_steps import Sinus
from edgeward.signal.simulation.script import Person, Script

START_S, SECONDS = 25.0, 20.0  # over the edge of a stretch


def pair(
    kind: FaultKind, channel: str, level: float | None = None
) -> tuple[SimulatedRecord, Samples, Samples]:
    """With the fault: the record, and what its channel shows in it; the same without the fault."""
    heart = (Sinus(60, 72),)
    fault = Fault(kind, channel, START_S, SECONDS, level)
    own = tuple(one for one in CHANNELS if one.name == channel)
    record = simulate(Script(heart, faults=(fault,)), 11, own)
    rate_hz = record.channel(channel).rate_hz
    inside = slice(round(START_S * rate_hz), round((START_S + SECONDS) * rate_hz))
    sound = simulate(Script(heart), 11, own).signals[channel]
    seen = record.signals[channel]
    assert seen[: inside.start].tobytes() == sound[: inside.start].tobytes()
    assert seen[inside.stop :].tobytes() == sound[inside.stop :].tobytes()
    assert record.truth.faults == (fault,)
    return record, seen[inside], sound[inside]


NUMBERS = ("spo2", "temperature")
"""They may stay the same for 20 seconds anyway."""
SHOWN = [
    (kind, channel.name)
    for kind in FaultKind
    for channel in CHANNELS
    if channel.name not in NUMBERS or kind not in (FaultKind.FLAT, FaultKind.SATURATION)
]


@pytest.mark.parametrize(("kind", "channel"), SHOWN)
def test_every_fault_is_seen_on_every_channel_for_its_time_only(
    kind: FaultKind, channel: str
) -> None:
    _, seen, sound = pair(kind, channel)
    assert seen.tobytes() != sound.tobytes()


def test_a_rail_is_one_end_of_the_range() -> None:
    assert np.all(pair(FaultKind.RAIL, "ecg")[1] == 10.0)
    assert np.all(pair(FaultKind.RAIL, "ecg", -3.0)[1] == -3.0)


def test_a_flat_line_is_the_last_value() -> None:
    record, seen, _ = pair(FaultKind.FLAT, "ppg")
    assert np.all(seen == record.signals["ppg"][round(START_S * 125) - 1])
    record, seen, _ = pair(FaultKind.FLAT, "acceleration")
    assert np.all(seen == record.signals["acceleration"][round(START_S * 100) - 1])


def test_a_flat_line_from_the_first_sample_of_a_stretch() -> None:
    script = Script((Sinus(60),), faults=(Fault(FaultKind.FLAT, "ecg", 30.0, 5),))
    ecg = simulate(script, 1).signals["ecg"]
    assert np.all(ecg[7500:8750] == ecg[7499])


def test_missing_is_no_number() -> None:
    assert np.isnan(pair(FaultKind.MISSING, "acceleration")[1]).all()
    assert np.isnan(pair(FaultKind.PROBE_OFF, "spo2")[1]).all()
    dropouts = np.isnan(pair(FaultKind.DROPOUTS, "ecg", 0.25)[1])
    assert dropouts.mean() == pytest.approx(0.25, abs=0.03)


def test_hum_is_sixty_hertz_and_nothing_else() -> None:
    _, seen, _ = pair(FaultKind.HUM, "ecg", 2.0)
    power = np.abs(np.fft.rfft(seen)) ** 2
    hertz = np.fft.rfftfreq(len(seen), 1 / 250)
    assert hertz[np.argmax(power)] == pytest.approx(60)
    assert power[np.abs(hertz - 60) < 0.2].sum() > 0.999 * power.sum()
    assert np.ptp(seen) == pytest.approx(2.0, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [FaultKind.MOTION, FaultKind.MUSCLE])
@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 6.0, 12.0])
def test_noise_is_as_strong_as_its_level(kind: FaultKind, snr_db: float) -> None:
    """The signal's power is an eighth of its squared height; at 0 dB, noise of 0.354 mV."""
    strengths = []
    for seed in range(4):
        script = Script((Sinus(120),), faults=(Fault(kind, "ecg", 0, 120, snr_db),))
        noise = simulate(script, seed, CHANNELS[:1]).signals["ecg"]
        noise = noise - simulate(Script((Sinus(120),)), seed, CHANNELS[:1]).signals["ecg"]
        strengths.append(float(np.sqrt(np.mean(noise**2))))
    wanted = 10 ** (-snr_db / 20) / np.sqrt(8)
    assert np.mean(strengths) == pytest.approx(wanted, rel=0.15)


def test_motion_is_slow_and_muscle_is_broad() -> None:
    def share_below_10_hz(kind: FaultKind) -> float:
        _, seen, sound = pair(kind, "ecg", -6.0)
        power = np.abs(np.fft.rfft(seen - sound)) ** 2
        hertz = np.fft.rfftfreq(len(seen), 1 / 250)
        return float(power[hertz < 10].sum() / power.sum())

    assert share_below_10_hz(FaultKind.MOTION) > 0.85
    assert share_below_10_hz(FaultKind.MUSCLE) < 0.2


def test_saturation_cuts_off_both_ends() -> None:
    _, seen, sound = pair(FaultKind.SATURATION, "ecg", 0.3)
    assert np.ptp(sound) > 0.9
    assert np.ptp(seen) < 0.65
    assert (seen == seen.max()).sum() > 50


def test_weak_makes_the_signal_smaller_and_not_the_noise() -> None:
    _, seen, sound = pair(FaultKind.WEAK, "ppg", 0.1)
    assert np.ptp(sound) > 0.9
    assert np.ptp(seen) < 0.35
    fine = np.diff(seen, 2).std()
    assert fine == pytest.approx(0.004 * np.sqrt(6), rel=0.2)  # of white noise of 0.004


def test_a_probe_off_sees_no_pulse() -> None:
    _, seen, _ = pair(FaultKind.PROBE_OFF, "ppg")
    assert seen.std() < 0.01
    assert (np.diff(seen) != 0).all()


def test_faults_on_the_same_channel_lie_on_top_of_each_other() -> None:
    faults = (
        Fault(FaultKind.MOTION, "ecg", 5, 20, -6.0),
        Fault(FaultKind.MISSING, "ecg", 10, 5),
        Fault(FaultKind.RAIL, "ecg", 12, 6),
    )
    ecg = simulate(Script((Sinus(30),), faults=faults), 1).signals["ecg"]
    assert np.isnan(ecg[2500:3000]).all()
    assert np.all(ecg[3000:4500] == 10.0)
    assert np.ptp(ecg[4500:6250]) > 1.2


def test_a_level_is_in_the_channel_s_own_quantity_whatever_its_unit() -> None:
    lead = Channel("ecg", Signal.ECG, "uV", 500)
    script = Script((Sinus(20),), faults=(Fault(FaultKind.RAIL, "ecg", 5, 5, 3.0),))
    ecg = simulate(script, 1, (lead,)).signals["ecg"]
    assert np.all(ecg[2500:5000] == 3000.0)


def test_an_ecg_never_leaves_its_range() -> None:
    script = Script(
        (Sinus(20),),
        person=Person(range_mv=0.8),
        faults=(Fault(FaultKind.RAIL, "ecg", 5, 5, 100.0),),
    )
    ecg = simulate(script, 1).signals["ecg"]
    assert np.abs(ecg).max() == pytest.approx(0.8)


def test_a_fault_says_what_it_may_be_noticed_as() -> None:
    assert Reason.LEAD_OFF in Fault(FaultKind.RAIL, "ecg", 0, 1).reasons
    assert Fault(FaultKind.MOTION, "ecg", 0, 1, 0.0).certain
    assert not Fault(FaultKind.MOTION, "ecg", 0, 1, 6.0).certain
    assert Fault(FaultKind.MOTION, "ecg", 0, 1, 6.0).hides
    assert not Fault(FaultKind.MOTION, "ecg", 0, 1, 12.0).hides
    assert Fault("flat", "ecg", 0, 1) == Fault(FaultKind.FLAT, "ecg", 0, 1)  # type: ignore[arg-type]
    assert Fault(FaultKind.FLAT, "ecg", 2, 3).end_s == 5
