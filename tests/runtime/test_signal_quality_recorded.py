"""Signal quality on real recordings: what must be noise, and what must not.

More of them, with figures, are in `benchmarks/bench_quality.py`.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from recorded import recordings

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.findings import DefectChange, Reason
from edgeward.signal.quality.quality import quality_of
from edgeward.signal.recording import read_recording

Wave = NDArray[np.float32]


def stretch(collection: str, name: str, begin_s: int, end_s: int) -> tuple[Wave, int]:
    """Part of the first channel of a record, and its rate."""
    channel = read_recording(recordings(collection, f"{name}.hea"))[0]
    rate_hz = int(channel.rate_hz)
    return channel.samples[begin_s * rate_hz : end_s * rate_hz].copy(), rate_hz


def changes(wave: Wave, rate_hz: int) -> list[DefectChange]:
    quality = quality_of(Channel("II", Signal.ECG, "mV", rate_hz))
    found = quality.push(wave, np.ones(len(wave), np.bool_))
    return [one for one in found if isinstance(one, DefectChange)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "begin_s", "end_s"),
    [
        ("422", 1540, 1680),  # fibrillation
        ("426", 900, 1040),  # fibrillation
        ("418", 200, 340),  # a rhythm, then flutter and back
        ("611", 1300, 1440),  # ventricular tachycardia
        ("614", 1500, 1640),  # ventricular tachycardia
    ],
)
def test_a_rhythm_that_kills_is_no_defect(name: str, begin_s: int, end_s: int) -> None:
    assert changes(*stretch("vfdb", name, begin_s, end_s)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["101", "106", "119", "207", "230"])
def test_a_rhythm_that_is_sound_is_no_defect(name: str) -> None:
    assert changes(*stretch("mitdb", name, 600, 720)) == []


def with_motion(ratio_db: float) -> tuple[Wave, int]:
    """Record 118 with the motion of an electrode from the 60th second to the 180th."""
    wave, rate_hz = stretch("mitdb", "118", 0, 240)
    with np.load(recordings("nstdb", "em_scaled_from_118e00.npz")) as official:
        motion = official["adu"][: 120 * rate_hz, 0] / float(official["gain"])
    wave[60 * rate_hz : 180 * rate_hz] += (motion * 10 ** (-ratio_db / 20)).astype(np.float32)
    return wave, rate_hz


@pytest.mark.slow
def test_electrode_motion_at_6_db_is_told_within_ten_seconds_and_ends() -> None:
    wave, rate_hz = with_motion(6)
    found = changes(wave, rate_hz)
    assert {one.defect for one in found} == {Reason.NOISE, Reason.DISTURBED}
    assert 60 * rate_hz < found[0].at <= 70 * rate_hz
    assert not found[-1].present
    assert found[-1].at < 200 * rate_hz


@pytest.mark.slow
@pytest.mark.parametrize(("ratio_db", "told"), [(24, set()), (18, {Reason.DISTURBED})])
def test_a_little_motion_is_no_noise(ratio_db: float, told: set[Reason]) -> None:
    assert {one.defect for one in changes(*with_motion(ratio_db))} == told
