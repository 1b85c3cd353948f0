"""Which files a device consists of, told from its running processes."""

import hashlib
import shutil
import sys
import venv
from pathlib import Path

import pytest

from edgeward_harness.inventory.records import listed_sha256
from edgeward_harness.inventory.sites import Environment
from edgeward_harness.profile.unit import BUILT_IN, Driver, Unit
from edgeward_harness.rig.distributions import Sites
from edgeward_harness.rig.programs import imported
from edgeward_harness.rig.software import Software, file_with_digest, software_of
from edgeward_harness.target import open_device

EXAMPLES = Path(__file__).parents[2] / "examples"


def installed(site: Path, name: str, files: dict[str, str], requires: str = "") -> None:
    """A distribution as an installer leaves it."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")
    listed = [*files, f"{info.name}/RECORD"]
    (info / "RECORD").write_text("".join(f"{one},,\n" for one in listed), encoding="utf-8")
    head = f"Name: {name}\n" + (f"Requires-Dist: {requires}\n" if requires else "")
    (info / "METADATA").write_text(f"{head}\nRequires-Dist: not-a-header\n", encoding="utf-8")


def test_a_distribution_brings_all_that_it_requires_and_no_extra(tmp_path: Path) -> None:
    installed(tmp_path, "Big_One", {"big/__init__.py": "1"}, "small.thing>=1 ; python_version>'3'")
    installed(tmp_path, "small-thing", {"small.py": "12"}, 'never ; extra == "more"')
    installed(tmp_path, "never", {"never.py": "123"})
    sites = Sites([tmp_path])
    assert sites.provider("big") == "big-one"
    assert sites.provider("small") == "small-thing"
    assert sites.provider("unheard_of") == ""
    assert sites.owner(tmp_path / "big" / "__init__.py") == "big-one"
    assert sites.owner(tmp_path / "stranger.py") == ""
    assert sites.with_all_required(["big-one"]) == {"big-one", "small-thing"}


def test_byte_code_is_not_counted_and_an_editable_package_is(tmp_path: Path) -> None:
    beside = tmp_path / "checkout" / "big"
    beside.mkdir(parents=True)
    (beside / "core.py").write_text("1", encoding="utf-8")
    pth = {"_big.pth": f"{beside.parent}\n", "__pycache__/x.cpython-311.pyc": "code"}
    installed(tmp_path / "site", "big", pth)
    sites = Sites([tmp_path / "site"])
    names = {path.name for path in sites.files("big")}
    assert names == {"_big.pth", "core.py", "RECORD"}
    assert sites.provider("big") == sites.owner(beside / "core.py") == "big"


def test_the_first_of_two_folders_counts(tmp_path: Path) -> None:
    for number, folder in enumerate(("first", "second")):
        installed(tmp_path / folder, "big", {"big.py": "1" * (number + 1)})
    sites = Sites([tmp_path / "first", tmp_path / "second"])
    assert tmp_path / "first" / "big.py" in set(sites.files("big"))
    assert tmp_path / "second" / "big.py" not in set(sites.files("big"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import a.b, c as d\nfrom e.f import g\nfrom . import h", {"a", "c", "e"}),
        ("def f():\n    import late", {"late"}),
        ("this is no Python", set()),
    ],
)
def test_what_a_script_imports_is_read_wherever_it_stands(text: str, names: set[str]) -> None:
    assert imported(text) == names


@pytest.mark.slow
def test_the_reference_device_is_its_distribution_and_what_that_requires() -> None:
    with open_device(BUILT_IN["reference"]) as device:
        software = software_of(device)
        model, _ = device.description["models"]
        found = file_with_digest(device, software, model["sha256"])
        assert file_with_digest(device, software, "0" * 64) is None
    assert software.incomplete == ""
    assert {"edgeward", "numpy", "onnxruntime"} <= set(software.distributions)
    info = Environment(Path(sys.prefix)).distributions["numpy"].info
    assert software.identity["used"]["numpy"]["sha256"] == listed_sha256(info)
    (runs,) = software.interpreters.values()
    assert runs.sha256 == hashlib.sha256(Path(sys.executable).read_bytes()).hexdigest()
    assert not {"edgeward-harness", "pytest"} & set(software.distributions)
    assert found is not None
    assert found.name == "rhythm_reference.onnx"
    assert not any(path.suffix == ".pyc" for path in software.files)
    assert Path(sys.executable).resolve() not in software.files


def of_example(command: tuple[str, ...]) -> tuple[Software, Path | None, str]:
    unit = Unit("example", Driver.PROCESS, command, EXAMPLES)
    with open_device(unit) as device:
        software = software_of(device)
        digest = device.description["models"][0]["sha256"]
        return software, file_with_digest(device, software, digest), digest


def test_a_script_without_distributions_is_itself() -> None:
    software, model, digest = of_example((sys.executable, "minimal_device.py"))
    assert [path.name for path in software.files] == ["minimal_device.py"]
    assert software.distributions == {}
    assert software.incomplete == ""
    assert model is not None
    assert hashlib.sha256(model.read_bytes()).hexdigest() == digest


def test_an_interpreter_that_was_copied_is_not_the_device(tmp_path: Path) -> None:
    venv.create(tmp_path / "copy", with_pip=False, symlinks=False)
    python = str(tmp_path / "copy" / "bin" / "python")
    software, _, _ = of_example((python, "minimal_device.py"))
    assert [path.name for path in software.files] == ["minimal_device.py"]


@pytest.mark.skipif(shutil.which("perl") is None, reason="there is no perl")
def test_of_another_program_not_all_files_are_known() -> None:
    software, model, _ = of_example(("perl", "minimal_device.pl"))
    assert [path.name for path in software.files] == ["minimal_device.pl"]
    assert "perl" in software.incomplete
    assert model is not None
