"""The profiles we ship: complete, without doubts, and with the values they were asked to have."""

import tomllib
from pathlib import Path

import pytest

from edgeward.profile import Profile, load_profile, profile_names
from edgeward.profile.layout import Named, entries, leaves
from edgeward_harness import resources

FOLDER = resources.device_profiles()
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "device-profiles.md"
NAMES = ("bedside_monitor", "gateway", "portable_device", "wearable", "workstation")


def profile(name: str) -> Profile:
    return load_profile(name, [FOLDER]).profile


def test_these_are_shipped_and_no_others() -> None:
    assert profile_names([FOLDER]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_has_no_doubts(name: str) -> None:
    assert load_profile(name, [FOLDER]).warnings == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_gives_no_value_that_it_would_inherit(name: str) -> None:
    base = tomllib.loads((FOLDER / "base.toml").read_text("utf-8"))
    own = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))

    def repeated(mine: dict[str, object], theirs: dict[str, object]) -> list[str]:
        found = []
        for key, value in mine.items():
            other = theirs.get(key)
            if isinstance(value, dict) and isinstance(other, dict):
                found += repeated(value, other)
            elif value == other:
                found.append(key)
        return found

    assert repeated(own, base) == ["schema"]


def test_latency_is_100_ms_by_default_and_50_beside_an_intensive_care_bed() -> None:
    p99_ms = {name: profile(name).budget.latency["window_to_result"].p99_ms for name in NAMES}
    assert p99_ms == dict.fromkeys(NAMES, 100) | {"bedside_monitor": 50}
    assert profile("bedside_monitor").budget.latency["window_to_result"].max_ms == 100


def test_what_every_device_keeps() -> None:
    for each in map(profile, NAMES):
        assert each.clinical.availability == 0.999
        assert each.accuracy.floor == 0.95
        assert 5 <= each.budget.model_size_mb <= 10
        assert 25 <= each.budget.inference_ms <= 50
        assert each.budget.memory_growth_mb_per_hour == 0.25
        assert each.budget.package_mb == (128 if each.name == "wearable" else 160)
        assert each.network.devices_max <= 50
        limits = each.thresholds
        found = (limits.cpu_percent, limits.memory_percent, limits.temperature_c)
        assert found == (80, 85, 70)
        assert each.compute.scheduling_policy == "other"


def test_the_sizes_of_the_smallest_and_of_the_gateway() -> None:
    small, gateway = profile("wearable"), profile("gateway")
    sizes = [
        (
            each.memory.ram_mb,
            each.power.budget_mw,
            each.network.bandwidth_kbps,
            each.compute.performance_gflops,
        )
        for each in (small, gateway)
    ]
    assert sizes == [(512, 100, 1000, 1), (8192, 50_000, 100_000, 100)]


def test_the_guide_tells_every_field_as_the_model_declares_it() -> None:
    guide = GUIDE.read_text("utf-8")
    rows = [
        f"| `{path}` | {kind.accepted()} | {kind.doc} |" for path, kind in leaves(Profile).items()
    ]
    missing = [row for row in rows if row not in guide]
    assert not missing, "rows of the table of fields:\n" + "\n".join(missing)
    assert guide.count("\n| `") == len(rows)


def test_sections_under_free_names_say_what_they_are() -> None:
    budget: type = type(profile("wearable").budget)
    named = [entry for entry in entries(budget).values() if isinstance(entry, Named)]
    assert [entry.mandatory for entry in named] == [("window_to_result",)]
