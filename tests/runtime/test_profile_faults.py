"""Bad profiles: each fault says where it is, what was found and what would be accepted."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from edgeward.errors import EdgewardError
from edgeward.profile import ProfileError, load_profile, parse_profile
from edgeward.profile.faults import FAULTS_MAX

SHIPPED = Path(__file__).parents[2] / "device_profiles"
WHOLE = load_profile("wearable", [SHIPPED]).profile.to_dict()


def put(data: dict[str, Any], path: str, value: object) -> None:
    *sections, key = path.split(".")
    for section in sections:
        data = data.setdefault(section, {})
    data[key] = value


def changed(changes: dict[str, object]) -> dict[str, Any]:
    data = copy.deepcopy(WHOLE)
    for path, value in changes.items():
        put(data, path, value)
    return data


def refused(load: Callable[[], object]) -> ProfileError:
    with pytest.raises(ProfileError) as caught:
        load()
    return caught.value


def write(folder: Path, name: str, data: dict[str, Any]) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(tomli_w.dumps(data), encoding="utf-8")
    return path


P99 = "budget.latency.window_to_result.p99_ms"
ONE_FAULT = [
    # path, value found, what the message shows of it, what would be accepted, the guess
    ("compute.cores", True, "= true", "a whole number from 1 to 1024 cores", ""),
    ("compute.cores", 0, "= 0", "a whole number from 1 to 1024 cores", ""),
    ("compute.cores", 1.5, "= 1.5", "a whole number from 1 to 1024 cores", ""),
    ("compute.cores", "2", '= "2"', "a whole number from 1 to 1024 cores", ""),
    ("compute.cores", [2], "= [2]", "a whole number from 1 to 1024 cores", ""),
    ("compute", 4, "= 4", "a table with cores, cpu_share_percent", ""),
    ("memory.ram_mb", 8, "= 8", "from 16 to 4000000 MB", "8192 MB may be meant: 8 looks like GB"),
    ("memory.ram_mb", 0.5, "= 0.5", "a whole number", "512 MB may be meant: 0.5 looks like GB"),
    ("compute.cpu_share_percent", 0.5, "= 0.5", "1 to 100 %", "50 % may be meant"),
    ("accuracy.floor", 95, "= 95", "0.5 to 1 fraction", "0.95 fraction may be meant"),
    ("clinical.availability", 99.9, "= 99.9", "0.9 to 0.999999", "0.999 fraction may be meant"),
    (P99, float("nan"), "= NaN", "a number from 0.001 to 3600000 ms", ""),
    (P99, float("inf"), "= Infinity", "a number from 0.001 to 3600000 ms", ""),
    (P99, -1, "= -1", "a number from 0.001 to 3600000 ms", ""),
    (P99, 10**400, "= 1000000", "a number from 0.001 to 3600000 ms", ""),
    ("budget.latency", "fast", '= "fast"', "a table of at most 32 names", ""),
    ("budget.latency.window_to_result", 50, "= 50", "a table with p50_ms, p99_ms, max_ms", ""),
    ("clinical.safety_class", "D", '= "D"', '"A" or "B" or "C"', ""),
    ("clinical.environment", "home ", '= "home "', '"home"', 'did you mean "home"?'),
    ("clinical.intended_use", "", '= ""', "text of 1 to 400 printable characters", ""),
    ("clinical.intended_use", "a\u0007", "= ", "printable characters", ""),
    ("clinical.intended_use", "\ud800", "= ", "printable characters", ""),
    ("title", "x" * 81, "xxx…", "text of 1 to 80 printable characters", ""),
    ("name", "Wearable", '= "Wearable"', "a lower-case letter, then", ""),
    ("security.tls_version_min", "1.2", '= "1.2"', '"1.3"', ""),
    ("security.tls_version_min", 1.3, "= 1.3", '"1.3"', ""),
    ("security.ciphers", ["TLS_RSA_WITH_RC4_128_MD5"], "RC4", "TLS_AES_256_GCM_SHA384", ""),
    ("security.ciphers", [], "= []", "at least one and none twice", ""),
    ("network.links", ["wifi", "wifi"], '["wifi", "wifi"]', "none twice", ""),
    ("network.links", "wifi", '= "wifi"', "a list of", ""),
    ("network.devices_max", 51, "= 51", "from 0 to 50 devices", ""),
    (
        "offline.eviction_order",
        ["waveform", "trend", "event", "alarm"],
        '"alarm"]',
        'a list of "waveform", "trend", "event", each exactly once; "alarm" is never evicted',
        "",
    ),
    ("offline.eviction_order", ["waveform", "trend"], '["waveform', "each exactly once", ""),
    ("schema", 2, "= 2", "expected 1", ""),
    ("device", None, "= null", "a table with model", ""),
    ("alarm.high_delay_ms", None, "= null", "a number from 1 to 600000 ms", ""),
]


@pytest.mark.parametrize(("path", "value", "found", "accepted", "guess"), ONE_FAULT)
def test_one_wrong_value_is_one_fault_with_path_value_and_what_is_accepted(
    path: str, value: object, found: str, accepted: str, guess: str
) -> None:
    error = refused(lambda: parse_profile(changed({path: value})))
    (fault,) = error.faults
    assert fault.startswith(f"{path} = ")
    assert found in fault
    assert accepted in fault.partition(": ")[2]
    assert guess in fault


UNKNOWN = [
    ("compute.corse", 'did you mean "compute.cores"?'),
    ("memory.RAM_MB", 'did you mean "memory.ram_mb"?'),
    ("compute.ram_mb", 'did you mean "memory.ram_mb"?'),
    ("memori", 'did you mean "memory"?'),
    ("p99_ms", 'did you mean "budget.latency.*.p99_ms"?'),
    ("budget.latency.window_to_result.p98_ms", "p99_ms"),
    ("budget.zzzzzzzzz", "no such key; expected memory_mb, memory_growth_mb_per_hour"),
    ("extends", "no such key; expected schema, name, title"),
]


@pytest.mark.parametrize(("path", "told"), UNKNOWN)
def test_an_unknown_key_is_refused_and_says_what_was_probably_meant(path: str, told: str) -> None:
    (fault,) = refused(lambda: parse_profile(changed({path: 1}))).faults
    assert fault.startswith(f"{path}: no such key; expected ")
    assert told in fault


def test_a_key_no_message_can_hold_is_quoted() -> None:
    data = copy.deepcopy(WHOLE)
    data["compute"]["cores.x\n"] = 1
    (fault,) = refused(lambda: parse_profile(data)).faults
    assert fault.startswith('compute."cores.x\\n": no such key')


@pytest.mark.parametrize("name", ["Window", "a.b", "1st", "", "a" * 65])
def test_a_latency_path_has_a_plain_name(name: str) -> None:
    data = copy.deepcopy(WHOLE)
    data["budget"]["latency"][name] = {"p50_ms": 1, "p99_ms": 2, "max_ms": 3}
    (fault,) = refused(lambda: parse_profile(data)).faults
    assert "budget.latency." in fault
    assert "expected as a name a lower-case letter" in fault


CROSS_FIELD = [
    ({"budget.latency.window_to_result.p50_ms": 101}, "p50_ms = 101 ms", "p99_ms = 100 ms"),
    ({"budget.latency.window_to_result.p99_ms": 251}, "p99_ms = 251 ms", "max_ms = 250 ms"),
    ({"budget.latency.alarm": {"p50_ms": 2, "p99_ms": 1, "max_ms": 3}}, "alarm.p50_ms = 2", "= 1"),
    ({"budget.memory_mb": 513}, "budget.memory_mb = 513 MB", "memory.ram_mb = 512 MB"),
    ({"budget.memory_mb": 4}, "budget.model_size_mb = 5 MB", "budget.memory_mb = 4 MB"),
    ({"budget.package_mb": 4}, "budget.model_size_mb = 5 MB", "budget.package_mb = 4 MB"),
    ({"budget.package_mb": 4097}, "budget.package_mb = 4097 MB", "storage.capacity_mb = 4096 MB"),
    ({"budget.cpu_percent": 51}, "budget.cpu_percent = 51 %", "cpu_share_percent = 50 %"),
    ({"budget.inference_ms": 101}, "budget.inference_ms = 101 ms", "p99_ms = 100 ms"),
    ({"alarm.high_delay_ms": 5001}, "alarm.high_delay_ms = 5001", "medium_delay_ms = 5000 ms"),
    ({"alarm.low_delay_ms": 4999}, "alarm.medium_delay_ms = 5000", "low_delay_ms = 4999 ms"),
    ({"offline.queue_mb": 4097}, "offline.queue_mb = 4097 MB", "storage.capacity_mb = 4096 MB"),
    (
        {"offline.quota_percent": {"waveform": 60, "trend": 20, "event": 15}},
        "offline.quota_percent = 95 % together",
        "at most 90 %: the rest is for alarms and audit",
    ),
    ({"compute.scheduling_policy": "fifo"}, "scheduling_priority = 0", "1 to 99 with scheduling"),
    ({"compute.scheduling_priority": 9}, "scheduling_priority = 9", 'with scheduling_policy = "o'),
]


@pytest.mark.parametrize(("changes", "found", "accepted"), CROSS_FIELD)
def test_values_that_contradict_each_other_are_refused(
    changes: dict[str, object], found: str, accepted: str
) -> None:
    (fault,) = refused(lambda: parse_profile(changed(changes))).faults
    assert found in fault.partition(": ")[0]
    assert accepted in fault.partition(": ")[2]


def test_fifo_with_a_priority_is_accepted() -> None:
    data = changed({"compute.scheduling_policy": "fifo", "compute.scheduling_priority": 50})
    assert parse_profile(data).compute.scheduling_priority == 50


def test_equal_values_do_not_contradict_each_other() -> None:
    same = {"p50_ms": 100, "p99_ms": 100, "max_ms": 100}
    profile = parse_profile(changed({"budget.latency.window_to_result": same}))
    assert profile.budget.latency["window_to_result"].p50_ms == 100


def test_every_fault_is_told_at_once() -> None:
    data = changed({"compute.cores": "two", "memory.ram": 1, "alarm.low_delay_ms": 4999})
    del data["storage"]
    del data["budget"]["latency"]["window_to_result"]["max_ms"]
    error = refused(lambda: parse_profile(data))
    told = [fault.partition(": ")[0].partition(" = ")[0] for fault in error.faults]
    assert sorted(told) == [
        "alarm.medium_delay_ms",
        "budget.latency.window_to_result.max_ms",
        "compute.cores",
        "memory.ram",
        "storage",
    ]
    assert error.diagnostics().startswith("profile as received: 5 faults\n  - ")
    assert isinstance(error, EdgewardError)


def test_an_empty_document_misses_every_section() -> None:
    faults = refused(lambda: parse_profile({})).faults
    assert [fault.partition(":")[0] for fault in faults] == list(WHOLE)
    assert all("missing; expected" in fault for fault in faults)


@pytest.mark.parametrize("data", [None, [], "wearable", 1])
def test_what_is_no_table_is_refused(data: Any) -> None:
    faults = refused(lambda: parse_profile(data)).faults
    assert "expected a table with schema, name" in faults[0]


def test_a_flood_of_unknown_keys_is_counted_not_told() -> None:
    data = copy.deepcopy(WHOLE) | {f"key{index}": 1 for index in range(20_000)}
    error = refused(lambda: parse_profile(data))
    assert len(error.faults) == FAULTS_MAX + 1
    assert error.faults[-1] == f"and {20_000 - FAULTS_MAX} more faults"
    assert "20000 faults" in error.diagnostics()


def test_a_value_shown_never_floods_the_message() -> None:
    long = changed({"device.model": "x" * 100_000, "device.architecture": ["y" * 1000] * 1000})
    assert all(len(fault) < 300 for fault in refused(lambda: parse_profile(long)).faults)


DOUBTS = [
    (
        P99,
        50_000,
        {"budget.latency.window_to_result.max_ms": 60_000},
        "50 ms may be meant: 50000 lo",
    ),
    ("alarm.high_delay_ms", 2, {}, "2000 ms may be meant: 2 looks like s"),
    ("memory.ram_mb", 524_288, {}, "512 MB may be meant: 524288 looks like KB"),
    ("offline.autonomy_hours", 5040, {}, "84 h may be meant: 5040 looks like minutes"),
    ("security.certificate_rotation_days", 1, {}, "365 days may be meant: 1 looks like years"),
    ("thresholds.temperature_c", 150, {}, "usual is 35 to 110 °C"),
    ("budget.energy_mj_per_inference", 5.5, {}, "the whole power budget over one inference_ms is"),
]


@pytest.mark.parametrize(("path", "value", "more", "told"), DOUBTS)
def test_a_value_that_is_hardly_meant_is_warned_about_and_kept(
    tmp_path: Path, path: str, value: float, more: dict[str, object], told: str
) -> None:
    file = write(tmp_path, "wearable", changed({path: value, **more}))
    loaded = load_profile(file, [])
    warning = next(line for line in loaded.warnings if line.startswith(f"{path} = {value}"))
    assert told in warning
    assert str(file) in warning


def test_a_latency_budget_typed_in_seconds_is_warned_about(tmp_path: Path) -> None:
    seconds = {"p50_ms": 0.025, "p99_ms": 0.05, "max_ms": 0.1}
    more = {"budget.latency.window_to_result": seconds, "budget.inference_ms": 0.05}
    loaded = load_profile(write(tmp_path, "wearable", changed(more)), [])
    assert any(
        line.startswith(f"{P99} = 0.05 ms") and "50 ms may be meant: 0.05 looks like s" in line
        for line in loaded.warnings
    )


def test_faults_come_with_the_warnings_beside_them(tmp_path: Path) -> None:
    path = write(tmp_path, "wearable", changed({"memory.ram_mb": 524_288, "compute.cores": 0}))
    error = refused(lambda: load_profile(path, []))
    assert [line.partition(" ")[0] for line in error.warnings] == ["memory.ram_mb"]
