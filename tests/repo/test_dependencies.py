"""What the two distributions say about themselves and about each other agrees."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import edgeward
import edgeward_harness

Metadata = dict[str, Any]


@pytest.fixture(scope="module")
def harness(checkout: Path) -> Metadata:
    """The metadata of what proves."""
    project: Metadata = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    return project


@pytest.fixture(scope="module")
def runtime(checkout: Path) -> Metadata:
    """The metadata of what ships."""
    project: Metadata = tomllib.loads((checkout / "runtime/pyproject.toml").read_text())["project"]
    return project


def missing(wanted: list[str], given: list[str]) -> list[str]:
    """Each wanted requirement that is not given with the same name and bounds."""
    there = {(item.name, item.specifier) for item in map(Requirement, given)}
    return [text for text in wanted if (each := Requirement(text)) and
            (each.name, each.specifier) not in there]  # fmt: skip


def test_the_harness_asks_for_all_that_the_runtime_asks_for(
    harness: Metadata, runtime: Metadata
) -> None:
    """Some installers skip build-hook dependencies in editable installs."""
    assert missing(runtime["dependencies"], harness["dependencies"]) == []


def test_what_trains_the_model_is_there_to_test_it(harness: Metadata, runtime: Metadata) -> None:
    extras = runtime["optional-dependencies"]
    assert missing(extras["train"], harness["optional-dependencies"]["dev"]) == []


def test_what_the_daemon_can_be_asked_for_is_there_to_test_it(
    harness: Metadata, runtime: Metadata
) -> None:
    extras = runtime["optional-dependencies"]
    wanted = [*extras["metrics"], *extras["mqtt"]]
    here = [*harness["dependencies"], *harness["optional-dependencies"]["dev"]]
    assert missing(wanted, here) == []


def test_a_missing_or_looser_requirement_is_seen() -> None:
    assert missing(["numpy>=1.26"], ["pytest>=8", "numpy >= 1.26"]) == []
    assert missing(["numpy>=1.26"], ["numpy>=1.20", "pytest"]) == ["numpy>=1.26"]


def test_the_runtime_installs_nothing_that_tests(runtime: Metadata) -> None:
    names = {Requirement(text).name for text in runtime["dependencies"]}
    tests = {"pytest", "hypothesis", "jinja2", "edgeward-harness"}
    assert names & (tests | {"torch", "ai-edge-litert"}) == set()


def test_both_carry_one_version(harness: Metadata, runtime: Metadata) -> None:
    versions = [
        harness["version"], runtime["version"], edgeward.__version__, edgeward_harness.__version__
    ]  # fmt: skip
    assert versions == [harness["version"]] * 4


def test_both_carry_the_licence(checkout: Path, harness: Metadata, runtime: Metadata) -> None:
    assert harness["license"] == runtime["license"] == "Apache-2.0"
    text = (checkout / "LICENSE").read_text()
    assert "Apache License" in text
    assert (checkout / "runtime/LICENSE").read_text() == text


def test_torch_stays_the_processor_build(checkout: Path) -> None:
    lines = (checkout / "constraints.txt").read_text().splitlines()
    assert "torch==2.13.0" in lines
