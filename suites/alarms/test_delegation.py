"""Alarms told elsewhere come back when the link is lost, and go on until somebody comes."""

from typing import Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Ward
from edgeward_harness.run.measure import Measure

from .acting import audible
from .elsewhere import REFRESH_MS, Delegated, Receiver
from .patients import saturated
from .recording import count, delays

STEP_MS: Final = 1000
FALLS_AFTER_S: Final = 10.0
LASTS_S: Final = 120.0
CONFIRM_S: Final = 15
BACK_WITHIN_S: Final = REFRESH_MS / 1000 + 1
"""After the last message that came, and the second in which it is looked at."""
LINK_LOST, UNANSWERED = "link_lost", "delegation_unanswered"


@pytest.mark.case("TC-ALM-021")
def test_delegation(measure: Measure, rig: Rig) -> None:
    """A sound that is left to others comes back with the link lost, and unanswered alarms go on.

    Method: the alarms of simulated patients whose saturation falls to 84 % are delegated with their
    sound; the bench is the receivers. While a receiver proves that it gives the signals, nothing is
    heard here, and the alarm stays lit. Then it falls silent: the sound must be back, and a
    technical alarm about the link up, within the time that was settled and a second. With another
    patient nobody confirms: the next receiver must be asked within the time for it, and when all
    were asked, the sound is back and a technical alarm says so. Of a third one a person confirms:
    no further receiver is asked.
    """
    repeats = rig.samples("TC-ALM-021")
    faults: list[str] = []
    back_s: list[float] = []
    asked_s: list[float] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            _lost(_delegated(rig, ward, f"lost {number}", "station"), faults, back_s)
            _in_vain(_delegated(rig, ward, f"vain {number}", "station", "chief"), faults, asked_s)
            _confirmed(_delegated(rig, ward, f"confirmed {number}", "station", "chief"), faults)
            rig.progress(number + 1, repeats)
    delays(measure, "link_lost_to_sound_here", back_s, BACK_WITHIN_S)
    delays(measure, "unanswered_to_next_receiver", asked_s, CONFIRM_S + 1)
    count(
        measure, "alarms_elsewhere_otherwise", faults, 8 * repeats,
        "left while it is proven, lit here, back when lost, on to the next until one confirms",
    )  # fmt: skip


def _delegated(rig: Rig, ward: Ward, name: str, *receivers: str) -> Delegated:
    """A patient whose HIGH alarm is up and has been offered."""
    bed = saturated(name, rig.seed(name), (FALLS_AFTER_S, 97.0), (LASTS_S, 84.0))
    ward.admit(bed)
    one = Delegated(ward, bed, [Receiver(each) for each in receivers], CONFIRM_S)
    one.begin()
    one.play(round(FALLS_AFTER_S))
    return one


def _lost(one: Delegated, faults: list[str], back_s: list[float]) -> None:
    """The link is cut while the sound is left to the other end."""
    ward, bed, station = one.ward, one.bed, one.receivers[0]
    if one.play_until(10, lambda: station.open) is None:
        faults.append(f"{bed.patient}: nothing is offered")
    one.play(3)
    if audible(ward, bed) is not None:
        faults.append(f"{bed.patient}: heard here though it is heard there")
    if ward.state(bed.patient)["visible"] != "high":
        faults.append(f"{bed.patient}: not lit here")
    station.answers = False
    back = one.play_until(20, lambda: audible(ward, bed) == "high")
    back_s.append(float("inf") if back is None else float(back))
    if one.play_until(5, lambda: one.technical(LINK_LOST)) is None:
        faults.append(f"{bed.patient}: no alarm about the link")
    one.end()


def _in_vain(one: Delegated, faults: list[str], asked_s: list[float]) -> None:
    """Two are asked, and nobody confirms."""
    station, chief = one.receivers
    one.play_until(10, lambda: station.open)
    if chief.open:
        faults.append(f"{one.bed.patient}: both are asked at once")
    asked = one.play_until(3 * CONFIRM_S, lambda: chief.open)
    asked_s.append(float("inf") if asked is None else float(asked))
    unanswered = one.play_until(2 * CONFIRM_S, lambda: one.technical(UNANSWERED))
    if unanswered is None or audible(one.ward, one.bed) != "high":
        faults.append(f"{one.bed.patient}: all were asked in vain, and it is not told or heard")
    one.end()


def _confirmed(one: Delegated, faults: list[str]) -> None:
    """A person confirms in time."""
    station, chief = one.receivers
    one.play_until(10, lambda: station.open)
    station.confirm("doctor of the bench")
    one.play(2 * CONFIRM_S)
    if chief.open or one.technical(UNANSWERED):
        faults.append(f"{one.bed.patient}: the next one is asked though somebody has confirmed")
    if _who(one) != ("doctor of the bench",):
        faults.append(f"{one.bed.patient}: {_who(one)} have confirmed")
    one.end()


def _who(one: Delegated) -> tuple[str, ...]:
    told = [each.event for each in one.ward.told if each.event["kind"] == "alarm"]
    return tuple(
        event["who"]
        for event in told
        if event["what"] == "confirmed" and event["patient"] == one.bed.patient
    )
