"""Rules of several patients on one output: it is off only when none of them holds."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from edgeward.device.daemon.local import watch_with
from edgeward.model.card import ModelInput
from edgeward.process.stream import Block
from edgeward.process.watching import RuleReport, Watching

ECG = ModelInput("ecg", "mV", 250, 1250, 250)
RULE = """
[rule.{name}]
kind = "threshold"
signal = "ecg"
unit = "mV"
side = "{side}"
low = {low}
high = {high}
persistence_samples = 1
clear_samples = 1
on_invalid = "reset"
cannot_judge_samples = 250
action = "lamp"
"""


def feed(watching: Watching | None, stream: str, at: int, value: float) -> None:
    told: list[RuleReport] = []
    block = Block(at, np.array([value], np.float32), None, 0)
    assert watching is not None
    _, wrong = watching.push(stream, block, 0, told.append)
    assert not wrong


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(
        RULE.format(name="tall", side="above", low=1.0, high=2.0)
        + RULE.format(name="taller", side="above", low=4.0, high=5.0)
    )
    return path


def test_what_ends_for_one_patient_switches_nothing_off_for_another(
    tmp_path: Path, rules: Path
) -> None:
    lamp = tmp_path / "lamp"
    with ExitStack() as held:
        watch = watch_with(rules, [f"lamp={lamp}"], ECG, held)
        one, two = watch("bed-1", 0), watch("bed-2", 0)
        seen = [lamp.read_text()]
        for stream, watching, at, value in (
            ("bed-1", one, 0, 3.0), ("bed-2", two, 0, 3.0), ("bed-2", two, 1, 0.0),
            ("bed-1", one, 1, 0.0),
        ):  # fmt: skip
            feed(watching, stream, at, value)
            seen.append(lamp.read_text())
    assert seen == ["0", "1", "1", "1", "0"]


def test_what_ends_for_one_rule_switches_nothing_off_for_another(
    tmp_path: Path, rules: Path
) -> None:
    lamp = tmp_path / "lamp"
    with ExitStack() as held:
        watching = watch_with(rules, [f"lamp={lamp}"], ECG, held)("bed-1", 0)
        seen = []
        for at, value in enumerate([6.0, 3.0, 0.0]):  # the higher rule ends first
            feed(watching, "bed-1", at, value)
            seen.append(lamp.read_text())
    assert seen == ["1", "1", "0"]


def test_a_stream_that_begins_anew_keeps_its_alarm_until_it_ends(
    tmp_path: Path, rules: Path
) -> None:
    lamp = tmp_path / "lamp"
    with ExitStack() as held:
        watch = watch_with(rules, [f"lamp={lamp}"], ECG, held)
        feed(watch("bed-1", 0), "bed-1", 0, 3.0)
        anew = watch("bed-1", 1 << 40)
        seen = []
        for at, value in enumerate([1.5, 3.0, 0.0]):
            feed(anew, "bed-1", (1 << 40) + at, value)
            seen.append(lamp.read_text())
    assert seen == ["1", "1", "0"]
