"""`edgeward report`: the same reports again, beside the bundle and never in it."""

import json
from pathlib import Path
from typing import Any

import pytest

from edgeward.canonical import canonical_json
from edgeward.device.cli import main
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.verify import verify_bundle
from edgeward_harness.report.render import twin


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_reports_are_rendered_again_byte_for_byte(lab: Any, capsys: Any) -> None:
    sealed = lab.seal(lab.story(late=25), reports=True)
    before = files(sealed.path)
    assert main(["report", str(sealed.path)]) == 0
    out = sealed.path.with_name("bundle-report")
    assert files(out) == {
        name: before[name] for name in ("report.html", "report.json", "junit.xml")
    }
    assert capsys.readouterr().out.splitlines() == [
        str(out / name) for name in ("report.html", "report.json", "junit.xml")
    ]
    assert files(sealed.path) == before


def test_only_the_formats_asked_for_are_written(lab: Any, tmp_path: Path) -> None:
    sealed = lab.seal(reports=True)
    assert main(["report", str(sealed.path), "--format", "json", "--out", str(tmp_path / "o")]) == 0
    assert list(files(tmp_path / "o")) == ["report.json"]


def test_the_twin_is_canonical_and_holds_up_against_the_bundle(lab: Any) -> None:
    sealed = lab.seal(reports=True)
    data = (sealed.path / "report.json").read_bytes()
    assert data == canonical_json(json.loads(data)) + b"\n"
    assert data == twin(open_bundle(sealed.path))
    assert verify_bundle(sealed.path, derive=twin).intact


def test_a_report_of_an_incomplete_bundle_says_so(lab: Any, capsys: Any) -> None:
    bundle = lab.write(lab.story(ended=False))
    assert main(["report", str(bundle.folder)]) == 0
    page = (bundle.folder.with_name(f"{bundle.folder.name}-report") / "report.html").read_text()
    assert "Incomplete" in page
    assert "did not reach its end" in capsys.readouterr().err


def test_a_changed_bundle_is_not_rendered(lab: Any, capsys: Any) -> None:
    sealed = lab.seal(reports=True)
    records = sealed.path / "records.jsonl"
    records.write_bytes(records.read_bytes().replace(b'"observed":', b'"observed":9', 1))
    assert main(["report", str(sealed.path)]) == 1
    assert "CHANGED" in capsys.readouterr().out
    assert not sealed.path.with_name("bundle-report").exists()


@pytest.mark.parametrize("below", ["", "deeper", "../bundle/again"])
def test_nothing_is_ever_written_into_the_bundle(lab: Any, capsys: Any, below: str) -> None:
    sealed = lab.seal(reports=True)
    before = files(sealed.path)
    assert main(["report", str(sealed.path), "--out", str(sealed.path / below)]) == 2
    assert "outside the bundle" in capsys.readouterr().err
    assert files(sealed.path) == before


def test_unknown_formats_are_refused_all_at_once(lab: Any, capsys: Any) -> None:
    sealed = lab.seal(reports=True)
    assert main(["report", str(sealed.path), "--format", "pdf,html,docx"]) == 2
    told = capsys.readouterr().err
    assert "'pdf'" in told
    assert "'docx'" in told


def test_there_must_be_a_bundle(tmp_path: Path, capsys: Any) -> None:
    assert main(["report", str(tmp_path / "none")]) == 2
    assert "not a bundle" in capsys.readouterr().err


def test_templates_of_the_user_come_first(lab: Any, tmp_path: Path) -> None:
    sealed = lab.seal(reports=True)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "integrity.html.j2").write_text("<p>our words</p>")
    options = ["--templates", str(tmp_path / "ours"), "--out", str(tmp_path / "o")]
    assert main(["report", str(sealed.path), *options]) == 0
    assert b"<p>our words</p>" in (tmp_path / "o" / "report.html").read_bytes()


@pytest.mark.parametrize("formats", ["html", "json,junit"])
@pytest.mark.parametrize("folder", ["", "no-such-folder"])
def test_templates_that_are_not_there_are_refused_whatever_is_rendered(
    lab: Any, tmp_path: Path, capsys: Any, folder: str, formats: str
) -> None:
    sealed = lab.seal(reports=True)
    options = ["--templates", folder, "--format", formats, "--out", str(tmp_path / "o")]
    assert main(["report", str(sealed.path), *options]) == 2
    assert f"found {folder!r}, expected a folder of templates" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_a_link_that_leads_to_itself_is_no_bundle(tmp_path: Path, capsys: Any) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    assert main(["report", str(loop)]) == 2
    told = capsys.readouterr().err
    assert "not a bundle" in told
    assert "Traceback" not in told


def test_a_link_that_leads_to_itself_is_no_place_for_a_report(
    lab: Any, tmp_path: Path, capsys: Any
) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    assert main(["report", str(lab.seal(reports=True).path), "--out", str(loop)]) == 2
    told = capsys.readouterr().err
    assert str(loop) in told
    assert "Traceback" not in told
