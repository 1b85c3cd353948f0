"""What somebody at the bedside does, and what is heard there; for cases about operators."""

from typing import Final

from edgeward_harness.rig.ward import Bed, Event, Ward

BY: Final = "nurse of the bench"
PAUSE_MAX_MS: Final = 120_000
"""No pause of the sound may last longer."""


def pause(ward: Ward, bed: Bed, seconds: float) -> None:
    """Pause the sound of a patient's alarms."""
    ward.device.call(
        "alarm.inactivate",
        {
            "patient": bed.patient,
            "state": "audio_paused",
            "duration_ms": round(seconds * 1000),
            "by": BY,
        },
    )


def acknowledge(ward: Ward, alarm: str) -> None:
    """Answer one occurrence of an alarm."""
    ward.device.call("alarm.acknowledge", {"alarm": alarm, "by": BY})


def audible(ward: Ward, bed: Bed) -> str | None:
    """The priority of what is heard of a patient now."""
    heard: str | None = ward.state(bed.patient)["audible"]
    return heard


def paused_s(ward: Ward, bed: Bed) -> float | None:
    """How long the pause of a patient's sound still lasts, as it is shown; None without one."""
    for one in ward.state(bed.patient)["inactive"]:
        if one["patient"] == bed.patient and one["state"] == "audio_paused":
            left = one["remaining_ns"]
            return None if left is None else float(left) / 1e9
    return None


def alarm_of(ward: Ward, bed: Bed, priority: str) -> Event | None:
    """The first alarm of this priority that is shown for a patient."""
    shown = ward.state(bed.patient)["alarms"]
    return next((one for one in shown if one["priority"] == priority), None)


def until_heard(ward: Ward, beds: list[Bed], bed: Bed, priority: str, most_s: int) -> float | None:
    """Play until this priority is heard of a patient: how long it took; None when it never was."""
    begun_s = ward.now_s
    for _ in range(most_s):
        if audible(ward, bed) == priority:
            return ward.now_s - begun_s
        ward.play(beds, 1.0)
    return ward.now_s - begun_s if audible(ward, bed) == priority else None
