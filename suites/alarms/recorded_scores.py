"""What was told of recorded patients, held against what people marked in the recordings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from edgeward_harness.measure.clusters import Share
from edgeward_harness.measure.scoring.beats import AamiClass, BeatTable, Labelled, score_beats
from edgeward_harness.measure.scoring.episodes import Episode, EpisodeScore, score_episodes
from edgeward_harness.rig.playing import Played
from edgeward_harness.rig.recordings.recording import Recording

TOLD_WITHIN_S: Final = 3.0
"""A beat may be told so late, since its class may rest on the next one: of the last ones of a
recording nothing is asked."""
UNPACED: Final = 0.1
"""More unclassified beats than this are those of a pacemaker (EC57 leaves such records out)."""

KEEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Asystole": ("asystole", "ventricular_fibrillation", "no_pulse"),
    "Bradycardia": ("extreme_bradycardia", "asystole", "heart_rate_low", "pause"),
    "Tachycardia": (
        "extreme_tachycardia",
        "heart_rate_high",
        "ventricular_tachycardia",
        "ventricular_fibrillation",
    ),
    "Ventricular_Flutter_Fib": (
        "ventricular_fibrillation",
        "asystole",
        "ventricular_tachycardia",
    ),
    "Ventricular_Tachycardia": ("ventricular_tachycardia", "ventricular_fibrillation"),
}
"""By the kind of a bedside alarm, the alarms of the device that call for the same help."""
FIBRILLATION: Final = frozenset({"VF", "VFIB", "VFL"})
LIKE_IT: Final = FIBRILLATION | {"VT", "ASYS", "NOISE"}
LETHAL_ALARMS: Final = ("ventricular_fibrillation", "ventricular_tachycardia", "asystole")
SOON_S: Final = 5.0
"""After the end of an episode: whoever hears of it then still hears of it."""
LETHAL_KINDS: Final = ("Asystole", "Ventricular_Flutter_Fib")
LOOKED_AT_S: Final = 12.0
"""Before the end of a recording that ends with an alarm."""


def is_paced(recording: Recording) -> bool:
    """Whether a pacemaker drives this heart."""
    classes = list(recording.beats.classes)
    return classes.count(AamiClass.UNCLASSIFIED) > UNPACED * len(classes)


def beat_table(played: Played) -> BeatTable:
    """Beat by beat after EC57."""
    told = sorted((int(one["sample"]), AamiClass(one["class"])) for _, one in played.events("beat"))
    recording, rate_hz = played.recording, played.recording.waves[0].rate_hz
    end = len(recording.waves[0].samples)
    untold = (end - round(TOLD_WITHIN_S * rate_hz), end)
    return score_beats(
        recording.beats,
        Labelled([at for at, _ in told], [kind for _, kind in told]),
        rate_hz,
        [*recording.unmarked, untold],
    )


def found_share(name: str, table: BeatTable) -> Share:
    """Of the beats that people marked, those that were found."""
    found = table.total(AamiClass, AamiClass)
    return Share(name, found, found + table.total(AamiClass, [None]))


def right_share(name: str, table: BeatTable) -> Share:
    """Of the beats that were told, those that people marked."""
    found = table.total(AamiClass, AamiClass)
    return Share(name, found, found + table.total([None], AamiClass))


def was_kept(played: Played) -> bool:
    """Whether the device calls for the help that the bedside monitor called for."""
    alarm = played.recording.alarm
    assert alarm is not None
    since_s = played.seconds - LOOKED_AT_S
    return any(end > since_s for _, end in played.alarms(*KEEPS[alarm.kind]))


def fibrillation_score(played: Played) -> EpisodeScore:
    """Fibrillation and flutter.

    An episode is found when something lethal was up; fibrillation that was told is false when there
    was nothing that needs the same answer, or that nobody could tell from it.
    """
    recording = played.recording
    rate_hz = recording.waves[0].rate_hz
    truth = _stretches(recording, FIBRILLATION, rate_hz)
    excused = _stretches(recording, LIKE_IT, rate_hz)
    found = score_episodes(truth, played.alarms(*LETHAL_ALARMS), played.seconds, SOON_S)
    false = score_episodes(
        excused, played.alarms("ventricular_fibrillation"), played.seconds, SOON_S
    )
    return replace(found, told=false.told, false=false.false, told_s=false.told_s)


def _stretches(recording: Recording, rhythms: frozenset[str], rate_hz: float) -> list[Episode]:
    """Where the rhythm was one of these, stretches that touch taken as one."""
    found: list[Episode] = []
    for one in recording.rhythms:
        if one.rhythm not in rhythms:
            continue
        if found and found[-1][1] >= one.first / rate_hz:
            found[-1] = (found[-1][0], one.end / rate_hz)
        else:
            found.append((one.first / rate_hz, one.end / rate_hz))
    return found
