"""What is seen from afar tells how urgent it is: measured in the samples of the light."""

from dataclasses import dataclass
from typing import Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.ward import Bed, Ward
from edgeward_harness.run.measure import Measure

from .light import Seen, look
from .patients import feverish, saturated
from .recording import count

STEP_MS: Final = 1000
LOOKED_S: Final = 15
"""Six flashes of the slowest light that is allowed."""
SETTLED_S: Final = 12.0
BETWEEN_S: Final = 20.0
GRAIN: Final = 0.03
"""How finely a share is measured: one sample in a hundred at each edge of a flash."""
FEVER: Final = ((60.0, 38.6),)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How a light must be; without limits it must not flash."""

    colours: frozenset[str]
    flashes_hz: tuple[float, float] | None = None
    on_share: tuple[float, float] = (0.2, 0.6)


WANTED: Final = {
    "high": _Wanted(frozenset({"red"}), (1.4, 2.8)),
    "medium": _Wanted(frozenset({"yellow"}), (0.4, 0.8)),
    "low": _Wanted(frozenset({"cyan", "yellow"})),
}


@pytest.mark.case("TC-ALM-023")
def test_light(measure: Measure, rig: Rig) -> None:
    """HIGH, MEDIUM and LOW are seen as what they are, the most urgent first, and of the well none.

    Method: simulated patients, well, with a saturation of 84 or 89 %, or with a little fever, one
    after the other, and then all at once. The light of fifteen seconds is asked for, second by
    second, and measured: its colours, how often it flashes, and for how much of each flash it is
    on. A light that does not flash must be on all the time.
    """
    repeats = rig.samples("TC-ALM-023")
    faults: list[str] = []
    with rig.open_device(simulated_clock=True) as device:
        ward = Ward(device, STEP_MS)
        for number in range(repeats):
            beds = _beds(rig, number)
            for priority, bed in beds.items():
                faults += _faults(ward, [bed], priority)
            faults += _faults(ward, list(_beds(rig, number, "among").values()), "high")
            rig.progress(number + 1, repeats)
    count(
        measure, "lights_otherwise", faults, 5 * repeats,
        "colour, flashes and their length of each priority, and darkness",
    )  # fmt: skip


def _beds(rig: Rig, number: int, among: str = "") -> dict[str, Bed]:
    def bed(name: str, saturation: float) -> Bed:
        patient = f"{among} {name} {number}".strip()
        return saturated(patient, rig.seed(patient), (60.0, saturation))

    low = feverish(bed("low", 97.0), rig.seed(f"{among} fever {number}"), *FEVER)
    return {
        "well": bed("well", 97.0),
        "low": low,
        "medium": bed("medium", 89.0),
        "high": bed("high", 84.0),
    }


def _faults(ward: Ward, beds: list[Bed], priority: str) -> list[str]:
    ward.admit(*beds)
    ward.play(beds, SETTLED_S)
    found = look(ward, beds, LOOKED_S)
    ward.discharge(*beds)
    ward.rest(BETWEEN_S)
    faults = _otherwise(found, WANTED.get(priority))
    return [f"{beds[-1].patient}: {', '.join(faults)}"] if faults else []


def _otherwise(found: Seen, wanted: _Wanted | None) -> list[str]:
    """What is not as it must be."""
    if wanted is None:
        return [f"{', '.join(sorted(found.colours))} is seen"] if found.colours else []
    if len(found.colours) != 1 or not found.colours <= wanted.colours:
        return [f"{', '.join(sorted(found.colours)) or 'nothing'} is seen"]
    if wanted.flashes_hz is None:
        return [f"it flashes at {found.flashes_hz[0]:.2f} Hz"] if found.flashes_hz else []
    if not found.flashes_hz:
        return ["it does not flash"]
    faults: list[str] = []
    slowest, fastest = min(found.flashes_hz), max(found.flashes_hz)
    least_hz, most_hz = wanted.flashes_hz
    if slowest < least_hz or fastest > most_hz:
        faults.append(f"flashes at {slowest:.2f} to {fastest:.2f} Hz")
    shortest, longest = min(found.on_shares), max(found.on_shares)
    if shortest < wanted.on_share[0] - GRAIN or longest > wanted.on_share[1] + GRAIN:
        faults.append(f"on for {shortest:.2f} to {longest:.2f} of the time")
    return faults
