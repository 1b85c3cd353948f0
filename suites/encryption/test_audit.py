"""Who did what is written where nobody can take it back unseen."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import pytest

from edgeward_harness.rig.audit_trail import read_trail
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Receiving, receiving, until
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import AT_ONCE
from .recording import count, drawn
from .storage import copied, part_of
from .trail import APART, CHANGES, TRAIL, Told, changed, told_of

WITHIN_S: Final = 15.0
WANTED: Final = (
    "link.requested", "link.connected", "alarm.limits", "alarm.audio_paused", "keys.rotated",
    "keys.erased", "records.closed", "records.opened",
)  # fmt: skip
"""What was done, by the words of docs/audit.md."""


@dataclass(frozen=True, slots=True)
class Life:
    """A device that is off, and what is known of its trail."""

    rx: Receiving
    device: str
    told: Told
    nurse: str
    patient: str
    state: Path
    folder: Path


@pytest.mark.case("TC-ENC-011")
def test_audit(measure: Measure, rig: Rig) -> None:
    """What was done stands in the trail, and the receiver's heads find what was changed in it.

    Method: a device is enrolled; a person sets limits and pauses a sound, keys are rotated, a
    patient is erased; it ends, and lives again. When it is off its trail is read by docs/audit.md
    alone, and held against the heads that its receiver got: nothing may be wrong, each act and who
    did it must be there, and not the name of the patient. Then copies are changed, each in one way
    at a drawn line before the newest head: removed, swapped, edited, edited or removed with all
    later lines tied anew, cut off, with the head that lies on the device, and emptied. Each must be
    found. The device is started on one that was cut: the trail that it goes on with must not hide
    it.
    """
    repeats = rig.samples("TC-ENC-011")
    random = drawn(rig.seed("changes"))
    wrong: list[str] = []
    missing: list[str] = []
    unfound: list[str] = []
    hidden: list[str] = []
    lines = trials = 0
    for number in range(repeats):
        with _lived(rig, number) as life:
            trail = read_trail(life.state / TRAIL, life.device, life.told.key, life.told.heads)
            lines += max(trail.last, 1)
            wrong += trail.faults
            missing += _missing(life, trail.actions())
            for name in (*CHANGES, "emptied"):
                trials += 1
                unfound += _unfound(life, name, drawn(random.randrange(1 << 32)))
            hidden += _gone_on(rig, life, drawn(random.randrange(1 << 32)))
        rig.progress(number + 1, repeats)
    count(measure, "lines_that_do_not_hold", wrong, lines, "each proves itself and follows another")
    count(
        measure, "acts_untold_or_patients_named", missing, repeats * (len(WANTED) + 2),
        "each act and who did it, nobody's name, a head at the receiver",
    )  # fmt: skip
    count(measure, "changes_of_the_trail_unfound", unfound, trials, "each change is found")
    count(
        measure, "cuts_hidden_by_a_start", hidden, repeats,
        "what was cut off stays found when the device goes on",
    )  # fmt: skip


@contextlib.contextmanager
def _lived(rig: Rig, number: int) -> Iterator[Life]:
    """A device with something to tell; it is off when the block begins."""
    draw = drawn(rig.seed(f"life {number}"))
    nurse, patient = f"nurse-{draw.randbytes(4).hex()}", f"patient-{draw.randbytes(6).hex()}"
    with (
        tempfile.TemporaryDirectory(prefix="edgeward-state-") as made,
        receiving(rig.seed(f"audit {number}")) as rx,
    ):
        folder = Path(made)
        own = folder / "own"
        own.mkdir()
        with rig.open_device(state=own) as device:
            name = str(device.description["device"]["id"])
            rx.enrol(device, **AT_ONCE)
            _acts(device, nurse, patient)
            device.shutdown()
            device.restart()
            device.call("keys.rotate", {})
            until(lambda: _told_of_all(rx, name, own), WITHIN_S)
            device.kill()
        part_of(own, TRAIL)
        yield Life(rx, name, told_of(rx, name), nurse, patient, copied(own, folder / "off"), folder)


def _acts(device: DeviceSession, nurse: str, patient: str) -> None:
    device.call("patient.admit", {"patient": patient, "category": "adult"})
    bounds = {"low_warning": 45, "high_warning": 130}
    device.call(
        "alarm.limits",
        {"patient": patient, "vital": "heart_rate", "unit": "/min", "by": nurse, **bounds},
    )
    pause = {"state": "audio_paused", "duration_ms": 60_000}
    device.call("alarm.inactivate", {"patient": patient, "by": nurse, **pause})
    device.call("keys.rotate", {})
    device.call("keys.erase", {"patient": patient})


def _told_of_all(rx: Receiving, name: str, state: Path) -> bool:
    """Whether a head has come that signs the acts of both lives."""
    told = told_of(rx, name)
    trail = read_trail(state / TRAIL, name, told.key)
    rotated = [one["n"] for one in trail.entries if one["action"] == "keys.rotated"]
    return len(rotated) > 1 and told.through >= rotated[-1]


def _missing(life: Life, actions: list[str]) -> list[str]:
    """What was done and is not told, and who must not be."""
    faults = [f"{one} is not in the trail" for one in WANTED if one not in actions]
    raw = b"".join(path.read_bytes() for path in (life.state / TRAIL).iterdir())
    if life.patient.encode() in raw:
        faults.append("the trail names a patient")
    if life.nurse.encode() not in raw:
        faults.append("the trail does not say who set limits")
    if not life.told.heads:
        faults.append("no head has arrived")
    return faults


def _unfound(life: Life, name: str, random: Random) -> list[str]:
    """A change that nobody would find: none, or what it was."""
    state = copied(life.state, life.folder / "changed")
    about = _change(state, name, life.told.through, random)
    trail = read_trail(state / TRAIL, life.device, life.told.key, life.told.heads)
    return [] if trail.faults else [about]


def _change(state: Path, name: str, through: int, random: Random) -> str:
    if name == "emptied":
        for path in (state / TRAIL).iterdir():
            path.unlink()
    elif through > 1:
        name = changed(state / TRAIL, name, through, random)
    if name.startswith(("cut off", "emptied")):
        (state / APART).unlink(missing_ok=True)
    return name


def _gone_on(rig: Rig, life: Life, random: Random) -> list[str]:
    """What a device has made of a trail that was cut: nothing that hides it."""
    if not life.told.heads:
        return ["a cut of a trail of which nobody was told how far it goes"]
    state = copied(life.state, life.folder / "cut")
    about = _change(state, "cut off", life.told.through, random)
    before = len(life.told.heads)
    with rig.open_device(state=state) as device:
        device.call("keys.rotate", {})
        until(lambda: len(told_of(life.rx, life.device).heads) > before, WITHIN_S)
        device.kill()
    told = told_of(life.rx, life.device)
    trail = read_trail(state / TRAIL, life.device, life.told.key, told.heads)
    return [] if trail.faults else [f"{about}, and a device that went on"]
