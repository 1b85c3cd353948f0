"""Every named script can be simulated, and leads to the alarms its name promises."""

from itertools import islice

import numpy as np
import pytest

from edgeward.signal.findings import Sign, Vital
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.days import LETHAL, ORDINARY, busy_day, quiet_hour
from edgeward.signal.simulation.draws import Purpose, draw
from edgeward.signal.simulation.expected import expected_alarms
from edgeward.signal.simulation.faults import FaultKind
from edgeward.signal.simulation.generate import simulate, stream
from edgeward.signal.simulation.scenarios import BEFORE_S, SCENARIOS, scenario
from edgeward.signal.simulation.truth import truth_of

SHORT = sorted(name for name, script in SCENARIOS.items() if script.seconds <= 300)
LONG = sorted(SCENARIOS.keys() - set(SHORT))


def required(name: str) -> set[str]:
    truth = truth_of(SCENARIOS[name], 1)
    return {str(one.what) for one in expected_alarms(truth) if one.required}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_every_scenario_can_be_simulated(name: str) -> None:
    script = SCENARIOS[name]
    record = simulate(script, 1)
    for channel in record.channels:
        assert len(record.signals[channel.name]) == pytest.approx(
            script.seconds * channel.rate_hz, abs=1
        )
        missing = ~np.isfinite(record.signals[channel.name])
        faulty = any(fault.channel == channel.name for fault in script.faults)
        assert faulty or not missing.any()
    told = [one.raise_by_s for one in expected_alarms(record.truth) if one.raise_by_s is not None]
    assert all(by_s <= script.seconds for by_s in told)


@pytest.mark.parametrize("name", LONG)
def test_a_long_scenario_begins(name: str) -> None:
    blocks = list(islice(stream(SCENARIOS[name], 1, seconds=10), 12))
    assert len(blocks) == 12
    assert all(len(block.signals["ecg"]) == 2500 for block in blocks)


PROMISED: dict[str, set[str]] = {
    "asystole": {"asystole", "no_pulse"},
    "asystole_residual": {"asystole", "no_pulse"},
    "asystole_p_waves": {"asystole", "no_pulse"},
    "asystole_spikes": {"asystole", "no_pulse"},
    "fibrillation_coarse": {"ventricular_fibrillation", "no_pulse"},
    "fibrillation_fine": {"ventricular_fibrillation", "no_pulse"},
    "flutter": {"ventricular_fibrillation", "no_pulse"},
    "tachycardia_4a_half": {"ventricular_tachycardia", "heart_rate", "extreme_tachycardia"},
    "tachycardia_4b_two": {"ventricular_tachycardia", "heart_rate", "extreme_tachycardia"},
    "run_5": {"ventricular_tachycardia"},
    "run_3": set(),
    "pause": {"pause"},
    "pause_long": {"asystole"},
    "bradycardia_extreme": {"heart_rate", "extreme_bradycardia"},
    "no_pulse": {"no_pulse"},
    "step_80_40": {"heart_rate"},
    "desaturation_slow": {"spo2"},
    "desaturation_fast": {"spo2"},
    "fall": {"fall"},
    "fall_soft": {"fall"},
    "apnea": {"apnea"},
    "asystole_behind_a_fault": {"asystole", "no_pulse", "rail"},
    "ecg_rail": {"rail"},
    "tachycardia_small": {"ventricular_tachycardia", "heart_rate", "extreme_tachycardia"},
    "spo2_probe_off": {"probe_off"},
    **{
        name: set()
        for name in (
            "rate_60", "rate_80", "bigeminy", "trigeminy", "couplets", "tall_t", "qrs_small",
            "qrs_large", "qrs_inverted", "paced", "paced_700_mv", "walk", "jog", "stairs",
            "sit_down", "lie_down", "jump", "perfusion_low", "ecg_motion_12", "quiet_hour",
            "atrial_fibrillation", "spo2_flat",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PROMISED)
def test_a_scenario_leads_to_what_its_name_promises(name: str) -> None:
    assert required(name) == PROMISED[name]


def test_every_kind_of_sign_and_fault_has_a_scenario() -> None:
    told = set().union(*(required(name) for name in SHORT))
    assert told >= set(Sign)
    assert {fault.kind for name in SHORT for fault in SCENARIOS[name].faults} == set(FaultKind)


def test_events_come_after_a_minute() -> None:
    begins = [
        one.begins_s
        for name in ("asystole", "fall", "flutter", "ecg_rail", "tachycardia_4b_one")
        for one in expected_alarms(truth_of(SCENARIOS[name], 1))
        if one.required
    ]
    assert min(begins) > BEFORE_S - 1.5


def test_a_name_that_is_not_there_is_refused_with_those_that_are() -> None:
    assert scenario("fall") is SCENARIOS["fall"]
    with pytest.raises(ScriptError, match="found the scenario 'doom'; accepted: acceleration_flat"):
        scenario("doom")


@pytest.mark.parametrize("seed", range(4))
def test_a_quiet_hour_leads_to_nothing(seed: int) -> None:
    script = quiet_hour(seed)
    assert script.seconds >= 3600
    assert expected_alarms(truth_of(script, seed)) == ()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_busy_day_has_lethal_events_and_ordinary_life(seed: int) -> None:
    script = busy_day(seed)
    assert 24 <= script.seconds / 3600 < 24.6
    assert script == busy_day(seed)
    assert script != busy_day(seed + 1)
    alarms = [one for one in expected_alarms(truth_of(script, seed)) if one.required]
    told = {one.what for one in alarms}
    lethal = {
        Sign.ASYSTOLE, Sign.VENTRICULAR_FIBRILLATION, Sign.VENTRICULAR_TACHYCARDIA,
        Sign.EXTREME_BRADYCARDIA, Sign.APNEA, Sign.FALL,
    }  # fmt: skip
    assert told >= lethal
    assert told & set(FaultKind)
    allowed = lethal | set(FaultKind) | {
        Sign.NO_PULSE, Sign.EXTREME_TACHYCARDIA, Vital.HEART_RATE, Vital.SPO2,
        Vital.RESPIRATION_RATE,
    }  # fmt: skip
    assert told <= allowed
    count = sum(one.what in lethal for one in alarms)
    assert 6 <= count <= 24


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(ORDINARY)))
def test_ordinary_life_requires_nothing_but_what_a_fault_is(place: int) -> None:
    for seed in range(12):
        part = ORDINARY[place](draw(seed, Purpose.SCENARIO, 9))
        truth = truth_of(part, seed)
        told = {one.what for one in expected_alarms(truth) if one.required}
        assert told <= set(FaultKind)


@pytest.mark.parametrize("place", range(len(LETHAL)))
def test_a_lethal_event_always_requires_an_alarm(place: int) -> None:
    for seed in range(12):
        event = SCENARIOS["rate_80"] + LETHAL[place](draw(seed, Purpose.SCENARIO, 9))
        told = {one.what for one in expected_alarms(truth_of(event, seed)) if one.required}
        assert told & set(Sign)
