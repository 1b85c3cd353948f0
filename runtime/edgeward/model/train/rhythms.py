"""What the model may say about five seconds of ECG, and what belongs to which word."""

from enum import StrEnum
from typing import Final

RATE_HZ: Final = 250
WINDOW_SAMPLES: Final = 1250
HOP_SAMPLES: Final = 250


class Label(StrEnum):
    """The rhythms; the order is that of the model's answers."""

    ASYSTOLE = "asystole"
    BRADYCARDIA = "bradycardia"
    SINUS = "sinus"
    TACHYCARDIA = "tachycardia"
    VENTRICULAR_FIBRILLATION = "ventricular_fibrillation"
    VENTRICULAR_TACHYCARDIA = "ventricular_tachycardia"


LABELS: Final = tuple(Label)
MEANS: Final = {
    Label.ASYSTOLE: "no ventricular beat for most of the window",
    Label.BRADYCARDIA: "fewer than 60 beats a minute",
    Label.SINUS: "60 to 100 beats a minute, of sinus or another rhythm that none of the others is",
    Label.TACHYCARDIA: "more than 104 beats a minute that do not begin in the ventricles",
    Label.VENTRICULAR_FIBRILLATION: "ventricular fibrillation or flutter",
    Label.VENTRICULAR_TACHYCARDIA: "wide beats in a run, 100 a minute or more",
}
_SLOW_BPM: Final = 58.0
_USUAL_BPM: Final = (60.0, 100.0)
_FAST_BPM: Final = 104.0


def of_rate(rate_bpm: float) -> Label | None:
    """What beats of a supraventricular rhythm are called; None between two words."""
    low, high = _USUAL_BPM
    if rate_bpm <= _SLOW_BPM:
        return Label.BRADYCARDIA
    if low <= rate_bpm <= high:
        return Label.SINUS
    return Label.TACHYCARDIA if rate_bpm >= _FAST_BPM else None
