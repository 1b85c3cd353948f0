"""Bench files: which unit is here, and what it may claim to be."""

import sys
from pathlib import Path

import pytest

from edgeward_harness.errors import InputError
from edgeward_harness.profile.unit import BUILT_IN, Driver, Realization, Unit, find_unit, load_units


def bench(folder: Path, text: str) -> Path:
    path = folder / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        load_units(path)
    assert caught.value.source == str(path)
    return caught.value.faults


def test_the_reference_device_is_built_in_twice() -> None:
    process, inside = BUILT_IN["reference"], BUILT_IN["reference-inprocess"]
    assert process.command == (sys.executable, "-P", "-m", "edgeward.device")
    assert (process.driver, process.realization) == (Driver.PROCESS, Realization.EMULATED)
    assert (inside.driver, inside.realization) == (Driver.INPROCESS, Realization.SIMULATED)
    assert inside.command == ()


def test_a_unit_says_how_it_is_reached_and_what_it_is(tmp_path: Path) -> None:
    text = """
        [unit.rack-3]
        driver = "process"
        command = ["tools/relay", "--port", "{python}"]
        cwd = "work"
        realization = "on_target"
        serial = "EW-0042"
        environment = { SPEED = "115200" }
        fixtures = ["ecg-simulator", "power-switch"]
    """
    units = load_units(bench(tmp_path, text))
    assert units["rack-3"] == Unit(
        name="rack-3",
        driver=Driver.PROCESS,
        command=(str(tmp_path / "tools/relay"), "--port", sys.executable),
        cwd=tmp_path / "work",
        realization=Realization.ON_TARGET,
        serial="EW-0042",
        environment={"SPEED": "115200"},
        fixtures=("ecg-simulator", "power-switch"),
    )
    assert list(units) == ["reference", "reference-inprocess", "rack-3"]


def test_what_is_not_said_is_the_weaker_claim(tmp_path: Path) -> None:
    text = """
        [unit.late]
        driver = "process"
        command = ["{python}", "late.py"]
        [unit.inside]
        driver = "inprocess"
    """
    units = load_units(bench(tmp_path, text))
    assert units["late"].realization is Realization.EMULATED
    assert units["late"].cwd == tmp_path
    assert units["late"].command == (sys.executable, "late.py")
    assert units["inside"].realization is Realization.SIMULATED
    assert units["inside"].cwd is None


def test_a_bare_program_is_left_to_the_path_and_an_absolute_one_as_it_is(tmp_path: Path) -> None:
    text = """
        [unit.bare]
        driver = "process"
        command = ["relay"]
        [unit.absolute]
        driver = "process"
        command = ["/opt/relay"]
        cwd = "/srv"
    """
    units = load_units(bench(tmp_path, text))
    assert units["bare"].command == ("relay",)
    assert units["absolute"].command == ("/opt/relay",)
    assert units["absolute"].cwd == Path("/srv")


PROCESS = 'driver = "process"\ncommand = ["x"]\n'
BAD = [
    (
        PROCESS + 'realization = "simulated"',
        'realization = "simulated"',
        '"emulated" or "on_target"',
    ),
    (PROCESS + 'realization = "on_target"', "serial: missing", 'realization = "on_target"'),
    ('driver = "inprocess"\nrealization = "emulated"', '= "emulated"', 'expected "simulated"'),
    ('driver = "inprocess"\ncommand = ["x"]', "command", "expected none"),
    ('driver = "inprocess"\ncwd = "x"', "cwd", "starts no program"),
    ('driver = "process"', "command: missing", "the program and its arguments"),
    ('command = ["x"]', "driver: missing", '"inprocess" or "process"'),
    ('driver = "proces"\ncommand = ["x"]', 'driver = "proces"', 'did you mean "process"?'),
    ('driver = "process"\ncommand = "x -v"', 'command = "x -v"', "put it between [ and ]"),
    ('driver = "process"\ncommand = []', "command = []", "a list, not empty"),
    ('driver = "process"\ncommand = ["x", 1]', "command = ", "a list, not empty"),
    (PROCESS + "serial = 42", "serial = 42", "text of 1 to 80 printable characters"),
    (PROCESS + 'adress = "x"', "adress: no such key", "driver, command, cwd, realization"),
    (PROCESS + 'enviroment = {A="b"}', "enviroment: no such key", 'did you mean "unit.u.environ'),
    (PROCESS + 'environment = {A=1, B="b"}', "environment", "look at A"),
    (PROCESS + 'environment = {"A=B"="b"}', "environment", "look at A=B"),
    (PROCESS + 'environment = "A=b"', 'environment = "A=b"', "a table of texts under names"),
    (PROCESS + 'fixtures = ["Power Switch"]', "fixtures", "a lower-case word"),
]


@pytest.mark.parametrize(("text", "found", "accepted"), BAD)
def test_one_wrong_thing_is_one_fault(tmp_path: Path, text: str, found: str, accepted: str) -> None:
    (fault,) = refused(bench(tmp_path, f"[unit.u]\n{text}\n"))
    assert fault.startswith("unit.u.")
    assert found in fault
    assert accepted in fault


def test_every_fault_of_every_unit_is_told_at_once(tmp_path: Path) -> None:
    text = """
        unti = 1
        [unit.reference]
        driver = "process"
        command = ["x"]
        [unit.a]
        [unit.b]
        driver = "process"
        realization = "on_target"
        [unit."Not.a.name"]
        driver = "process"
    """
    told = "\n".join(refused(bench(tmp_path, text)))
    assert told.count("\n") == 5
    assert 'unti: no such key; expected unit; did you mean "unit"?' in told
    assert "unit.reference: this name is built in; expected another" in told
    assert "unit.a.driver: missing" in told
    assert "unit.b.command: missing" in told
    assert "unit.b.serial: missing" in told
    assert 'unit."Not.a.name": expected as a name' in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unit = 3", "unit = 3: expected a table"),
        ("unit.a = 3", "unit.a = 3: expected a table with driver, command"),
        ("[unit.a]\n[unit.a]", "is not TOML: "),
    ],
)
def test_what_is_no_bench_file_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (fault,) = refused(bench(tmp_path, text))
    assert fault.startswith(told)


def test_a_missing_bench_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.toml") == ("cannot be read: No such file or directory",)


def test_a_bench_file_may_be_empty(tmp_path: Path) -> None:
    assert load_units(bench(tmp_path, "")) == BUILT_IN


def test_the_reference_device_is_meant_when_none_is_asked_for(tmp_path: Path) -> None:
    assert find_unit(None) == BUILT_IN["reference"]
    assert find_unit(None, bench(tmp_path, "")) == BUILT_IN["reference"]


def test_a_unit_is_found_on_the_bench_given_and_on_the_bench_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bench(tmp_path, f"[unit.mine]\n{PROCESS}")
    assert find_unit("mine", path).name == "mine"
    monkeypatch.chdir(tmp_path)
    here = find_unit("mine")
    assert here.name == "mine"
    assert here.cwd == tmp_path


def test_a_built_in_unit_needs_no_bench_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench(tmp_path, "oops")
    monkeypatch.chdir(tmp_path)
    assert find_unit("reference").name == "reference"


def test_an_unknown_unit_is_told_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_unit("rack3", bench(tmp_path, f"[unit.rack-3]\n{PROCESS}"))
    (fault,) = caught.value.faults
    assert fault == (
        'found "rack3", accepted: one of reference, reference-inprocess, rack-3; '
        'did you mean "rack-3"?'
    )
