"""`make release`: our own software passes the gate too, judged by a tool that was qualified."""

import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from edgeward_harness.gate.policy import load_policy
from edgeward_harness.resources import suites


@pytest.fixture
def typed(checkout: Path, tmp_path: Path) -> list[str]:
    """The commands that it types, each on one line."""
    told = subprocess.run(
        ["make", "--dry-run", "release", f"RELEASE={tmp_path}"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return re.sub(r"\\\n\s*", "", told).splitlines()


def test_the_policy_is_that_of_a_trial_with_the_tool_qualified(
    typed: list[str], checkout: Path, tmp_path: Path
) -> None:
    (sed,) = [line for line in typed if line.startswith("sed ")]
    subprocess.run(["sh", "-c", sed], cwd=checkout, check=True)
    trial, ours = (load_policy(one) for one in (suites() / "gate_policy_trial.toml",
                                                tmp_path / "policy.toml"))  # fmt: skip
    assert ours.trust.qualification
    assert replace(ours, title=trial.title, trust=trial.trust) == trial
    assert replace(ours.trust, qualification=False) == trial.trust
    assert ours.title != trial.title


def test_each_profile_is_judged_and_the_record_is_of_this_tool(
    typed: list[str], checkout: Path, tmp_path: Path
) -> None:
    shipped = {path.stem for path in (checkout / "device_profiles").glob("*.toml")} - {"base"}
    (loop,) = [line for line in typed if line.startswith("for profile in ")]
    assert set(loop.split(";")[0].split()[3:]) == shipped
    (gate,) = [shlex.split(line) for line in typed if "edgeward gate " in line]
    assert {f"{tmp_path}/{name}" for name in shipped} < set(gate)
    record = gate[gate.index("--qualification") + 1]
    assert gate[gate.index("--policy") + 1] == f"{tmp_path}/policy.toml"
    (qualify,) = [shlex.split(line) for line in typed if "edgeward qualify " in line]
    assert record == f"{qualify[qualify.index('--out') + 1]}/qualification.dsse.json"
