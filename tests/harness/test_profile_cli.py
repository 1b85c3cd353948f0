"""`edgeward profile`: what a person sees, and the exit status a script does."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeward.profile import ProfileError, load_profile
from edgeward.profile.schema import profile_schema
from edgeward_harness import resources
from edgeward_harness.cli import profile as command
from edgeward_harness.errors import InputError

FOLDER = resources.device_profiles()
BROKEN = 'extends = "wearable"\nname = "broken"\n[compute]\ncores = 0\ncoers = 2\n'
DOUBTED = 'extends = "wearable"\nname = "doubted"\n[alarm]\nhigh_delay_ms = 2\n'


def edgeward_profile(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return command.run(parser.parse_args(words))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "broken.toml").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "doubted.toml").write_text(DOUBTED, encoding="utf-8")
    return tmp_path


def test_list_is_a_table_with_one_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert edgeward_profile("list") == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "title", "class", "p99", "cores", "ram"]
    assert " ".join(rows[0].split()) == (
        "bedside_monitor Bedside monitor, intensive care IIb / C 50 ms 2 4096 MB"
    )
    assert [row.partition(" ")[0] for row in rows[1:]] == [
        "gateway",
        "portable_device",
        "wearable",
        "workstation",
    ]
    assert {row.index(" / ") for row in rows} == {head.index("class") + len("IIx")}
    assert len({len(row) for row in [head, *rows]}) == 1


def test_list_says_which_profiles_are_broken(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edgeward_profile("list", "--profiles", str(mine)) == 1
    captured = capsys.readouterr()
    assert "broken" not in captured.out
    assert "doubted" in captured.out
    assert captured.err == "broken has 2 faults: edgeward profile check broken\n"


def test_show_tells_each_value_with_its_unit_and_its_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert edgeward_profile("show", "wearable") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["wearable:", "Wearable", "sensor"]
    assert lines[1] == ["sha256", load_profile("wearable", [FOLDER]).profile.sha256]
    assert lines[2:4] == [
        ["file", str(FOLDER / "wearable.toml")],
        ["extends", str(FOLDER / "base.toml")],
    ]
    for line in (
        ["ram_mb", "512", "MB", "wearable.toml"],
        ["availability", "0.999", "fraction", "base.toml"],
        ["latency.window_to_result.p99_ms", "100", "ms", "base.toml"],
        ["eviction_order", "waveform,", "trend,", "event", "base.toml"],
        ["offline"],
    ):
        assert line in lines


def test_show_wraps_what_is_long_and_stays_narrow(capsys: pytest.CaptureFixture[str]) -> None:
    edgeward_profile("show", "bedside_monitor")
    values = capsys.readouterr().out.split("\n\n", 1)[1].splitlines()
    assert max(map(len, values)) <= 100
    assert any("TLS_CHACHA20_POLY1305_SHA256" in line for line in values)


def test_show_ends_with_what_is_doubtful(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edgeward_profile("show", "doubted", "--profiles", str(mine)) == 0
    assert "\nwarning: alarm.high_delay_ms = 2 ms" in capsys.readouterr().out


def test_show_as_json_holds_the_resolved_profile_and_every_origin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert edgeward_profile("show", "gateway", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    loaded = load_profile("gateway", [FOLDER])
    assert told["resolved"] == loaded.profile.to_dict()
    assert told["sha256"] == loaded.profile.sha256
    assert told["files"] == [str(path) for path in loaded.sources]
    values = {each["path"]: each for each in told["values"]}
    assert values.keys() == loaded.origins.keys()
    assert values["memory.ram_mb"] == {
        "path": "memory.ram_mb",
        "value": 8192,
        "unit": "MB",
        "file": str(FOLDER / "gateway.toml"),
        "meaning": "Main memory of the device.",
    }


def test_show_of_a_broken_profile_is_refused(mine: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        edgeward_profile("show", "broken", "--profiles", str(mine))
    assert len(caught.value.faults) == 2


def test_check_without_a_name_checks_all_that_are_shipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert edgeward_profile("check") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all(line.split()[1:] == ["good"] for line in lines)


def test_check_tells_faults_and_warnings(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ("broken", "doubted", str(FOLDER / "gateway.toml"))
    assert edgeward_profile("check", *names, "--profiles", str(mine)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["broken", "2", "faults"]
    assert lines[1].startswith("  - compute.cores = 0 (")
    assert lines[2].startswith("  - compute.coers (")
    assert lines[3].split() == ["doubted", "good,", "1", "warning"]
    assert lines[4].startswith("  - warning: alarm.high_delay_ms = 2 ms (")
    assert lines[5].split()[-1] == "good"


def test_warnings_alone_are_not_refused(mine: Path) -> None:
    assert edgeward_profile("check", "doubted", "--profiles", str(mine)) == 0


def test_check_of_a_name_nobody_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert edgeward_profile("check", "wearabel") == 1
    assert 'did you mean "wearable"?' in capsys.readouterr().out


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert edgeward_profile("schema") == 0
    assert json.loads(capsys.readouterr().out) == profile_schema()


def test_a_folder_that_is_none_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        edgeward_profile("list", "--profiles", "nowhere", "--profiles", "neither")
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_show_on_an_output_of_ascii_only(options: list[str]) -> None:
    narrow = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = Path(sys.executable).with_name("edgeward")
    ended = subprocess.run(
        [command, "profile", "show", "wearable", *options],
        env={**os.environ, **narrow},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.isascii()
    if options:
        assert json.loads(ended.stdout)["resolved"]["name"] == "wearable"
