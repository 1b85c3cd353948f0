"""The command finds what is installed, imports what is used, and never blames the device for us."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import edgeward
from edgeward.device.cli import main
from edgeward.device.discovery import (
    RUNTIME_COMMANDS,
    CommandTableError,
    find_commands,
    profile_folders,
)

TABLE = """
from edgeward.device.commands import Command
COMMANDS = (
    Command("greet", "say a word", "{module}_greet"),
    Command("{module}-broken", "cannot be imported", "no_such_module"),
)
"""

GREET = """
import sys
from edgeward.errors import StoreError

def configure(parser):
    parser.add_argument("--word", default="hello")
    parser.add_argument("--many", type=int, default=1)

def run(options):
    if options.word == "store":
        raise StoreError("the disk is full")
    if options.word == "bug":
        raise ZeroDivisionError("ours")
    if options.word == "interrupt":
        raise KeyboardInterrupt
    for _ in range(options.many):
        print(options.word)
    return 1 if options.word == "finding" else 0
"""


def install(folder: Path, name: str, entry_points: str | None = None) -> None:
    """A distribution with a table of commands, as an installer lays it down."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text(
        entry_points
        or f"[console_scripts]\nx = a:b\n\n[edgeward.commands]\n{name} = {name}_table:COMMANDS\n"
        "\n[other]\ny = c:d\n"
    )
    (folder / f"{name}_table.py").write_text(TABLE.format(module=name))
    (folder / f"{name}_greet.py").write_text(GREET)


@pytest.fixture
def installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> str:
    """A distribution of its own name for each test: modules stay imported."""
    name = f"dist{abs(hash(request.node.name))}"
    install(tmp_path, name)
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path), "missing"])
    return name


def test_help_lists_every_command_and_imports_none(
    installed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("usage: edgeward COMMAND [OPTIONS]\n")
    assert "  agent " in told
    assert "say a word\n" in told
    assert "cannot be imported" in told
    assert f"{installed}_greet" not in sys.modules


def test_without_a_command_the_help_goes_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "usage: edgeward" in told.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"edgeward {edgeward.__version__}\n"


def test_an_unknown_command_names_its_neighbours(
    installed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["great"]) == 2
    assert capsys.readouterr().err == "edgeward: no command 'great'; did you mean greet?\n"
    assert main(["zzz"]) == 2
    told = capsys.readouterr().err
    assert "no command 'zzz'; there are agent, alarms, check, compress, dist" in told


@pytest.mark.parametrize(
    ("arguments", "status", "out", "err"),
    [
        (["--word", "hi"], 0, "hi\n", ""),
        (["--word", "finding"], 1, "finding\n", ""),
        (["--word", "store"], 2, "", "edgeward: the disk is full\n"),
        (["--word", "bug"], 2, "", "ZeroDivisionError: ours"),
        (["--word", "interrupt"], 130, "", ""),
        (["--help"], 0, "usage: edgeward greet [-h]", ""),
        (["--wor", "hi"], 2, "", "unrecognized arguments: --wor"),
        (["--many", "x"], 2, "", "invalid int value"),
    ],
)
def test_how_a_command_ends(
    installed: str,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    out: str,
    err: str,
) -> None:
    assert main(["greet", *arguments]) == status
    told = capsys.readouterr()
    assert told.out.startswith(out)
    assert err in told.err
    assert bool(told.err) == bool(err)


def test_a_command_that_cannot_be_imported_is_our_fault(
    installed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"{installed}-broken"]) == 2
    assert "No module named 'no_such_module'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry_points", "said"),
    [
        ("[edgeward.commands]\na = no_such_table:COMMANDS\n", "No module named 'no_such_table'"),
        ("[edgeward.commands]\na = os:NOTHING\n", "has no attribute 'NOTHING'"),
        ("[edgeward.commands]\na = os:name\n", "os:name is not a tuple of"),
    ],
)
def test_a_broken_table_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entry_points: str, said: str
) -> None:
    install(tmp_path, "broken", entry_points)
    with pytest.raises(CommandTableError, match=said):
        find_commands([str(tmp_path)])


def test_two_tables_cannot_name_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "twin_one")
    install(tmp_path, "twin_two")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CommandTableError, match="'greet' is declared twice"):
        find_commands([str(tmp_path)])


def test_other_groups_and_unreadable_files_are_left_alone(tmp_path: Path) -> None:
    install(tmp_path, "other", "[console_scripts]\na = b:c\n[not.edgeward.commands]\nx = y:z\n")
    (tmp_path / "binary-1.dist-info").mkdir()
    (tmp_path / "binary-1.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "empty-1.dist-info").mkdir()
    assert list(find_commands([str(tmp_path)])) == sorted(one.name for one in RUNTIME_COMMANDS)


def test_distributions_bring_folders_of_profiles(tmp_path: Path) -> None:
    install(tmp_path, "more", "[edgeward.profiles]\na = edgeward.device.discovery:nothing\n")
    with pytest.raises(CommandTableError, match="profiles of edgeward"):
        profile_folders([str(tmp_path)])
    (shipped,) = profile_folders()
    assert (shipped / "gateway.toml").is_file()


def test_the_installed_command_knows_the_commands_of_the_harness() -> None:
    command = Path(sys.executable).with_name("edgeward")
    told = subprocess.run([command, "--help"], capture_output=True, text=True, check=True).stdout
    assert "  verify " in told
    assert "  agent " in told


def test_agent_is_the_device(process: Callable[..., Any]) -> None:
    peer, popen = process(command=[Path(sys.executable).with_name("edgeward"), "agent"])
    assert peer.result("describe")["device"]["model"] == "reference"
    assert peer.result("shutdown") == {}
    assert popen.wait(30) == 0


def test_a_reader_that_has_gone_is_no_drama(tmp_path: Path) -> None:
    install(tmp_path, "pipe")
    code = "import sys; from edgeward.device.cli import main; sys.exit(main())"
    popen = subprocess.Popen(
        [sys.executable, "-c", code, "greet", "--many", "100000"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert popen.stdout
    assert popen.stderr
    popen.stdout.readline()
    popen.stdout.close()
    assert popen.stderr.read() == b""
    assert popen.wait(30) == 141
    popen.stderr.close()


def in_shell(
    folder: Path, rest: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`edgeward REST` by a shell, which can close what a caller cannot."""
    code = "import sys; from edgeward.device.cli import main; sys.exit(main())"
    return subprocess.run(
        ["/bin/sh", "-c", f'"$0" -c "$1" {rest}', sys.executable, code],
        env={**os.environ, "PYTHONPATH": str(folder), **(environment or {})},
        input='{"jsonrpc":"2.0","id":1,"method":"describe"}\n',
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["--help", "greet", "greet --many 100000", "greet --help"])
@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")],
)
def test_output_that_cannot_be_written_is_one_line_and_status_2(
    tmp_path: Path, command: str, redirection: str, reason: str
) -> None:
    install(tmp_path, "lost")
    ended = in_shell(tmp_path, f"{command} {redirection}")
    assert ended.stderr == f"edgeward: standard output cannot be written: {reason}\n"
    assert ended.returncode == 2


@pytest.mark.parametrize("redirection", [">&- 2>&-", ">/dev/full 2>/dev/full", "--word store 2>&-"])
def test_without_any_output_the_status_still_tells(tmp_path: Path, redirection: str) -> None:
    install(tmp_path, "mute")
    ended = in_shell(tmp_path, f"greet {redirection}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", "")


def test_a_character_that_output_cannot_write_is_escaped(tmp_path: Path) -> None:
    install(tmp_path, "plain")
    narrow = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = in_shell(tmp_path, "greet --word 'a\u00a7' && exit 7", narrow)
    assert ended.stdout.startswith("a\\")
    assert ended.stdout.isascii()
    assert (ended.returncode, ended.stderr) == (7, "")


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")],
)
def test_a_device_that_could_not_answer_does_not_end_well(
    tmp_path: Path, redirection: str, reason: str
) -> None:
    ended = in_shell(tmp_path, f"agent {redirection}")
    assert ended.stderr == f"edgeward: an answer could not be written: {reason}\n"
    assert ended.returncode == 2
