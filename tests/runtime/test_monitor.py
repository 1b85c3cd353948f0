"""Resources: nothing is invented, nothing flaps, and the end of a battery is no surprise."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeward.adapters.clock import SimulatedClock, SystemClock
from edgeward.adapters.sensors import BatteryCharge, Sensors
from edgeward.monitor.battery import Stage
from edgeward.monitor.dvfs import Aim, NoPlan, Plan, plan
from edgeward.monitor.monitor import EMERGENCY, Monitor, Reserves
from edgeward.monitor.power import Measured, OperatingPoint, PowerModel, PowerModelError, fit
from edgeward.monitor.reading import Provenance, Reading, found, measured, unknown
from edgeward.monitor.thermal import Ladder, Strain, Thermal, ladder_above
from edgeward.monitor.thresholds import Change, Limit, Side, Watch
from edgeward.profile import Profile, parse_profile

S = 1_000_000_000
HOT = Limit("temperature_c", 70, "°C", 3, hold_ns=5 * S)


@pytest.fixture
def wearable_profile(wearable: dict[str, Any]) -> Profile:
    return parse_profile(wearable)


def test_an_unknown_figure_has_no_value_and_a_known_one_has() -> None:
    assert unknown("°C", "no sensor").to_dict() == {"value": None, "provenance": "unknown"}
    assert found(None, "W", "x").provenance is Provenance.UNKNOWN
    assert found(0.0, "W", "x").value == 0.0
    for value, provenance in ((1.0, Provenance.UNKNOWN), (None, Provenance.MEASURED)):
        with pytest.raises(ValueError, match="cannot be"):
            Reading(value, "W", provenance, "x")


def test_a_limit_is_told_once_ends_behind_the_hysteresis_and_survives_the_loss_of_its_sensor() -> (
    None
):
    watch = Watch(HOT)
    steps: list[tuple[float | None, int, list[Change]]] = [
        (None, 0, []),  # never known: nothing is lost
        (69.9, 1, []),
        (70, 2, [Change.BEGINS]),
        (75, 3, []),
        (68, 4, []),  # within the hysteresis
        (66.9, 5, []),
        (68, 8, []),  # the hold begins anew
        (66, 9, []),
        (None, 10, [Change.LOST]),
        (None, 11, []),
        (66, 12, [Change.FOUND]),
        (66, 16, []),
        (66, 17, [Change.ENDS]),
    ]
    for value, at_s, changes in steps:
        reading = unknown("°C", "gone") if value is None else measured(value, "°C", "x")
        assert watch.read(reading, at_s * S) == changes, (value, at_s)


@given(values=st.lists(st.floats(60, 80), max_size=200), side=st.sampled_from([*Side]))
def test_a_wavering_figure_changes_at_most_once_a_hold(values: list[float], side: Side) -> None:
    watch = Watch(Limit("x", 70, "u", 3, side, hold_ns=5 * S))
    ends: list[int] = []
    for at_s, value in enumerate(values):
        for change in watch.read(measured(value, "u", "x"), at_s * S):
            if change is Change.ENDS:
                ends.append(at_s)
    assert all(later - one >= 5 for one, later in pairwise(ends))


def test_a_limit_without_a_hysteresis_is_refused() -> None:
    with pytest.raises(ValueError, match=r"x: a hysteresis of 0 u"):
        Limit("x", 1, "u", 0)


points = st.builds(
    OperatingPoint, st.integers(10**6, 4 * 10**9), st.floats(0.4, 2.0, allow_nan=False)
)
models = st.builds(PowerModel, st.floats(0, 10), st.floats(1e-12, 1e-8))


@given(model=models, point=points, cycles=st.floats(1, 1e12))
def test_power_and_energy_keep_their_identities(
    model: PowerModel, point: OperatingPoint, cycles: float
) -> None:
    faster = OperatingPoint(point.frequency_hz * 2, point.voltage_v)
    higher = OperatingPoint(point.frequency_hz, point.voltage_v * 2)
    assert model.power_w(faster) > model.power_w(point)
    assert model.power_w(higher) > model.power_w(point)
    dynamic = model.power_w(point) - model.static_w
    assert model.power_w(higher) - model.static_w == pytest.approx(4 * dynamic, rel=1e-3, abs=1e-9)
    assert model.energy_j(2 * cycles, point) == pytest.approx(2 * model.energy_j(cycles, point))
    seconds = cycles / point.frequency_hz
    assert model.energy_j(cycles, point) == pytest.approx(model.power_w(point) * seconds)
    reading = model.energy_per_inference(cycles, point)
    assert (reading.unit, reading.provenance) == ("mJ", Provenance.MODELLED)


@given(
    model=models, choice=st.lists(points, min_size=1, max_size=12), cycles=st.floats(1e3, 1e7),
    feasible=st.sets(st.integers(0, 11)), aim=st.sampled_from([*Aim]),
)  # fmt: skip
def test_the_planner_equals_looking_at_every_point(
    model: PowerModel, choice: list[OperatingPoint], cycles: float, feasible: set[int], aim: Aim
) -> None:
    allowed = {one.frequency_hz for place, one in enumerate(choice) if place in feasible}
    found_plan = plan(
        choice, lambda hertz: hertz in allowed, model, cycles=cycles, period_s=1.0, aim=aim
    )
    good = [one for one in choice if one.frequency_hz in allowed]
    if not good:
        assert isinstance(found_plan, NoPlan)
        return

    def energy(one: OperatingPoint) -> float:
        idle_s = max(0.0, 1.0 - cycles / one.frequency_hz)
        return model.energy_j(cycles, one) + model.static_w * idle_s

    assert isinstance(found_plan, Plan)
    assert found_plan.point in good
    if aim is Aim.LOWEST_FREQUENCY:
        assert found_plan.point.frequency_hz == min(one.frequency_hz for one in good)
    else:
        assert found_plan.energy_j == pytest.approx(min(map(energy, good)))


def test_a_model_is_fitted_to_measurements_and_refuses_others() -> None:
    truth, draw = PowerModel(0.8, 1.2e-9), np.random.default_rng(1)
    chosen = [OperatingPoint(f * 10**8, 0.7 + f / 40) for f in range(4, 19, 2)]
    taken = [Measured(one, truth.power_w(one) * draw.normal(1, 0.02)) for one in chosen]
    model, error = fit(taken)
    assert error < 0.1
    assert model.static_w == pytest.approx(0.8, rel=0.15)
    assert model.switched_f == pytest.approx(1.2e-9, rel=0.1)
    assert model.source == "fitted to 8 measurements"
    with pytest.raises(PowerModelError, match="3 or more at points that differ"):
        fit(taken[:2])
    with pytest.raises(PowerModelError, match="0 or more"):
        fit([Measured(one, 10 - one.frequency_hz / 1e9) for one in chosen])
    with pytest.raises(PowerModelError, match="above 0 Hz"):
        OperatingPoint(0, 1.0)


def test_heat_is_met_at_once_and_left_step_by_step() -> None:
    thermal = Thermal(ladder_above(70))
    assert thermal.read(69.9, 0) is Strain.NONE
    assert thermal.read(84, 1 * S) is Strain.SHED_TRENDS
    assert thermal.read(60, 2 * S) is Strain.SHED_TRENDS
    assert thermal.read(60, 12 * S) is Strain.THINNER_MODEL
    assert thermal.read(76, 13 * S) is Strain.THINNER_MODEL  # not 3 °C under its foot
    assert thermal.read(60, 14 * S) is Strain.THINNER_MODEL
    assert thermal.read(60, 24 * S) is Strain.PAUSE_BACKGROUND
    assert thermal.read(60, 34 * S) is Strain.NONE
    assert thermal.read(None, 40 * S) is Strain.NONE
    assert thermal.read(None, 70 * S) is Strain.PAUSE_BACKGROUND  # lost is not cool
    assert Thermal(ladder_above(70)).read(None, 10**15) is Strain.NONE  # there never was one


def test_the_emergency_is_the_last_step_and_no_lost_sensor_ends_it() -> None:
    thermal = Thermal(ladder_above(70))
    assert thermal.read(89.9, 0) is Strain.SHED_TRENDS
    assert thermal.read(90, 1 * S) is Strain.ALARMS_ONLY
    assert thermal.read(88, 20 * S) is Strain.ALARMS_ONLY  # within the hysteresis
    assert thermal.read(None, 60 * S) is Strain.ALARMS_ONLY
    assert thermal.read(87, 61 * S) is Strain.ALARMS_ONLY
    assert thermal.read(87, 71 * S) is Strain.SHED_TRENDS
    with pytest.raises(ValueError, match=r"70, 78, 84 and 84 °C.*rising"):
        Ladder(70, 78, 84, 84)


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


BAT = "class/power_supply/BAT0"


@pytest.mark.parametrize(
    ("files", "charge"),
    [
        ({"energy_now": "2600000", "power_now": "100000"}, (2600.0, 100.0)),
        (
            {"charge_now": "700000", "current_now": "27000", "voltage_now": "3700000"},
            (2590.0, 99.9),
        ),
        ({"charge_now": "700000", "current_now": "-27000", "voltage_now": "3700000"},
         (2590.0, 99.9)),
        ({"energy_now": "2600000", "power_now": "100000", "status": "Charging"},
         (2600.0, -100.0, True)),
        ({"energy_now": "2600000", "power_now": "0", "status": "Full"}, (2600.0, 0.0, True)),
        ({"energy_now": "2600000", "power_now": "100000", "status": "Unknown"}, None),
        ({"energy_now": "2600000"}, None),
        ({"energy_now": "full", "power_now": "1"}, None),
        ({"energy_now": "-5", "power_now": "1"}, None),
        ({"type": "Mains", "online": "1"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_battery_is_read_in_whatever_units_it_tells(
    tmp_path: Path, files: dict[str, str], charge: tuple[Any, ...] | None
) -> None:
    told = {"type": "Battery\n", "status": "Discharging\n", **files} if files else {}
    tree(tmp_path, {f"{BAT}/{name}": text for name, text in told.items()})
    expected = None if charge is None else BatteryCharge(*charge)
    assert Sensors(sys=tmp_path).battery() == expected


def test_sensors_that_are_missing_or_speak_nonsense_are_unknown(tmp_path: Path) -> None:
    nothing = Sensors(tmp_path / "proc", tmp_path / "sys")
    assert not any((nothing.cpu_times(), nothing.memory(), nothing.network_bytes()))
    assert not any((nothing.temperature_c(), nothing.battery(), nothing.frequency()))
    assert nothing.disk_free_bytes(tmp_path / "nowhere") is None
    tree(tmp_path / "proc", {"stat": "cpu one two\n", "meminfo": "MemTotal: many kB\n",
                             "net/dev": "a\nb\neth0: x\n"})  # fmt: skip
    zones = {f"class/thermal/thermal_zone{n}/temp": text
             for n, text in enumerate(["", "hot", "-274000", "999999"])}  # fmt: skip
    tree(tmp_path / "sys", {**zones, "devices/system/cpu/cpu0/cpufreq/scaling_governor": "x"})
    assert not any((nothing.cpu_times(), nothing.memory(), nothing.network_bytes()))
    assert not any((nothing.temperature_c(), nothing.frequency()))


def test_what_is_there_is_read(tmp_path: Path) -> None:
    tree(tmp_path / "sys", {
        "class/thermal/thermal_zone0/temp": "41000\n", "class/hwmon/hwmon0/temp1_input": "52500\n",
        "devices/system/cpu/cpu0/cpufreq/scaling_governor": "schedutil\n",
        "devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000\n",
        "devices/system/cpu/cpu0/cpufreq/scaling_available_frequencies": "1500000 600000\n",
    })  # fmt: skip
    tree(tmp_path / "proc", {
        "stat": "cpu  10 1 5 80 4 0 0 0 0 0\n",
        "meminfo": "MemTotal: 100 kB\nMemAvailable: 25 kB\n",
        "net/dev": "h\nh\n  lo: 9 0 0 0 0 0 0 0 9\neth0: 7 0 0 0 0 0 0 0 3\n",
    })  # fmt: skip
    sensors = Sensors(tmp_path / "proc", tmp_path / "sys")
    assert sensors.temperature_c() == 52.5
    frequency = sensors.frequency()
    assert frequency is not None
    assert (frequency.governor, frequency.current_hz) == ("schedutil", 1_500_000_000)
    assert frequency.available_hz == (600_000_000, 1_500_000_000)
    times, memory = sensors.cpu_times(), sensors.memory()
    assert times is not None
    assert (times.busy, times.total) == (16, 100)
    assert memory is not None
    assert (memory.total, memory.available) == (102_400, 25_600)
    assert sensors.network_bytes() == (7, 3)


def test_this_machine_is_read_as_another_tool_reads_it() -> None:
    sensors, seen = Sensors(), psutil.virtual_memory()
    memory = sensors.memory()
    assert memory is not None
    assert memory.total == seen.total
    assert abs(memory.available - seen.available) < 0.2 * seen.total
    times = sensors.cpu_times()
    assert times is not None
    assert 0 < times.busy <= times.total
    free = sensors.disk_free_bytes(Path("/"))
    assert free is not None
    assert abs(free - psutil.disk_usage("/").free) < 0.1 * psutil.disk_usage("/").total + 1e9


def test_a_look_tells_figures_turns_and_what_to_give_up(
    tmp_path: Path, wearable_profile: Profile
) -> None:
    clock, zone = SimulatedClock(), "class/thermal/thermal_zone0/temp"
    sys = tree(tmp_path / "sys", {zone: "50000"})
    flushed: list[float] = []
    monitor = Monitor(
        Sensors(tmp_path / "proc", sys), wearable_profile, clock, tmp_path, flushed.append
    )
    first = monitor.look()
    assert first.strain is Strain.NONE
    assert first.readings["temperature_c"].value == 50
    assert first.readings["battery_mwh"].provenance is Provenance.UNKNOWN
    tree(sys, {zone: "85000"})
    clock.advance(S)
    second = monitor.look()
    assert second.strain is Strain.SHED_TRENDS
    assert [(one.name, one.change) for one in second.turns] == [("temperature_c", Change.BEGINS)]
    assert second.turns[0].text == "temperature_c is 85.0 °C, limit 70 °C"
    (sys / zone).unlink()
    clock.advance(S)
    third = monitor.look()
    assert [one.change for one in third.turns] == [Change.LOST]
    assert third.strain is Strain.SHED_TRENDS  # unknown is not cool
    tree(sys, {f"{BAT}/{name}": text for name, text in (
        ("type", "Battery"), ("status", "Discharging"), ("energy_now", "60000"),
        ("power_now", "400000"),
    )})  # fmt: skip
    for _ in range(3):
        clock.advance(S)
        report = monitor.look()
    assert report.battery is Stage.LOW
    tree(sys, {f"{BAT}/energy_now": "52500"})
    assert monitor.look().battery is Stage.FLUSHED
    assert len(flushed) == 1
    assert monitor.looks == 7


def test_a_busy_machine_makes_the_background_wait(
    tmp_path: Path, wearable_profile: Profile
) -> None:
    proc = tree(tmp_path, {"stat": "cpu 0 0 0 100 0 0 0 0\n"})
    monitor = Monitor(Sensors(proc, tmp_path), wearable_profile, SystemClock(), tmp_path)
    assert monitor.look().readings["cpu_percent"].value is None
    tree(tmp_path, {"stat": "cpu 91 0 0 109 0 0 0 0\n"})
    report: Any = monitor.look()
    assert report.readings["cpu_percent"].value == 91.0
    assert report.strain is Strain.PAUSE_BACKGROUND


def test_an_emergency_is_told_when_it_begins_and_when_it_ends(
    tmp_path: Path, wearable_profile: Profile
) -> None:
    clock, zone = SimulatedClock(), "class/thermal/thermal_zone0/temp"
    monitor = Monitor(Sensors(tmp_path / "proc", tmp_path), wearable_profile, clock, tmp_path)
    told: list[tuple[str, Change]] = []
    for celsius in (50, 90, 91, 60, *[60] * 11):
        tree(tmp_path, {zone: str(celsius * 1000)})
        clock.advance(S)
        report = monitor.look()
        told += [(one.name, one.change) for one in report.turns if one.name == EMERGENCY]
        if told == [(EMERGENCY, Change.BEGINS)] and celsius == 90:
            assert report.strain is Strain.ALARMS_ONLY
            assert "90.0 °C, an emergency from 90 °C on" in report.turns[-1].text
    assert told == [(EMERGENCY, Change.BEGINS), (EMERGENCY, Change.ENDS)]
    assert report.strain is Strain.SHED_TRENDS


def test_every_reading_says_when_somebody_looked(tmp_path: Path, wearable_profile: Profile) -> None:
    clock = SimulatedClock()
    monitor = Monitor(Sensors(tmp_path, tmp_path), wearable_profile, clock, tmp_path)
    clock.advance(7 * S)
    readings = monitor.look().readings
    assert {one.at_ns for one in readings.values()} == {clock.monotonic_ns()}
    clock.advance(2 * S)
    assert readings["disk_free_mb"].age_ns(clock.monotonic_ns()) == 2 * S
    assert unknown("W", "nobody looks").age_ns(clock.monotonic_ns()) is None


def test_what_must_be_left_is_chosen_and_nonsense_is_refused(
    tmp_path: Path, wearable_profile: Profile
) -> None:
    sensors, clock = Sensors(tmp_path, tmp_path), SimulatedClock()
    usual = Monitor(sensors, wearable_profile, clock, tmp_path)
    greedy = Monitor(
        sensors, wearable_profile, clock, tmp_path, reserves=Reserves(disk_free_min_mb=1e12)
    )
    assert "disk_free_mb" not in [one.name for one in usual.look().turns]
    assert [one.name for one in greedy.look().turns] == ["disk_free_mb"]
    for wrong in ({"low_hours": 0.0}, {"flush_ms": -1.0}, {"disk_free_min_mb": -1.0}):
        with pytest.raises(ValueError, match="accepted: low_hours above 0"):
            Reserves(**wrong)
