"""Starting the command or pytest imports nothing heavy. `benchmarks/bench_startup.py` has times."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OPTIONAL = {"ai_edge_litert", "torch"}
"""Backends that only a model of their format needs."""

HEAVY = OPTIONAL | {
    "cryptography", "hypothesis", "jinja2", "numpy", "onnx", "onnxruntime", "psutil", "scipy",
    "sklearn",
}  # fmt: skip

DUMP = """
import json, pathlib, sys

def pytest_unconfigure():
    pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
"""

HELP = """
import json, pathlib, sys
from edgeward.device.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
"""

DEVICE = """
import json, pathlib, sys
from edgeward.device.assembly import system_parts
from edgeward.device.device import Device
from edgeward.model.load import load_engine
Device(system_parts(None))
pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
"""


def modules_after(command: list[str | Path], folder: Path) -> set[str]:
    """The top-level names imported by a program that writes down its modules at its end."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    names: list[str] = json.loads((folder / "modules.json").read_text())
    return {name.partition(".")[0] for name in names}


def modules_after_pytest(folder: Path, *options: str) -> set[str]:
    """What a bare pytest run of one trivial test has imported."""
    (folder / "dump.py").write_text(DUMP)
    (folder / "test_nothing.py").write_text("def test_nothing(): pass\n")
    pytest_command = Path(sys.executable).with_name("pytest")
    return modules_after(
        [pytest_command, "-q", "-p", "dump", "-p", "no:cacheprovider", *options], folder
    )


@pytest.mark.slow
def test_the_plugin_adds_no_heavy_import_to_a_bare_pytest(tmp_path: Path) -> None:
    without = modules_after_pytest(tmp_path, "-p", "no:edgeward")
    added = modules_after_pytest(tmp_path) - without
    assert "edgeward_harness" in added
    assert added & HEAVY == set()


@pytest.mark.slow
def test_this_test_would_see_a_heavy_import(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import numpy\n")
    assert "numpy" in modules_after_pytest(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_the_command_adds_no_heavy_import(tmp_path: Path, arguments: list[str]) -> None:
    code = HELP.format(arguments=arguments)
    imported = modules_after([sys.executable, "-c", code], tmp_path)
    assert "edgeward" in imported
    assert imported & (HEAVY | {"pytest"}) == set()


@pytest.mark.slow
def test_a_device_starts_without_the_optional_backends(tmp_path: Path) -> None:
    """They are installed for the tests, so a device that imports one by mistake would find it."""
    imported = modules_after([sys.executable, "-c", DEVICE], tmp_path)
    assert {"edgeward", "onnxruntime"} <= imported
    assert imported & OPTIONAL == set()
