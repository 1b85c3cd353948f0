"""Other processors: which can be asked, what is said where one cannot, and what they answer."""

import os
from pathlib import Path

import numpy as np
import pytest

from edgeward.profile import load_profile
from edgeward_harness.errors import HarnessError
from edgeward_harness.profile.applicability import Need, applies
from edgeward_harness.profile.bench import Driver, Role
from edgeward_harness.profile.unit import (
    BUILT_IN,
    OTHER_PROCESSORS,
    SHIPPED_MODELS,
    Realization,
    Unit,
    emulates_x86,
)
from edgeward_harness.resources import device_profiles
from edgeward_harness.rig.answering import answers, main
from edgeward_harness.rig.elsewhere import ARM, ROOT, X86, Asked, answers_of, missing
from edgeward_harness.rig.models import open_model

RELEASED = open_model(SHIPPED_MODELS[Role.RELEASED])
WINDOWS = np.random.default_rng(3).normal(0, 1, (3, 1250)).astype(np.float32)


@pytest.fixture
def no_emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def _program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    path.chmod(0o755)


# what can be asked


@pytest.mark.usefixtures("no_emulator")
def test_without_an_emulator_nothing_is_at_hand_and_what_is_missing_is_told() -> None:
    assert [missing(one) for one in X86] == ["no qemu-x86_64 on an x86 machine"] * len(X86)
    assert [missing(one) for one in ARM] == ["no qemu-aarch64 here"] * len(ARM)
    unit = BUILT_IN["reference"]
    assert OTHER_PROCESSORS not in unit.at_hand
    profile = load_profile("bedside_monitor", [device_profiles()]).profile
    judged = applies(Need(fixtures=(OTHER_PROCESSORS,)), profile, unit, None)
    assert not judged.applies
    assert "no other-processors" in judged.reason
    assert "emulated by qemu-user" in judged.reason
    with pytest.raises(HarnessError, match="Haswell cannot be asked: no qemu-x86_64"):
        answers_of("Haswell", [Asked(RELEASED.data, WINDOWS)])


def test_an_arm_processor_needs_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, "qemu-aarch64", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(ROOT, raising=False)
    assert missing("cortex-a72") == f"{ROOT} names no folder"
    monkeypatch.setenv(ROOT, str(tmp_path))
    assert missing("cortex-a72") == f"no usr/bin/python3.11 in {tmp_path}"
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/python3.11").touch()
    assert missing("cortex-a72") == ""


def test_only_an_x86_machine_stands_in_for_x86_processors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter of an ARM machine is none that an emulated x86 processor could run."""
    _program(tmp_path, "qemu-x86_64", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert emulates_x86()
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert not emulates_x86()


def test_what_the_bench_emulates_speaks_for_a_unit_on_target_too() -> None:
    """No device takes part in it: the files lie on the bench."""
    units = [Unit("far", Driver.PROCESS, realization=Realization.ON_TARGET, serial="1")]
    for unit in (*units, *BUILT_IN.values()):
        assert (OTHER_PROCESSORS in unit.at_hand) is emulates_x86()


# what they answer


def test_several_windows_a_call_are_answered_as_one_by_one(tmp_path: Path) -> None:
    """And so are files, which is how another processor is asked."""
    (tmp_path / "model.onnx").write_bytes(RELEASED.data)
    np.save(tmp_path / "given.npy", WINDOWS)
    main(*(str(tmp_path / name) for name in ("model.onnx", "given.npy", "out.npy")), "2")
    found = np.load(tmp_path / "out.npy")
    assert np.array_equal(found, answers(RELEASED.data, WINDOWS))
    assert np.array_equal(found, RELEASED.probabilities(WINDOWS))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo first >&2; echo the last word >&2; exit 3", "ended with 3: the last word"),
        ("exit 4", "ended with 4: it said nothing"),
    ],
)
def test_an_emulator_that_breaks_down_is_no_fault_of_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    _program(tmp_path, "qemu-x86_64", script)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(HarnessError, match=f"Nehalem {said}"):
        answers_of("Nehalem", [Asked(RELEASED.data, WINDOWS)])


def test_an_emulator_that_cannot_be_started_is_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, "qemu-x86_64", "exit 0")
    (tmp_path / "qemu-x86_64").write_text("#!/no/such/shell\n", encoding="ascii")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(HarnessError, match="EPYC did not answer"):
        answers_of("EPYC", [Asked(RELEASED.data, WINDOWS)])


def test_an_arm_processor_gets_the_words_of_its_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that it is given (after `-L`) has the libraries, and a processor that is told."""
    seen = tmp_path / "seen"
    _program(tmp_path, "qemu-aarch64", f'cat "$4/proc/cpuinfo" > {seen}; ls "$4" >> {seen}; exit 5')
    (tmp_path / "root/usr/bin").mkdir(parents=True)
    (tmp_path / "root/usr/bin/python3.11").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv(ROOT, str(tmp_path / "root"))
    with pytest.raises(HarnessError, match="ended with 5"):
        answers_of("cortex-a76", [Asked(RELEASED.data, WINDOWS)])
    told = seen.read_text(encoding="ascii")
    assert told.count("CPU part\t: 0xd0b") == 4
    assert "asimddp" in told
    assert told.split()[-4:] == ["etc", "lib", "proc", "usr"]


@pytest.mark.skipif(not emulates_x86(), reason=missing("Haswell"))
@pytest.mark.slow
def test_models_are_answered_there_in_the_order_asked() -> None:
    asked = [Asked(RELEASED.data, WINDOWS), Asked(RELEASED.data, WINDOWS[::-1], 2)]
    there = answers_of("Haswell", asked)
    for one, found in zip(asked, there, strict=True):
        assert np.array_equal(found, answers(one.model, one.given))
