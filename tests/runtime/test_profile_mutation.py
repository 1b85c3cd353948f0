"""Any single change of a whole profile is refused where it is wrong, and seen where it is right."""

import copy
import json
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from edgeward.canonical import canonical_json, digest
from edgeward.profile import Profile, ProfileError, load_profile, parse_profile
from edgeward.profile.kinds import Choice, Choices, Flag, Kind, Number, Text
from edgeward.profile.layout import entries, leaves
from edgeward.profile.reading import build, read

SHIPPED = Path(__file__).parents[2] / "device_profiles"
WHOLE = load_profile("bedside_monitor", [SHIPPED]).profile.to_dict()
KINDS: dict[str, Kind] = {
    path.replace("*", "window_to_result"): kind for path, kind in leaves(Profile).items()
}
PATHS = st.sampled_from(sorted(KINDS))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=90)
    | st.sampled_from(["1.3", "wifi", "A", "waveform", "trend", "event", "none"]),
    lambda each: (
        st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=5), each, max_size=3)
    ),
    max_leaves=6,
)


def section_of(data: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *sections, key = path.split(".")
    for section in sections:
        data = data[section]
    return data, key


def with_value(path: str, value: object) -> dict[str, Any]:
    data = copy.deepcopy(WHOLE)
    section, key = section_of(data, path)
    section[key] = value
    return data


def faults(data: Any) -> tuple[str, ...]:
    with pytest.raises(ProfileError) as caught:
        parse_profile(data)
    return caught.value.faults


def test_every_path_of_the_layout_is_in_a_whole_profile_and_no_other() -> None:
    def paths(data: dict[str, Any], prefix: str = "") -> list[str]:
        nested = (
            paths(value, f"{prefix}{key}.") if isinstance(value, dict) else [f"{prefix}{key}"]
            for key, value in data.items()
        )
        return [path for each in nested for path in each]

    assert paths(WHOLE) == list(KINDS)


@pytest.mark.parametrize("path", KINDS)
def test_a_value_dropped_is_missed(path: str) -> None:
    data = copy.deepcopy(WHOLE)
    section, key = section_of(data, path)
    del section[key]
    (fault,) = faults(data)
    told = path if section else path.rpartition(".")[0]
    assert fault.startswith(f"{told}: missing; expected ")


@pytest.mark.parametrize("path", [path for path, kind in KINDS.items() if isinstance(kind, Number)])
def test_one_step_over_a_bound_is_refused(path: str) -> None:
    kind = KINDS[path]
    assert isinstance(kind, Number)
    step = 1 if kind.whole else 0.0005
    for value in (kind.least - step, kind.most + step):
        (fault,) = faults(with_value(path, value))
        assert fault.startswith(f"{path} = ")
        assert f"expected {kind.accepted()}" in fault


@settings(deadline=None)
@given(path=PATHS, value=JSON)
@example(path="compute.cores", value=True)
@example(path="compute.cores", value=2.0)
@example(path="title", value="a line\n")
@example(path="name", value="name\n")
def test_loader_and_schema_agree_on_every_value(path: str, value: object) -> None:
    kind = KINDS[path]
    valid = Draft202012Validator(kind.schema()).is_valid(value)
    assert kind.accepts(value) == valid


@settings(deadline=None)
@given(path=PATHS, value=JSON)
def test_a_value_that_is_not_accepted_is_one_fault_that_names_its_path(
    path: str, value: object
) -> None:
    assume(not KINDS[path].accepts(value))
    (fault,) = faults(with_value(path, value))
    assert fault.startswith(f"{path} = ")
    assert KINDS[path].accepted() in fault


@settings(deadline=None)
@given(path=PATHS, key=st.text(min_size=1, max_size=20), value=JSON)
def test_a_key_too_many_is_refused_wherever_it_stands(path: str, key: str, value: object) -> None:
    data = copy.deepcopy(WHOLE)
    section, _ = section_of(data, path)
    assume(key not in section)
    section[key] = value
    (fault,) = faults(data)
    prefix = path.rpartition(".")[0]
    assert fault.startswith(prefix)
    assert "no such key" in fault


def other_value(kind: Kind, value: Any) -> object:
    """Another value that is accepted; None when there is none."""
    if isinstance(kind, Choices):
        return value[::-1] if len(value) > 1 else None
    if isinstance(kind, Choice):
        return next((word.value for word in kind.vocabulary if word.value != value), None)
    if isinstance(kind, Text):
        return f"{value}x"
    if isinstance(kind, Flag):
        return not value
    assert isinstance(kind, Number)
    return next((each for each in (kind.least, kind.most) if each != value), None)


@pytest.mark.parametrize("path", KINDS)
def test_the_digest_changes_with_every_field(path: str) -> None:
    section, key = section_of(copy.deepcopy(WHOLE), path)
    value = other_value(KINDS[path], section[key])
    if value is None:
        assert path in {"schema", "security.tls_version_min"}  # one word is accepted, so none else
        return
    changed = build(Profile, read(Profile, with_value(path, value)))
    assert changed is not None
    assert changed.sha256 != digest(WHOLE)
    assert changed.to_dict() == with_value(path, value)


def test_a_latency_path_more_changes_the_digest() -> None:
    data = copy.deepcopy(WHOLE)
    data["budget"]["latency"]["other"] = {"p50_ms": 1, "p99_ms": 2, "max_ms": 3}
    assert parse_profile(data).sha256 != digest(WHOLE)


@settings(deadline=None)
@given(p50=st.floats(0.001, 50), p99=st.floats(50, 100), most=st.floats(100, 1e6))
def test_what_is_sent_is_what_is_received(p50: float, p99: float, most: float) -> None:
    latency = {"p50_ms": p50, "p99_ms": p99, "max_ms": most}
    profile = parse_profile(with_value("budget.latency.window_to_result", latency))
    wire = canonical_json(profile.to_dict())
    received = parse_profile(json.loads(wire))
    assert received == profile
    assert received.sha256 == profile.sha256 == digest(json.loads(wire))


def test_whole_numbers_are_written_without_a_fraction() -> None:
    profile = parse_profile(with_value("budget.inference_ms", 25.0))
    assert profile.sha256 == digest(WHOLE)
    assert b'"inference_ms":25,' in canonical_json(profile.to_dict())


def test_each_field_holds_what_its_annotation_says() -> None:
    def judge(section: Any) -> None:
        declared_as: type = type(section)
        for key, entry in entries(declared_as).items():
            value = getattr(section, key)
            if isinstance(entry, type):
                judge(value)
            elif isinstance(value, dict):
                for each in value.values():
                    judge(each)
            else:
                declared = declared_as.__annotations__[key].__origin__
                each = value if get_origin(declared) is tuple else [value]
                wanted = get_args(declared)[0] if get_origin(declared) is tuple else declared
                assert all(type(one) is wanted for one in each), key

    judge(load_profile("bedside_monitor", [SHIPPED]).profile)


def test_vocabularies_compare_with_their_words() -> None:
    profile = parse_profile(WHOLE)
    assert profile.compute.scheduling_policy == "other"
    assert isinstance(profile.clinical.safety_class, StrEnum)
