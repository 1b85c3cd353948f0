"""What ships works without the checkout: both wheels in clean environments, away from it.

The device's environment holds the runtime's wheel alone, the bench's holds both. Nothing of the
checkout can leak in: every program runs in an empty folder, with its home there, in isolated mode.
"""

import hashlib
import json
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

DATA = {
    "suites": "edgeward_harness/suites",
    "device_profiles": "edgeward_harness/device_profiles",
    "reports/clauses": "edgeward_harness/clauses",
    "reports/soup": "edgeward_harness/soup",
    "reports/templates": "edgeward_harness/templates",
    "tests/faulty/devices": "edgeward_harness/seeded",
}
"""Where a folder of the checkout lies in the harness's wheel."""

PACKAGES = {
    "runtime": {"runtime/edgeward": "edgeward"},
    "harness": {"harness/edgeward_harness": "edgeward_harness", **DATA},
}

READ_ALL = """
import hashlib, json
from edgeward_harness import resources
folders = {
    "suites": resources.suites(),
    "device_profiles": resources.device_profiles(),
    "reports/clauses": resources.clauses(),
    "reports/soup": resources.soup().parent,
    "reports/templates": resources.templates(),
    "tests/faulty/devices": resources.seeded(),
}
print(json.dumps({
    f"{name}/{path.relative_to(folder).as_posix()}": hashlib.sha256(path.read_bytes()).hexdigest()
    for name, folder in folders.items() for path in folder.rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}))
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """A clean virtual environment and an empty folder to work in."""

    folder: Path
    empty: Path

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run an installed program in the empty folder, with nothing of our own environment."""
        program = self.folder / "bin" / command[0]
        return subprocess.run(
            [program, *command[1:]],
            cwd=self.empty,
            env={"PATH": f"{self.folder}/bin:/usr/bin:/bin", "HOME": str(self.empty)},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run a line of Python that sees the environment's packages only."""
        return self.run("python", "-I", "-c", code)


def pip(*arguments: str | Path) -> None:
    """Run our own pip; its cache is shared, so only the first run meets the package index."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheels(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels, built from this checkout with the build tool installed here."""
    folder = tmp_path_factory.mktemp("wheels")
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    pip("wheel", *options, checkout / "runtime", checkout)
    (runtime,) = folder.glob("edgeward-*.whl")
    (harness,) = folder.glob("edgeward_harness-*.whl")
    return {"runtime": runtime, "harness": harness}


def clean_environment(folder: Path, checkout: Path, *wheels: Path) -> Environment:
    """Install wheels and what they ask for, as tested, into a new environment."""
    environment = Environment(folder / "venv", folder / "empty")
    environment.empty.mkdir()
    venv.create(environment.folder)
    into = ["--python", str(environment.folder / "bin/python")]
    into += ["install", "--constraint", str(checkout / "constraints.txt")]
    pip(*into, "--no-compile", *wheels)  # most of what it asks for is never imported
    return environment


@pytest.fixture(scope="module")
def device(
    wheels: dict[str, Path], checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """What a device has: the runtime and nothing else."""
    return clean_environment(tmp_path_factory.mktemp("device"), checkout, wheels["runtime"])


@pytest.fixture(scope="module")
def bench(
    wheels: dict[str, Path], checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """What a bench has: both."""
    return clean_environment(tmp_path_factory.mktemp("bench"), checkout, *wheels.values())


def in_wheel(wheel: Path) -> dict[str, bytes]:
    """Every file of a wheel but its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }


def metadata(wheel: Path) -> Message:
    """What a wheel says about itself."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


@pytest.mark.parametrize("distribution", PACKAGES)
def test_a_wheel_holds_the_checkout_and_nothing_else(
    wheels: dict[str, Path], files: dict[str, Path], distribution: str
) -> None:
    wanted = {
        inside + name.removeprefix(folder): path.read_bytes()
        for folder, inside in PACKAGES[distribution].items()
        for name, path in files.items()
        if name.startswith(f"{folder}/")
    }
    found = in_wheel(wheels[distribution])
    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if found[name] != wanted[name]] == []


@pytest.mark.parametrize("distribution", PACKAGES)
def test_a_wheel_carries_the_licence(wheels: dict[str, Path], distribution: str) -> None:
    with zipfile.ZipFile(wheels[distribution]) as archive:
        assert [name for name in archive.namelist() if name.endswith("/licenses/LICENSE")]


def test_the_harness_asks_for_the_runtime_of_its_version(wheels: dict[str, Path]) -> None:
    harness, runtime = metadata(wheels["harness"]), metadata(wheels["runtime"])
    assert f"edgeward=={runtime['Version']}" in harness.get_all("Requires-Dist", [])


@pytest.mark.parametrize("name", ["pytest", "hypothesis", "jinja2", "torch", "edgeward_harness"])
def test_a_device_holds_nothing_that_tests(device: Environment, name: str) -> None:
    done = device.python(f"import {name}")
    assert f"No module named '{name}'" in done.stderr


def test_a_device_runs_the_installed_runtime(device: Environment) -> None:
    done = device.python("import edgeward; print(edgeward.__file__)")
    assert done.stdout.startswith(str(device.folder)), done.stderr


def test_a_device_has_the_runtimes_commands_only(device: Environment, bench: Environment) -> None:
    on_device, on_bench = device.run("edgeward", "--help"), bench.run("edgeward", "--help")
    assert on_device.returncode == on_bench.returncode == 0
    for command in ("verify", "inspect", "gate", "trace", "report", "agent-check", "qualify"):
        assert f" {command} " not in on_device.stdout
        assert f" {command} " in on_bench.stdout


def test_a_device_answers_the_protocol(device: Environment) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "describe", "params": {}}
    done = device.run("python", "-I", "-m", "edgeward.device", stdin=json.dumps(request) + "\n")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["id"] == 1
    assert answer["result"]["protocol"].startswith("1.")
    assert "core" in answer["result"]["capabilities"]


def test_a_bench_reads_every_shipped_file(bench: Environment, files: dict[str, Path]) -> None:
    done = bench.python(READ_ALL)
    assert done.returncode == 0, done.stderr
    wanted = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in files.items()
        if name.startswith(tuple(f"{folder}/" for folder in DATA))
    }
    assert json.loads(done.stdout) == wanted


def test_a_bench_knows_the_shipped_profiles(bench: Environment) -> None:
    done = bench.run("edgeward", "profile", "list")
    assert done.returncode == 0, done.stderr
    for name in ("wearable", "bedside_monitor", "portable_device", "gateway", "workstation"):
        assert name in done.stdout


def test_a_bench_verifies_from_an_empty_folder(bench: Environment) -> None:
    """A loaded host may leave a case undecided (status 2); the bundle is whole all the same."""
    options = ["--profile", "wearable", "--depth", "quick", "--out", "bundle"]
    suite = ["--suite", "resources"]  # the shortest; the others are imported by the next test
    done = bench.run("edgeward", "verify", *options, *suite)
    assert done.returncode in (0, 2), done.stdout + done.stderr
    bundle = bench.empty / "bundle"
    lines = [json.loads(line) for line in (bundle / "records.jsonl").read_text().splitlines()]
    states = {line["state"] for line in lines if line["type"] == "record"}
    assert "passed" in states
    assert states <= {"passed", "cannot_judge"}
    inspected = bench.run("edgeward", "inspect", str(bundle))
    assert inspected.returncode == 0, inspected.stdout + inspected.stderr


def test_a_bench_finds_every_case_of_the_installed_suites(bench: Environment) -> None:
    """Each of them imports with nothing installed but what the wheels ask for."""
    done = bench.python("from edgeward_harness import resources; print(resources.suites())")
    suites = Path(done.stdout.strip())
    assert bench.folder in suites.parents, done.stderr
    options = [f"--rootdir={suites}", f"--config-file={suites / 'pytest.ini'}", "-qq"]
    mode = ["--import-mode=importlib", "-p", "no:cacheprovider", "--collect-only"]
    words = [*options, *mode, "--edgeward-profile=bedside_monitor", str(suites)]
    told = bench.run("python", "-P", "-m", "pytest", *words)
    assert told.returncode == 0, told.stdout + told.stderr
    folders = {path.parent.name for path in suites.glob("*/testplan.toml")}
    assert {line.partition("/")[0] for line in told.stdout.splitlines() if "/" in line} == folders
