"""Applicability is computed, and every no has a reason."""

from pathlib import Path

import pytest

from edgeward.profile import load_profile
from edgeward_harness import resources
from edgeward_harness.profile.applicability import Applicability, Need, applies
from edgeward_harness.profile.unit import Driver, Realization, Unit

WEARABLE = load_profile("wearable", [resources.device_profiles()]).profile
RACK = Unit("rack-3", Driver.PROCESS, ("x",), Path("/srv"), Realization.EMULATED)
YES = Applicability(applies=True, reason="")

CASES = [
    (Need(), (), YES),
    (Need(capabilities=("core",)), ("core", "infer"), YES),
    (Need(capabilities=("core", "clock")), None, YES),
    (Need(profiles=("gateway", "wearable")), (), YES),
    (Need(realizations=(Realization.EMULATED, Realization.ON_TARGET)), (), YES),
    (
        Need(capabilities=("core", "clock", "restart")),
        ("core",),
        Applicability(applies=False, reason="The device does not offer clock or restart."),
    ),
    (
        Need(profiles=("gateway", "workstation", "bedside_monitor")),
        (),
        Applicability(
            applies=False,
            reason="The case is for gateway, workstation or bedside_monitor, not for wearable.",
        ),
    ),
    (
        Need(realizations=(Realization.ON_TARGET,)),
        None,
        Applicability(
            applies=False, reason="The case needs a unit that is on_target; rack-3 is emulated."
        ),
    ),
]


@pytest.mark.parametrize(("need", "capabilities", "expected"), CASES)
def test_a_case_applies_when_all_it_needs_is_there(
    need: Need, capabilities: tuple[str, ...] | None, expected: Applicability
) -> None:
    assert applies(need, WEARABLE, RACK, capabilities) == expected


def test_every_reason_is_told() -> None:
    need = Need(("clock",), (Realization.SIMULATED,), ("gateway",))
    verdict = applies(need, WEARABLE, RACK, ())
    assert not verdict.applies
    assert verdict.reason.count(".") == 3


PROXY = Unit("relay", Driver.PROCESS, ("x",), None, Realization.ON_TARGET, "EW-1")
WIRED = Unit(
    "wired", Driver.PROCESS, ("x",), None, Realization.ON_TARGET, "EW-1", {}, ("core-load",)
)
INSIDE = Unit("inside", Driver.INPROCESS, realization=Realization.SIMULATED)


@pytest.mark.parametrize(
    ("unit", "applies_to_it"), [(RACK, True), (WIRED, True), (PROXY, False), (INSIDE, False)]
)
def test_what_talks_to_a_device_elsewhere_cannot_be_loaded_in_its_place(
    unit: Unit, applies_to_it: bool
) -> None:
    """Loading a relay says nothing about the device behind it: a pass would be false."""
    verdict = applies(Need(fixtures=("core-load",)), WEARABLE, unit, None)
    assert verdict.applies is applies_to_it
    assert verdict.applies or verdict.reason == f"The bench of {unit.name} has no core-load."
