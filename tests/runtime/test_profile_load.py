"""Finding, extending and merging profile files."""

import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeward.profile import ProfileError, load_profile, parse_profile, profile_names
from edgeward.profile.load import EXTENDS_MAX
from edgeward.profile.toml import FILE_BYTES_MAX

SHIPPED = Path(__file__).parents[2] / "device_profiles"
WHOLE = load_profile("wearable", [SHIPPED]).profile.to_dict()


def write(folder: Path, name: str, text: str | dict[str, Any]) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text if isinstance(text, str) else tomli_w.dumps(text), encoding="utf-8")
    return path


def child(name: str, extends: str, **sections: object) -> dict[str, Any]:
    return {"extends": extends, "name": name, **sections}


def faults(source: str | Path, folders: Sequence[Path]) -> tuple[str, ...]:
    with pytest.raises(ProfileError) as caught:
        load_profile(source, folders)
    return caught.value.faults


def whole(folder: Path, name: str) -> Path:
    return write(folder, name, WHOLE | {"name": name})


def test_a_profile_is_found_by_name_by_path_and_by_path_as_text(tmp_path: Path) -> None:
    path = whole(tmp_path, "mine")
    profiles = [load_profile(each, [tmp_path]).profile for each in ("mine", path, str(path))]
    assert profiles[0] == profiles[1] == profiles[2]
    assert profiles[0].name == "mine"


def test_the_first_folder_wins(tmp_path: Path) -> None:
    write(tmp_path, "wearable", WHOLE | {"title": "Ours"})
    assert load_profile("wearable", [tmp_path, SHIPPED]).profile.title == "Ours"
    assert load_profile("wearable", [SHIPPED, tmp_path]).profile.title == WHOLE["title"]


def test_a_value_given_wins_and_the_others_come_from_what_is_extended(tmp_path: Path) -> None:
    write(tmp_path, "mine", child("mine", "wearable", compute={"cores": 2}))
    loaded = load_profile("mine", [tmp_path, SHIPPED])
    expected = copy.deepcopy(WHOLE) | {"name": "mine"}
    expected["compute"]["cores"] = 2
    assert loaded.profile.to_dict() == expected
    files = (tmp_path / "mine.toml", SHIPPED / "wearable.toml", SHIPPED / "base.toml")
    assert loaded.sources == files
    assert loaded.origins["compute.cores"] == files[0]
    assert loaded.origins["memory.ram_mb"] == files[1]
    assert loaded.origins["security.ciphers"] == files[2]


def test_a_list_is_replaced_not_joined(tmp_path: Path) -> None:
    write(tmp_path, "mine", child("mine", "wearable", network={"links": ["serial"]}))
    assert load_profile("mine", [tmp_path, SHIPPED]).profile.network.links == ("serial",)


def test_another_latency_path_joins_those_extended(tmp_path: Path) -> None:
    paths = {"latency": {"sample_to_alarm": {"p50_ms": 1, "p99_ms": 2, "max_ms": 3}}}
    write(tmp_path, "mine", child("mine", "wearable", budget=paths))
    profile = load_profile("mine", [tmp_path, SHIPPED]).profile
    assert sorted(profile.budget.latency) == ["sample_to_alarm", "window_to_result"]


def test_a_path_looks_for_what_it_extends_in_its_own_folder_first(tmp_path: Path) -> None:
    write(tmp_path, "wearable", WHOLE | {"title": "Ours"})
    path = write(tmp_path, "mine", child("mine", "wearable"))
    assert load_profile(path, [SHIPPED]).profile.title == "Ours"


LEAVES = ("cores", "cpu_share_percent", "performance_gflops")
LAYER = st.dictionaries(st.sampled_from(LEAVES), st.integers(30, 100), max_size=3)


@settings(deadline=None, max_examples=30)
@given(layers=st.lists(LAYER, min_size=1, max_size=4))
def test_the_nearest_file_that_gives_a_value_wins(layers: list[dict[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as text:
        folder, extends = Path(text), "wearable"
        for index, layer in enumerate(layers):
            write(folder, f"p{index}", child(f"p{index}", extends, compute=layer))
            extends = f"p{index}"
        resolved = load_profile(extends, [folder, SHIPPED]).profile.to_dict()["compute"]
    expected = dict(WHOLE["compute"])
    for layer in layers:
        expected.update(layer)
    assert resolved == expected


def test_profiles_that_extend_each_other_are_refused_with_the_circle(tmp_path: Path) -> None:
    for name, extends in (("a", "b"), ("b", "c"), ("c", "a")):
        write(tmp_path, name, child(name, extends))
    (fault,) = faults("a", [tmp_path])
    assert fault.startswith(f'extends = "a" ({tmp_path / "c.toml"}): ')
    assert "a -> b -> c -> a" in fault


def test_a_profile_that_extends_itself_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a", child("a", "a"))
    assert "in a circle: a -> a" in faults("a", [tmp_path])[0]


def test_a_chain_too_deep_is_refused(tmp_path: Path) -> None:
    whole(tmp_path, "p0")
    for index in range(1, EXTENDS_MAX + 2):
        write(tmp_path, f"p{index}", child(f"p{index}", f"p{index - 1}"))
    assert load_profile(f"p{EXTENDS_MAX}", [tmp_path]).profile.name == f"p{EXTENDS_MAX}"
    (fault,) = faults(f"p{EXTENDS_MAX + 1}", [tmp_path])
    assert f"at most {EXTENDS_MAX} profiles one upon the other: p9 -> p8" in fault


def test_extending_what_is_missing_names_the_nearest_and_misses_nothing_else(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "mine", child("mine", "wearabel", compute={"cores": 0}))
    first, second = faults("mine", [tmp_path, SHIPPED])
    assert first.startswith(f'extends = "wearabel" ({path}): no such profile in ')
    assert first.endswith('did you mean "wearable"?')
    assert second.startswith("compute.cores = 0")


@pytest.mark.parametrize("extends", ["../wearable", "", "Wear able", 3, ["wearable"]])
def test_what_cannot_be_extended_is_one_fault(tmp_path: Path, extends: object) -> None:
    write(tmp_path, "mine", {"extends": extends, "name": "mine"})
    (fault,) = faults("mine", [tmp_path, SHIPPED])
    assert fault.startswith("extends = ")
    assert "expected a lower-case letter" in fault


def test_a_fault_of_the_extended_file_names_that_file(tmp_path: Path) -> None:
    base = copy.deepcopy(WHOLE)
    base["compute"]["cores"] = 0
    lower = write(tmp_path, "lower", base | {"name": "lower"})
    upper = write(tmp_path, "upper", child("upper", "lower", alarm={"low_delay_ms": 1}))
    first, second = faults("upper", [tmp_path])
    assert first.startswith(f"compute.cores = 0 ({lower}): ")
    assert second == (
        f"alarm.medium_delay_ms = 5000 ms ({lower}): expected at most "
        f"alarm.low_delay_ms = 1 ms ({upper})"
    )


def test_a_profile_of_an_unknown_name_is_told_what_there_is(tmp_path: Path) -> None:
    (fault,) = faults("bedside", [tmp_path, SHIPPED])
    assert "bedside_monitor, gateway, portable_device, wearable, workstation" in fault
    assert 'did you mean "bedside_monitor"?' in fault
    assert "base" not in fault.partition("expected one of ")[2].split(", ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("compute = {", "is not TOML: "),
        ("[compute]\ncores = 1\ncores = 2\n", "(at line 3, column 10)"),
        ("[compute]\n[memory]\n[compute]\n", "line 3"),
        ("a = 1" + "0" * 5000, "is not TOML: "),
        ("a = " + "[" * 5000, "nested too deep"),
        ("#" * (FILE_BYTES_MAX + 1), f"more than {FILE_BYTES_MAX} bytes"),
    ],
    ids=["malformed", "key twice", "table twice", "huge number", "deep", "long"],
)
def test_what_is_not_toml_is_one_fault_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, "mine", text)
    (fault,) = faults("mine", [tmp_path])
    assert fault.startswith(f"{path}: ")
    assert told in fault


def test_what_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b'title = "\xff"')
    assert "byte 9 is not UTF-8" in faults("mine", [tmp_path])[0]


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    assert "cannot be read: No such file" in faults(tmp_path / "none.toml", [])[0]
    assert "is not a file" in faults(tmp_path / "folder.toml", [])[0]


def test_every_file_of_a_chain_is_told_of(tmp_path: Path) -> None:
    write(tmp_path, "lower", "oops")
    write(tmp_path, "upper", child("upper", "lower", compute={"cores": 0}))
    told = faults("upper", [tmp_path])
    assert [fault.partition(":")[0].partition(" ")[0] for fault in told] == [
        "compute.cores",
        str(tmp_path / "lower.toml"),
    ]


def test_a_profile_is_called_as_its_file_is(tmp_path: Path) -> None:
    path = write(tmp_path, "mine", WHOLE)
    (fault,) = faults(path, [])
    assert fault == f'name = "wearable" ({path}): expected "mine", as its own file is called'


def test_a_name_is_never_inherited(tmp_path: Path) -> None:
    write(tmp_path, "mine", {"extends": "wearable"})
    (fault,) = faults("mine", [tmp_path, SHIPPED])
    assert 'expected "mine"' in fault


def test_a_file_only_to_be_extended_is_no_profile(tmp_path: Path) -> None:
    write(tmp_path, "half", {"abstract": True, "compute": {"cores": 2}})
    (fault,) = faults("half", [tmp_path])
    assert "only there to be extended" in fault
    assert profile_names([tmp_path]) == ()


def test_being_abstract_is_not_inherited() -> None:
    assert "abstract = true" in (SHIPPED / "base.toml").read_text("utf-8")
    assert load_profile("wearable", [SHIPPED]).sources[-1] == SHIPPED / "base.toml"


def test_names_are_sorted_and_told_once_and_broken_files_are_named(tmp_path: Path) -> None:
    write(tmp_path, "zeta", "oops")
    write(tmp_path, "wearable", "oops")
    names = profile_names([tmp_path, SHIPPED])
    assert names == tuple(sorted({*profile_names([SHIPPED]), "zeta"}))


def test_a_resolved_profile_survives_the_wire() -> None:
    for name in profile_names([SHIPPED]):
        profile = load_profile(name, [SHIPPED]).profile
        received = parse_profile(profile.to_dict())
        assert received == profile
        assert received.sha256 == profile.sha256
