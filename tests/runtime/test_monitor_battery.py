"""How long a battery lasts, whose load is steady, steps or bursts, and how a charger ends it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.sensors import Sensors
from edgeward.monitor.battery import RECENT, Battery, Charge, Cutoff, Stage
from edgeward.monitor.monitor import Monitor, Reserves
from edgeward.monitor.thresholds import Change
from edgeward.profile import Profile, parse_profile

S = 1_000_000_000
ENERGY_MWH = 1000.0


@pytest.fixture
def wearable_profile(wearable: dict[str, Any]) -> Profile:
    return parse_profile(wearable)


def watched(flushed: list[float] | None = None) -> Battery:
    return Battery(Cutoff(0.5, 0.0, 1000.0), (flushed if flushed is not None else []).append)


def hours_left(battery: Battery, power_mw: float) -> float:
    battery.read(Charge(ENERGY_MWH, power_mw))
    left = battery.time_left(Charge(ENERGY_MWH, power_mw))
    assert left is not None
    assert left.least_hours <= left.hours <= left.most_hours
    return left.hours


@pytest.mark.parametrize("loads", [[100.0], [60.0, 140.0]], ids=["constant", "two steps"])
def test_time_left_is_within_a_tenth_of_what_comes(loads: list[float]) -> None:
    energy, draw = 2600.0, np.random.default_rng(2)
    battery = Battery(Cutoff(0.5, 0.0, 100.0), lambda _: None)
    said: list[tuple[float, float, float, float]] = []
    hours = 0.0
    while energy > 0:
        load = loads[int(hours * 30) % len(loads)] * draw.normal(1, 0.1)
        left = battery.time_left(Charge(energy, load))
        if left and hours > 4:
            said.append((hours + left.hours, left.least_hours, left.hours, left.most_hours))
        battery.read(Charge(energy, load))
        energy -= load / 60
        hours += 1 / 60
    assert said
    assert all(abs(end - hours) <= 0.1 * hours for end, *_ in said)
    assert all(least <= mean <= most for _, least, mean, most in said)


def test_everything_is_flushed_once_before_the_cut_off_and_an_unknown_battery_is_not_full() -> None:
    flushed: list[float] = []
    battery = Battery(Cutoff(low_hours=0.5, reserve_mwh=20, flush_ms=60_000), flushed.append)
    assert battery.unknown
    assert battery.read(None) is Stage.FINE
    energy, stages = 200.0, []
    while energy > 20:
        stages.append(battery.read(Charge(energy, 100)))
        energy -= 100 / 60 / 4
    assert stages == sorted(stages)
    assert set(stages) == {Stage.FINE, Stage.LOW, Stage.FLUSHED}
    (budget_ms,) = flushed
    assert 40_000 <= budget_ms <= 60_000
    assert battery.read(None) is Stage.FLUSHED
    assert battery.unknown
    assert battery.read(Charge(30, -500)) is Stage.FINE  # it is charged
    with pytest.raises(ValueError, match="low_hours above 0"):
        Cutoff(0, 0, 0)


def test_a_moment_without_current_is_no_charger_and_flushes_nothing_again() -> None:
    flushed: list[float] = []
    battery = Battery(Cutoff(low_hours=0.5, reserve_mwh=0, flush_ms=60_000), flushed.append)
    stages = [battery.read(Charge(1.0, power)) for power in (100, 0, 100, 0, 100)]
    assert stages == [Stage.FLUSHED] * 5
    assert len(flushed) == 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("after_mw", [130.0, 200.0, 1000.0, 60.0, 20.0])
def test_a_step_of_the_load_is_known_after_a_few_readings(after_mw: float, seed: int) -> None:
    battery, draw = watched(), np.random.default_rng(seed)
    for _ in range(300):
        hours_left(battery, 100 * draw.normal(1, 0.05))
    hours = [hours_left(battery, after_mw * draw.normal(1, 0.05)) for _ in range(120)]
    truth = ENERGY_MWH / after_mw
    settled = hours[RECENT + 5 :]
    assert all(abs(one - truth) <= 0.1 * truth for one in settled)


def test_a_second_step_soon_after_the_first_is_known_too() -> None:
    battery, draw = watched(), np.random.default_rng(1)
    for power_mw in (100.0, 300.0, 100.0):
        for _ in range(60):
            found = hours_left(battery, power_mw * draw.normal(1, 0.05))
        assert found == pytest.approx(ENERGY_MWH / power_mw, rel=0.1)


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
def test_noise_is_no_step(noise: float) -> None:
    battery, draw = watched(), np.random.default_rng(2)
    hours = [hours_left(battery, 100 * abs(draw.normal(1, noise))) for _ in range(3000)]
    assert all(abs(one - 10) <= 1.0 for one in hours[100:])


def test_a_load_that_comes_and_goes_keeps_its_mean() -> None:
    battery, draw = watched(), np.random.default_rng(3)
    hours = [
        hours_left(battery, (60 if second % 30 < 15 else 140) * draw.normal(1, 0.05))
        for second in range(1200)
    ]
    assert all(abs(one - 10) <= 1.0 for one in hours[300:])


def test_a_short_burst_neither_moves_the_estimate_nor_makes_the_battery_low() -> None:
    battery = watched()
    stages = set()
    for second in range(900):
        hours = hours_left(battery, 1000 if second % 300 in range(290, 295) else 100)
        stages.add(battery.stage)
        assert second < 300 or hours > 8
    assert stages == {Stage.FINE}


def test_low_is_taken_back_when_the_load_that_made_it_has_passed() -> None:
    flushed: list[float] = []
    battery = watched(flushed)
    stages = [battery.read(Charge(ENERGY_MWH, 100)) for _ in range(100)]
    stages += [battery.read(Charge(ENERGY_MWH, 4000)) for _ in range(60)]
    stages += [battery.read(Charge(ENERGY_MWH, 100)) for _ in range(60)]
    assert [stages[place] for place in (99, 159, 219)] == [Stage.FINE, Stage.LOW, Stage.FINE]
    assert not flushed
    wavering = watched()
    told = [wavering.read(Charge(50 + one % 2 * 4, 100)) for one in range(50)]
    assert set(told) == {Stage.LOW}  # 0.54 h is not a fifth above 0.5 h


def supply(folder: Path, *, status: str, energy_mwh: float, power_mw: float) -> None:
    battery = folder / "class/power_supply/BAT0"
    battery.mkdir(parents=True, exist_ok=True)
    told = {
        "type": "Battery",
        "status": status,
        "energy_now": str(round(energy_mwh * 1000)),
        "power_now": str(round(power_mw * 1000)),
    }
    for name, text in told.items():
        (battery / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("status", "power_mw"), [("Charging", 900), ("Charging", 0), ("Full", 0)])
def test_a_charger_ends_the_condition_of_a_low_battery(
    tmp_path: Path, wearable_profile: Profile, status: str, power_mw: float
) -> None:
    clock = SimulatedClock()
    monitor = Monitor(Sensors(tmp_path / "proc", tmp_path), wearable_profile, clock, tmp_path)

    def look(**told: Any) -> list[tuple[str, Change]]:
        supply(tmp_path, **told)
        clock.advance(S)
        return [(one.name, one.change) for one in monitor.look().turns]

    low = {"status": "Discharging", "energy_mwh": 60.0, "power_mw": 400.0}
    assert look(**low) == [("battery_hours", Change.BEGINS)]
    assert look(**low) == []
    plugged = {"status": status, "energy_mwh": 61.0, "power_mw": power_mw}
    assert look(**plugged) == [("battery_hours", Change.ENDS)]
    assert look(**plugged) == []
    assert look(**low) == [("battery_hours", Change.BEGINS)]


def test_a_charger_at_a_full_battery_is_no_lost_sensor_and_ends_a_loss(
    tmp_path: Path, wearable_profile: Profile
) -> None:
    clock = SimulatedClock()
    monitor = Monitor(Sensors(tmp_path / "proc", tmp_path), wearable_profile, clock, tmp_path)
    seen = []
    for status in ("Discharging", "Charging", "Discharging", "Unknown", "Charging", "Unknown"):
        supply(tmp_path, status=status, energy_mwh=9000, power_mw=400)
        clock.advance(S)
        seen.append([(one.change, one.text) for one in monitor.look().turns])
    assert [[change for change, _ in turns] for turns in seen] == [
        [], [], [], [Change.LOST], [Change.FOUND], [],
    ]  # fmt: skip
    assert seen[4][0][1] == "battery_hours does not apply any more: the battery is on mains"


def test_the_time_a_flush_takes_decides_when_it_is_made(
    tmp_path: Path, wearable_profile: Profile
) -> None:
    made: dict[float, list[float]] = {5000.0: [], 600_000.0: []}
    supply(tmp_path, status="Discharging", energy_mwh=105, power_mw=400)  # 2 % of it are reserved
    for flush_ms, flushed in made.items():
        monitor = Monitor(
            Sensors(tmp_path / "proc", tmp_path), wearable_profile, SimulatedClock(), tmp_path,
            flushed.append, Reserves(flush_ms=flush_ms),
        )  # fmt: skip
        monitor.look()
    assert [len(flushed) for flushed in made.values()] == [0, 1]
