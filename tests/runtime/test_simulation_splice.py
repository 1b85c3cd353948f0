"""A recorded stretch in a simulated record: where it was put, as high as the rest, and told."""

import numpy as np
import pytest

from edgeward.signal.findings import BeatClass
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.expected import expected_alarms
from edgeward.signal.simulation.generate import CHANNELS, SimulatedRecord, simulate
from edgeward.signal.simulation.heart_steps import Sinus, VentricularFibrillation
from edgeward.signal.simulation.script import Person, Script
from edgeward.signal.simulation.splice import mix, resampled, splice

SCRIPT = Script((Sinus(40, 75), VentricularFibrillation(20), Sinus(20)))


def record() -> SimulatedRecord:
    return simulate(SCRIPT, 1, CHANNELS[:2])


def wave(hertz: float, seconds: float, rate_hz: float, height: float = 1.0) -> Samples:
    """As from another recorder: another rate, height and baseline."""
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    return (3.0 + 0.5 * height * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def test_a_stretch_is_put_where_it_was_meant_to_be_and_nowhere_else() -> None:
    before = record()
    after = splice(before, wave(5.0, 20, 360), 360, channel="ecg", at_s=40)
    was, now = before.signals["ecg"], after.signals["ecg"]
    assert was[: 40 * 250].tobytes() == now[: 40 * 250].tobytes()
    assert was[60 * 250 :].tobytes() == now[60 * 250 :].tobytes()
    inside = now[41 * 250 : 59 * 250]
    assert np.fft.rfftfreq(len(inside), 1 / 250)[
        np.argmax(np.abs(np.fft.rfft(inside - inside.mean())))
    ] == pytest.approx(5.0, abs=0.05)
    assert np.abs(np.diff(now)).max() < 0.5  # faded in and out: no step
    assert before.signals["ecg"] is was
    assert before.signals["ppg"] is after.signals["ppg"]


def test_everything_says_from_then_on_that_it_is_spliced() -> None:
    before = record()
    after = splice(before, wave(5.0, 5, 360), 360, channel="ecg", at_s=40)
    assert before.provenance == before.truth.provenance == "simulated"
    assert after.provenance == after.truth.provenance == "spliced"
    noisy = mix(before, wave(5.0, 5, 360), 360, channel="ecg", at_s=4, snr_db=6)
    assert noisy.provenance == "spliced"
    assert expected_alarms(after.truth) == expected_alarms(before.truth)


def test_a_stretch_is_as_high_as_the_channel() -> None:
    after = splice(record(), wave(5.0, 20, 250, height=40.0), 250, channel="ecg", at_s=40)
    assert np.ptp(after.signals["ecg"][41 * 250 : 59 * 250]) == pytest.approx(1.0, abs=0.15)


def test_a_stretch_that_is_small_in_its_own_recording_stays_small() -> None:
    """Fine fibrillation is a tenth of this patient's normal beats: so it is here."""
    own_beats = simulate(Script((Sinus(20),), person=Person(qrs_mv=10.0)), 5, CHANNELS[:1])
    fine = splice(
        record(), wave(5.0, 20, 250, height=1.0), 250, channel="ecg", at_s=40,
        like=own_beats.signals["ecg"],
    )  # fmt: skip
    assert np.ptp(fine.signals["ecg"][41 * 250 : 59 * 250]) == pytest.approx(0.1, abs=0.03)


def test_annotated_beats_take_the_place_of_the_script_s() -> None:
    before = simulate(Script((Sinus(60, 75),)), 1, CHANNELS[:1])
    beats = [(0.5, BeatClass.NORMAL), (1.1, BeatClass.VENTRICULAR)]
    truth = splice(
        before, wave(1.0, 10, 250), 250, channel="ecg", at_s=20, beats=beats
    ).truth  # fmt: skip
    inside = (truth.beats_s >= 20) & (truth.beats_s < 30)
    assert truth.beats_s[inside].tolist() == [20.5, 21.1]
    assert truth.classes[inside].tolist() == ["N", "V"]
    outside = before.truth.beats_s[(before.truth.beats_s < 20) | (before.truth.beats_s >= 30)]
    assert truth.beats_s[~inside].tolist() == outside.tolist()


@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 12.0])
def test_recorded_noise_is_mixed_in_at_its_ratio(snr_db: float) -> None:
    before = simulate(Script((Sinus(60),), person=Person(wander_mv=0)), 1, CHANNELS[:1])
    noise = np.random.default_rng(1).normal(0, 7, 30 * 360).astype(np.float32)
    after = mix(before, noise, 360, channel="ecg", at_s=10, snr_db=snr_db)
    added = after.signals["ecg"] - before.signals["ecg"]
    assert not added[: 10 * 250].any()
    assert not added[40 * 250 :].any()
    wanted = 10 ** (-snr_db / 20) / np.sqrt(8)
    assert added[10 * 250 : 40 * 250].std() == pytest.approx(wanted, rel=0.12)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(360, 250), (250, 360), (250, 500), (500, 125)])
def test_another_rate_is_the_same_signal(from_hz: float, to_hz: float) -> None:
    out = resampled(wave(11.0, 10, from_hz), from_hz, to_hz)
    wanted = wave(11.0, 10, to_hz)
    assert len(out) == len(wanted)
    middle = slice(round(to_hz), -round(to_hz))
    assert out[middle] == pytest.approx(wanted[middle], abs=0.01)


def test_a_lower_rate_folds_nothing_down() -> None:
    out = resampled(wave(100.0, 10, 500), 500, 125)
    assert np.ptp(out[125:-125]) < 0.05


def test_what_is_missing_stays_missing() -> None:
    gap = wave(5.0, 10, 250)
    gap[500:750] = np.nan
    out = resampled(gap, 250, 500)
    assert np.isnan(out[1002:1498]).all()
    assert np.isfinite(out[:998]).all()
    after = splice(record(), gap, 250, channel="ecg", at_s=40)
    assert np.isnan(after.signals["ecg"]).sum() == pytest.approx(250, abs=2)


def test_what_cannot_be_put_in_is_refused() -> None:
    with pytest.raises(ScriptError, match="from 75 to 85 s; accepted: within the 80 s"):
        splice(record(), wave(5.0, 10, 250), 250, channel="ecg", at_s=75)
    with pytest.raises(ScriptError, match="without any change"):
        splice(record(), np.zeros(2500, np.float32), 250, channel="ecg", at_s=5)
    with pytest.raises(ScriptError, match="none a number"):
        splice(record(), np.full(100, np.nan, np.float32), 250, channel="ecg", at_s=5)
    with pytest.raises(ScriptError, match="found the channel 'v9'; accepted: ecg, ppg"):
        splice(record(), wave(5.0, 10, 250), 250, channel="v9", at_s=5)
