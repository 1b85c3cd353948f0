"""The JSON Schema refuses what the loader refuses, and the committed file is the model's."""

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from edgeward.profile import load_profile, profile_names
from edgeward.profile.schema import DIALECT, profile_schema

SHIPPED = Path(__file__).parents[2] / "device_profiles"
WHOLE = load_profile("gateway", [SHIPPED]).profile.to_dict()
VALIDATOR = Draft202012Validator(profile_schema())


def errors(document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def changed(path: str, value: object) -> dict[str, Any]:
    data = copy.deepcopy(WHOLE)
    *sections, key = path.split(".")
    place = data
    for section in sections:
        place = place[section]
    place[key] = value
    return data


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(profile_schema())
    assert profile_schema()["$schema"] == DIALECT


def test_the_committed_schema_is_the_one_of_the_model() -> None:
    committed = (SHIPPED / "schema.json").read_text("utf-8")
    generated = json.dumps(profile_schema(), indent=2, ensure_ascii=False) + "\n"
    assert committed == generated, "edgeward profile schema > device_profiles/schema.json"


@pytest.mark.parametrize("name", profile_names([SHIPPED]))
def test_shipped_profiles_are_valid_resolved_and_as_files(name: str) -> None:
    assert errors(load_profile(name, [SHIPPED]).profile.to_dict()) == []
    assert errors(tomllib.loads((SHIPPED / f"{name}.toml").read_text("utf-8"))) == []


def test_a_file_only_to_be_extended_may_leave_values_out() -> None:
    assert errors(tomllib.loads((SHIPPED / "base.toml").read_text("utf-8"))) == []
    assert errors({"abstract": True}) == []
    assert errors({"extends": "base"}) == []


INCOMPLETE = [{}, {"abstract": False}, {"schema": 1}, {"name": "x", "title": "X"}]


@pytest.mark.parametrize("document", INCOMPLETE, ids=str)
def test_what_neither_extends_nor_is_extended_must_be_complete(document: dict[str, Any]) -> None:
    assert any("is a required property" in error for error in errors(document))


def every_table(data: dict[str, Any], path: str = "") -> list[str]:
    below = [
        found
        for key, value in data.items()
        if isinstance(value, dict)
        for found in every_table(value, f"{path}{key}.")
    ]
    return [path, *below]


@pytest.mark.parametrize("table", every_table(WHOLE))
def test_no_table_takes_a_key_nobody_knows(table: str) -> None:
    if table == "budget.latency.":
        found = errors(changed(f"{table}Not a name", {"p50_ms": 1, "p99_ms": 1, "max_ms": 1}))
    else:
        found = errors(changed(f"{table}unheard_of", 1))
    assert found
    inherited = errors(changed(f"{table}unheard_of", 1) | {"extends": "base"})
    assert inherited


@pytest.mark.parametrize("table", every_table(WHOLE)[1:])
def test_no_table_may_be_left_out_or_left_empty_or_be_something_else(table: str) -> None:
    path = table.removesuffix(".")
    values: tuple[Any, ...] = ({}, [], 1, "text", None)
    for value in values:
        assert errors(changed(path, value)), value


def test_only_an_extending_file_may_give_part_of_a_table() -> None:
    part = {"compute": {"cores": 2}, "budget": {"latency": {"window_to_result": {"p50_ms": 1}}}}
    assert errors({"extends": "base", **part}) == []
    assert errors(part)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", 2),
        ("name", "Gateway"),
        ("title", ""),
        ("title", "a\nb"),
        ("title", "x" * 81),
        ("compute.cores", True),
        ("compute.cores", 1.5),
        ("compute.cores", 0),
        ("compute.cores", 1025),
        ("compute.cores", "4"),
        ("clinical.safety_class", "D"),
        ("network.links", []),
        ("network.links", ["wifi", "wifi"]),
        ("network.links", ["pigeon"]),
        ("offline.eviction_order", ["waveform", "trend"]),
        ("offline.eviction_order", ["waveform", "trend", "event", "alarm"]),
        ("security.tls_version_min", "1.2"),
    ],
)
def test_each_rule_of_a_value_refuses(path: str, value: object) -> None:
    assert any(path in error for error in errors(changed(path, value)))


def test_a_latency_path_more_is_accepted_when_whole_and_refused_when_not() -> None:
    whole = {"p50_ms": 1, "p99_ms": 2, "max_ms": 3}
    assert errors(changed("budget.latency.other", whole)) == []
    del whole["max_ms"]
    assert errors(changed("budget.latency.other", whole))
