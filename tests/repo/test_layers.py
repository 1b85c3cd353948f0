"""The layers hold, and the contract that says so catches what breaks them."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
ROOTS = {"edgeward": "runtime/edgeward", "edgeward_harness": "harness/edgeward_harness"}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Judge the two packages that lie in a folder by the contract in its pyproject.toml."""
    return subprocess.run(
        [LINT_IMPORTS, "--no-logo", "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(checkout: Path, tmp_path: Path) -> Path:
    """Both packages and the contract in a folder of their own, to be broken."""
    for package, folder in ROOTS.items():
        shutil.copytree(checkout / folder, tmp_path / package)
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_layers_hold(copy: Path) -> None:
    told = lint(copy)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("edgeward/limits.py", "import edgeward_harness"),
        ("edgeward/limits.py", "import pytest"),
        ("edgeward/limits.py", "import jinja2"),
        ("edgeward/limits.py", "import torch"),
        ("edgeward/model/load.py", "import torch"),
        ("edgeward/model/onnx_engine.py", "import ai_edge_litert"),
        ("edgeward/errors.py", "def late() -> None:\n    import hypothesis"),
        ("edgeward/signal/__init__.py", "import edgeward.device"),
        ("edgeward/signal/__init__.py", "import edgeward.model"),
        ("edgeward/ports.py", "import edgeward.limits"),
        ("edgeward/ports.py", "import edgeward.profile"),
        ("edgeward_harness/errors.py", "import edgeward_harness.trace"),
        ("edgeward_harness/measure/__init__.py", "import edgeward_harness.evidence"),
        ("edgeward_harness/target/session.py", "import edgeward_harness.rig"),
        ("edgeward_harness/report/words.py", "import edgeward_harness.gate"),
        ("edgeward_harness/trace/__init__.py", "import edgeward_harness.report"),
        ("edgeward_harness/evidence/__init__.py", "import edgeward_harness.plugin"),
    ],
)
def test_an_upward_import_is_caught(copy: Path, module: str, line: str) -> None:
    with (copy / module).open("a") as broken:
        broken.write(f"\n{line}\n")
    told = lint(copy)
    package, _, imported = line.split()[-1].partition(".")
    assert told.returncode != 0
    assert "BROKEN" in told.stdout
    assert f"-> {package}{'.' if imported else ''}{imported}" in told.stdout


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch_engine", "litert_engine", "compress.quantise"])
def test_an_optional_backend_imported_past_the_loader_is_caught(copy: Path, backend: str) -> None:
    with (copy / "edgeward/device/assembly.py").open("a") as broken:
        broken.write(f"\nimport edgeward.model.{backend}\n")
    told = lint(copy)
    assert told.returncode != 0
    assert f"edgeward.device.assembly -> edgeward.model.{backend}" in told.stdout


@pytest.mark.slow
def test_a_cycle_inside_a_part_is_caught(copy: Path) -> None:
    with (copy / "edgeward/signal/windows.py").open("a") as broken:
        broken.write("\nimport edgeward.signal.patient\n")
    told = lint(copy)
    assert told.returncode != 0
    assert ".windows -> .patient" in told.stdout


def layers_named(contract: dict[str, list[dict[str, list[str]]]]) -> set[str]:
    """Every module that stands in one of the layer contracts."""
    rows = [row for item in contract["contracts"] for row in item.get("layers", [])]
    return {name.strip() for row in rows for part in row.split("|") for name in part.split(":")}


@pytest.mark.parametrize("package", ROOTS)
def test_every_part_has_its_layer(checkout: Path, package: str) -> None:
    """A part that no contract names could import whatever it likes."""
    settings = tomllib.loads((checkout / "pyproject.toml").read_text())
    named = layers_named(settings["tool"]["importlinter"])
    parts = {
        f"{package}.{entry.stem}"
        for entry in (checkout / ROOTS[package]).iterdir()
        if entry.suffix == ".py" or (entry / "__init__.py").exists()
    }
    assert parts - named - {f"{package}.__init__"} == set()
