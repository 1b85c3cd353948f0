"""The build server runs what the README says, and there a skipped test is a failed one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = """
import pytest

def test_passes(): pass

def test_skips(): pytest.skip("no browser here")

@pytest.mark.xfail(reason="known", strict=True)
def test_known(): assert False
"""
SKIPS_WHOLE = "import pytest\npytest.skip('no perl here', allow_module_level=True)\n"


@pytest.fixture
def suite(checkout: Path, tmp_path: Path) -> Path:
    """A folder of tests that skip, under this repository's rules."""
    shutil.copy(checkout / "tests/conftest.py", tmp_path)
    (tmp_path / "test_one.py").write_text(SKIPS)
    (tmp_path / "test_whole.py").write_text(SKIPS_WHOLE)
    return tmp_path


def run_pytest(folder: Path, ci: str) -> str:
    """What pytest says about a folder."""
    options = ["-q", "-rfE", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    return subprocess.run(
        [Path(sys.executable).with_name("pytest"), *options, "--continue-on-collection-errors"],
        cwd=folder,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_a_skip_is_a_failure_under_ci(suite: Path) -> None:
    told = run_pytest(suite, ci="true")
    assert "A skip is a failure under CI: Skipped: no browser here" in told
    assert "A skip is a failure under CI: Skipped: no perl here" in told
    assert "1 failed, 1 passed, 1 xfailed, 1 error" in told


@pytest.mark.parametrize("ci", ["", pytest.param("false", marks=pytest.mark.slow)])
def test_a_skip_is_a_skip_elsewhere(suite: Path, ci: str) -> None:
    assert "1 passed, 2 skipped, 1 xfailed" in run_pytest(suite, ci)


def test_the_build_server_runs_the_readmes_test_command(checkout: Path) -> None:
    last = (checkout / ".ci/run").read_text().rstrip().splitlines()[-1]
    assert last == "CI=true make test"
    assert re.search(r"^make test\b", (checkout / "README.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("target", "installed"), [("test", True), ("quick", False), ("verify", False)]
)
def test_only_the_full_tests_install_the_optional_backends(
    checkout: Path, target: str, installed: bool
) -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--always-make", target],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "--editable ./runtime" in told
    assert ("'./runtime[torch,litert,compress]'" in told) == installed


def test_the_build_server_stops_at_the_first_fault(checkout: Path) -> None:
    script = checkout / ".ci/run"
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in script.read_text()
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$LOG"
case "$*" in *install*) for name in $BRINGS; do ln -s /bin/true "$BIN/$name"; done;; esac
"""


@pytest.mark.parametrize(
    ("brings", "status", "made"), [("", 1, []), ("chromium", 0, ["make test CI=true"])]
)
def test_a_missing_component_is_installed_or_a_failure(
    checkout: Path, tmp_path: Path, brings: str, status: int, made: list[str]
) -> None:
    """On a host without a browser, with a package manager that does or does not bring one."""
    tools, log = tmp_path / "bin", tmp_path / "log"
    tools.mkdir()
    for name in ("bash", "dirname", "env", "git", "id", "ln", "perl"):
        (tools / name).symlink_to(shutil.which(name) or name)
    (tools / "python3").symlink_to(sys.executable)
    for name in ("mosquitto", "qemu-x86_64", "strace"):
        (tools / name).symlink_to("/bin/true")
    scripts = {
        "apt-get": APT_GET,
        "sudo": '#!/bin/sh\nexec "$@"\n',
        "make": '#!/bin/sh\necho "make $* CI=$CI" >>"$LOG"\n',
    }
    for name, text in scripts.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [checkout / ".ci/run"],
        env={"PATH": str(tools), "BIN": str(tools), "LOG": str(log), "BRINGS": brings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    said = log.read_text().splitlines()
    assert said[0] == "apt-get -qq update"
    assert said[1].endswith(" chromium")
    assert said[2:] == made
    assert ("ci: chromium is missing" in done.stderr) == (status == 1)
