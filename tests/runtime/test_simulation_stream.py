"""The same seed is the same bytes, however much is generated at once, and whatever beside it."""

from typing import Any

import numpy as np
import pytest

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.simulation import heart
from edgeward.signal.simulation.body_steps import Apnea, Breathing, Motion, Movement, Saturation
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.faults import Fault, FaultKind
from edgeward.signal.simulation.generate import CHANNELS, simulate, stream
from edgeward.signal.simulation.heart_steps import (
    Asystole,
    AtrialFibrillation,
    Ectopy,
    Paced,
    Pause,
    Sinus,
    VentricularFibrillation,
    VentricularTachycardia,
)
from edgeward.signal.simulation.script import Script

BUSY = Script(
    heart=(
        Sinus(25, 70, 120),
        VentricularTachycardia.run(6, 180),
        AtrialFibrillation(14),
        VentricularFibrillation(9),
        Asystole(8, p_waves_bpm=60, spikes_bpm=70),
        Paced(8),
        Ectopy(12),
        Pause(3),
        Sinus(10),
    ),
    breath=(Breathing(40, 14), Apnea(25)),
    saturation=(Saturation.slope(98, 80, 0.5),),
    motion=(Motion(20), Motion(20, Movement.WALK), Motion(5, Movement.FALL)),
    faults=(
        Fault(FaultKind.MOTION, "ecg", 12, 30),
        Fault(FaultKind.FLAT, "ecg", 45.3, 20),
        Fault(FaultKind.DROPOUTS, "spo2", 20, 30),
        Fault(FaultKind.MUSCLE, "ppg", 5, 40),
        Fault(FaultKind.HUM, "ecg", 70, 5),
    ),
)


@pytest.mark.parametrize("seconds", [0.04, 1.0, 7.3, 30.0, 64.0])
def test_a_stream_is_the_record_however_it_is_cut(seconds: float) -> None:
    record = simulate(BUSY, 7)
    blocks = list(stream(BUSY, 7, seconds=seconds))
    for name, whole in record.signals.items():
        pieces = [block.signals[name] for block in blocks]
        assert np.concatenate(pieces).tobytes() == whole.tobytes()
        firsts = np.cumsum([0, *(len(piece) for piece in pieces)])[:-1]
        assert [block.first[name] for block in blocks] == firsts.tolist()
    assert {block.provenance for block in blocks} == {"simulated"}


def test_a_channel_does_not_depend_on_the_others() -> None:
    record = simulate(BUSY, 7)
    ecg_and_light = tuple(one for one in CHANNELS if one.name in ("ecg", "ppg", "spo2"))
    alone = simulate(BUSY, 7, ecg_and_light)
    assert alone.signals["ecg"].tobytes() == record.signals["ecg"].tobytes()
    assert simulate(BUSY, 8).signals["ecg"].tobytes() != record.signals["ecg"].tobytes()


def test_another_lead_shows_the_same_beats_in_another_shape() -> None:
    leads = (Channel("ecg", Signal.ECG, "mV", 250), Channel("v5", Signal.ECG, "uV", 500))
    record = simulate(Script(heart=(Sinus(30),)), 3, leads)
    beats = record.truth.beats_s[2:-2]
    one, other = record.signals["ecg"], record.signals["v5"] / 1000.0
    heights = [
        np.array(
            [np.ptp(lead[int((at - 0.06) * hertz) : int((at + 0.06) * hertz)]) for at in beats]
        )
        for lead, hertz in ((one, 250), (other, 500))
    ]
    assert heights[0] == pytest.approx(np.full(len(beats), 1.0), abs=0.12)
    assert np.all((heights[1] > 0.4) & (heights[1] < 1.2))
    assert abs(heights[0].mean() - heights[1].mean()) > 0.02


def test_a_long_stream_keeps_no_more_than_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day is asked for, an hour is taken: work goes with what was taken, beats are forgotten."""
    parts = []
    inner = heart._Heart.part

    def counted(self: heart._Heart, *given: Any) -> Any:
        parts.append(given[0])
        return inner(self, *given)

    monkeypatch.setattr(heart._Heart, "part", counted)
    day = Script(heart=(Sinus(86_400),))
    blocks = stream(day, 1, CHANNELS[:1])
    for _ in range(3600):
        next(blocks)
    assert len(parts) <= 3600 / 60 + 2


def test_what_cannot_be_simulated_is_refused_with_every_fault() -> None:
    script = Script((Sinus(10),), faults=(Fault(FaultKind.FLAT, "eeg", 1, 1),))
    with pytest.raises(ScriptError) as refused:
        simulate(script, -1)
    assert "found the channel 'eeg'; accepted: ecg, ppg" in refused.value.diagnostics()
    assert "found the seed -1" in refused.value.diagnostics()
    with pytest.raises(ScriptError, match=r"seconds: found 0.*\n.*rate_bpm: found 500"):
        Sinus(0, 500)
    with pytest.raises(ScriptError, match="pattern"):
        Ectopy(10, pattern="VV")
    with pytest.raises(ScriptError, match="found no step"):
        Script(())
    with pytest.raises(ScriptError, match=r"level: found 50\.0"):
        Fault(FaultKind.MOTION, "ecg", 0, 1, 50.0)
    with pytest.raises(ScriptError, match="accepted: none"):
        Fault(FaultKind.FLAT, "ecg", 0, 1, 1.0)
    with pytest.raises(ScriptError, match="accepted: at most"):
        Script((Sinus(5),), breath=(Breathing(10),)) + BUSY
    with pytest.raises(ScriptError, match=r"blocks of 0 s"):
        next(stream(BUSY, 1, seconds=0))


def test_scripts_follow_each_other_lane_by_lane() -> None:
    first = Script((Sinus(20),), saturation=(Saturation(10, 98, 88),))
    both = first + Script(
        (Asystole(10),), faults=(Fault(FaultKind.RAIL, "ecg", 2, 3),), breath=(Apnea(10),)
    )
    truth = simulate(both, 5).truth
    assert truth.seconds == 30
    assert truth.faults[0].start_s == 22
    assert [span.rhythm for span in truth.rhythms] == ["sinus", "asystole"]
    assert truth.breaths_s.max() < 20
    assert truth.breaths_s.max() > 14
    spo2 = truth.vitals["spo2"]  # type: ignore[index] # a vital is its word
    assert (spo2[5], spo2[15], spo2[25]) == pytest.approx((93, 88, 98))
