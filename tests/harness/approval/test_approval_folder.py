"""The folder of approvals: it only grows, and whatever else happens to it is seen."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from approval_lab import SIGNED_AT, Desk, thing
from hypothesis import given
from hypothesis import strategies as st

from edgeward_harness.approval import add as adding
from edgeward_harness.approval.add import Who
from edgeward_harness.approval.folder import TRAIL, read_folder
from edgeward_harness.approval.words import Meaning, SubjectKind
from edgeward_harness.errors import HarnessError


@pytest.fixture
def full(desk: Desk) -> Path:
    """Three people have signed."""
    for number, meaning in enumerate(
        (Meaning.REVIEWED_RESULTS, Meaning.ACCEPTED_RISK, Meaning.APPROVED_RELEASE)
    ):
        one = desk.somebody(f"p{number}")
        desk.sign(one, meaning=meaning, at=SIGNED_AT + timedelta(hours=number))
    return desk.folder


def test_what_was_signed_reads_back(desk: Desk) -> None:
    one = desk.somebody("p1")
    signed = desk.sign(one)
    there = desk.read()
    assert there.faults == ()
    assert there.signed == (signed,)
    approval = signed.approval
    assert (approval.name, approval.user, approval.role) == ("P1", "p1", "reviewer")
    assert approval.meaning.said == "reviewed the results"
    assert approval.moment == SIGNED_AT
    assert approval.components == 2
    assert signed.keyid == one.signer.key.keyid


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    there = read_folder(tmp_path / "none")
    assert (there.signed, there.faults) == ((), ())


def test_p256_and_certificates_sign_too(desk: Desk) -> None:
    for one in (desk.somebody("p1", curve=True), desk.somebody("p2", curve=True, days=100)):
        desk.sign(one)
    assert desk.read().faults == ()
    assert len(desk.read().signed[1].approval.certificates) == 2


def test_a_meaning_must_fit_what_is_signed(desk: Desk) -> None:
    with pytest.raises(HarnessError, match="cannot be said about a plan"):
        desk.sign(desk.somebody(), thing(SubjectKind.PLAN), Meaning.APPROVED_RELEASE)


def replaced(folder: Path, number: int, old: str, new: str) -> None:
    """Change a word in a signed statement, and write digest and chain anew as a forger would."""
    import base64
    import hashlib

    lines = [json.loads(line) for line in (folder / TRAIL).read_text().splitlines()]
    path = folder / lines[number]["file"]
    envelope = json.loads(path.read_text())
    payload = base64.b64decode(envelope["payload"]).decode()
    assert old in payload
    envelope["payload"] = base64.b64encode(payload.replace(old, new, 1).encode()).decode()
    path.write_text(json.dumps(envelope, separators=(",", ":"), sort_keys=True))
    lines[number]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    head, texts = "0" * 64, []
    for line in lines:
        line["previous"] = head
        texts.append(json.dumps(line, separators=(",", ":"), sort_keys=True))
        head = hashlib.sha256(texts[-1].encode()).hexdigest()
    (folder / TRAIL).write_text("".join(f"{text}\n" for text in texts))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"name":"P0"', '"name":"P9"'),
        ('"meaning":"reviewed_results"', '"meaning":"accepted_risk"'),
        ('"said":"reviewed the results"', '"said":"read the results"'),
        ("2026-03-05T10:00:00Z", "2026-03-01T10:00:00Z"),
        ('"role":"reviewer"', '"role":"quality"'),
        ('"sha256":"ab', '"sha256":"ac'),
        ('"components":2', '"components":1'),
        ('"sequence":1', '"sequence":2'),
    ],
)
def test_an_edited_statement_breaks_its_signature(full: Path, old: str, new: str) -> None:
    replaced(full, 0, old, new)
    faults = "; ".join(read_folder(full).faults)
    assert "0001-reviewed_results-p0.dsse.json" in faults
    assert not any(one.approval.user == "p0" for one in read_folder(full).signed)


def cut(folder: Path, number: int) -> None:
    lines = (folder / TRAIL).read_text().splitlines(keepends=True)
    (folder / json.loads(lines[number])["file"]).unlink()
    del lines[number]
    (folder / TRAIL).write_text("".join(lines))


def swap(folder: Path) -> None:
    lines = (folder / TRAIL).read_text().splitlines(keepends=True)
    (folder / TRAIL).write_text("".join([lines[1], lines[0], lines[2]]))


def exchange(folder: Path) -> None:
    first, second, *_ = sorted(folder.glob("*.json"))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)


def link(folder: Path) -> None:
    first = min(folder.glob("*.json"))
    other = first.rename(folder.parent / "elsewhere.json")
    first.symlink_to(other)


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (lambda f: cut(f, 0), "does not follow"),
        (lambda f: cut(f, 1), "does not follow"),
        (swap, "does not follow"),
        (exchange, "its digest is not that of the trail"),
        (link, "cannot be read"),
        (lambda f: min(f.glob("*.json")).unlink(), "cannot be read"),
        (lambda f: (f / TRAIL).unlink(), "is not in the trail"),
        (lambda f: (f / "0004-more.dsse.json").write_text("{}"), "is not in the trail"),
        (lambda f: os.truncate(f / TRAIL, 300), "cut off"),
        (lambda f: (f / TRAIL).write_bytes(b"\xff\n"), "not canonical JSON"),
        (lambda f: (f / TRAIL).write_bytes(b"[]\n"), "expected an object"),
    ],
)
def test_what_was_done_to_the_folder_is_seen(
    full: Path, desk: Desk, attack: Callable[[Path], None], said: str
) -> None:
    attack(full)
    assert said in "; ".join(read_folder(full).faults)
    with pytest.raises(HarnessError, match="nothing is added to a trail that does not hold"):
        desk.sign(desk.somebody("late"))


@pytest.mark.slow
@given(st.data())
def test_any_changed_byte_is_seen(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    master = _master(tmp_path_factory)
    folder = master.parent / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(master, folder)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    assert read_folder(folder).faults


def _master(factory: pytest.TempPathFactory) -> Path:
    place = factory.getbasetemp() / "approvals-master"
    if not place.exists():
        (place / "keys").mkdir(parents=True)
        made = Desk(place / "keys", place / "approvals")
        for user in ("p1", "p2"):
            made.sign(made.somebody(user))
    return place / "approvals"


def test_times_do_not_run_backwards(desk: Desk) -> None:
    one = desk.somebody()
    desk.sign(one, at=SIGNED_AT)
    desk.sign(one, at=SIGNED_AT - timedelta(minutes=4))
    assert desk.read().faults == ()
    with pytest.raises(HarnessError, match="2026-03-02T10:00:00Z by this machine's clock"):
        desk.sign(one, at=SIGNED_AT - timedelta(days=3))
    assert len(desk.read().signed) == 2


def test_a_signature_dated_back_by_other_means_is_seen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "_check_clock", lambda there, now: None)
    one = desk.somebody()
    desk.sign(one)
    with pytest.raises(HarnessError, match="dated before the signature that it follows"):
        desk.sign(one, at=SIGNED_AT - timedelta(days=3))
    assert desk.read().faults == ()


def test_a_user_id_cannot_lead_out_of_the_folder(desk: Desk) -> None:
    one = desk.somebody()
    signed = desk.sign(one, who=Who("N", "../../etc/passwd", "reviewer"))
    assert signed.file == "0001-reviewed_results-______etc_passwd.dsse.json"
    assert desk.read().faults == ()


def test_a_full_disk_leaves_nothing_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    one = desk.somebody()
    desk.sign(one)

    def refuse(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(path.name for path in desk.folder.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(adding, "write_whole", refuse)
        with pytest.raises(HarnessError, match="nothing was signed"):
            desk.sign(one)
    assert sorted(path.name for path in desk.folder.iterdir()) == before
    assert desk.read().faults == ()
