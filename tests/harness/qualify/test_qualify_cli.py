"""The command: wrong options are refused at once; a qualification is signed, and goes on."""

import json
from pathlib import Path

import pytest

from edgeward.device.cli import main
from edgeward_harness.evidence.keys import run_key
from edgeward_harness.evidence.qualification import Verdict, read_qualification
from edgeward_harness.qualify import campaign, probes

DEFECT = "names_no_model"


def test_every_wrong_option_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wrong = ["--suite", "no", "--workers", "0", "--seed", "x", "--recordings", str(tmp_path / "no")]
    assert main(["qualify", *wrong, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    for part in ("found 'no', accepted: accuracy", "found '0'", "found 'x'", "accepted: a folder"):
        assert part in said
    assert not (tmp_path / "out").exists()


def test_the_catalogue_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qualify", "--list"]) == 0
    assert f"twin    {DEFECT} " in capsys.readouterr().out


@pytest.mark.slow
def test_a_qualification_is_signed_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one defect and one probe; a run that was changed meanwhile is made again."""
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(probes, "PROBES", probes.PROBES[:1])
    monkeypatch.setattr(campaign, "chosen", lambda every, _: [x for x in every if x.id == DEFECT])
    out = tmp_path / "out"
    command = ["qualify", "--suite", "resources", "--out", str(out)]
    assert main(command) == 0
    assert "resources    1 of 1 as they must be" in capsys.readouterr().out
    data = (out / "qualification.dsse.json").read_bytes()
    found = read_qualification(data, [run_key().public])
    assert (found.verdict, found.trusted) == (Verdict.QUALIFIED, True)
    assert json.loads((out / "qualification.json").read_bytes()) == found.record
    assert found.record["scope_complete"] is False
    assert main(command) == 0
    assert "(made before)" in capsys.readouterr().out
    (records,) = out.glob("runs/*/bundle/records.jsonl")
    records.write_bytes(records.read_bytes().replace(b'"failed"', b'"passed"', 1))
    assert main(command) == 0
    assert "(made before)" not in capsys.readouterr().out
