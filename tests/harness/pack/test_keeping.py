"""A pack is there as a whole or not at all, and whatever is changed in it is found."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import evidence_lab
import pytest

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.strict import encode
from edgeward_harness.pack import keeping
from edgeward_harness.pack.keeping import Contents, faults_of, read_contents, write_pack
from edgeward_harness.pack.model import Pack

PACK = Pack("File", "Monitor", "1.0", "2026-02-10", "ab" * 32, "not released", ())
TOOL = {"version": "0.1.0", "build_sha256": "cd" * 32}
MADE = "2026-02-10T12:00:00Z"
FILES = (("index.html", b"<p>page</p>"), ("documents/07-records.json", b"{}"))


@pytest.fixture
def key() -> SigningKey:
    return evidence_lab.signing_key()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a bundle."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "records.jsonl").write_text("a record\n")
    return folder


def written(
    out: Path, key: SigningKey, run: Path, files: Iterator[tuple[str, bytes]] | None = None
) -> Contents:
    return write_pack(PACK, files or iter(FILES), {"wearable": run}, out, key, MADE, TOOL)


def test_what_was_written_is_read_and_has_no_fault(
    tmp_path: Path, key: SigningKey, run: Path
) -> None:
    contents = written(tmp_path / "pack", key, run)
    names = {"index.html", "documents/07-records.json", "bundles/wearable/records.jsonl"}
    assert set(contents.files) == names
    assert contents == read_contents(tmp_path / "pack")
    assert contents.sha256 == sha256_hex((tmp_path / "pack/pack.json").read_bytes())
    assert faults_of(tmp_path / "pack", contents, [key.public]) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pack", "run"]


def test_two_writings_differ_in_signature_alone(tmp_path: Path, key: SigningKey, run: Path) -> None:
    written(tmp_path / "a", key, run)
    other = evidence_lab.signing_key()
    args = (PACK, iter(FILES), {"wearable": run}, tmp_path / "b", other)
    write_pack(*args, "2026-02-11T12:00:00Z", TOOL)
    differing = {
        path.name
        for path in (tmp_path / "a").rglob("*")
        if path.is_file()
        and path.read_bytes() != (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
    }
    assert differing == {"pack.dsse.json", "key.pub"}


def test_what_is_there_already_is_not_touched(tmp_path: Path, key: SigningKey, run: Path) -> None:
    for target in (tmp_path / "folder", tmp_path / "file"):
        if target.name == "folder":
            target.mkdir()
            (target / "mine").write_text("mine")
        else:
            target.write_text("mine")
        with pytest.raises(InputError, match="does not exist yet"):
            written(target, key, run)
    assert (tmp_path / "folder/mine").read_text() == (tmp_path / "file").read_text() == "mine"


def half() -> Iterator[tuple[str, bytes]]:
    yield FILES[0]
    raise HarnessError("the template is wrong")


def interrupted() -> Iterator[tuple[str, bytes]]:
    yield FILES[0]
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("files", "fault"), [(half, HarnessError), (interrupted, KeyboardInterrupt)]
)
def test_a_writer_that_stops_half_way_leaves_nothing(
    tmp_path: Path,
    key: SigningKey,
    run: Path,
    files: Callable[[], Iterator[tuple[str, bytes]]],
    fault: type[BaseException],
) -> None:
    with pytest.raises(fault):
        written(tmp_path / "pack", key, run, files())
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("place", ["write_new", "digest_file", "sync_folder"])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, key: SigningKey, run: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keeping, place, full)
    with pytest.raises(HarnessError, match="No space left on device; nothing was kept"):
        written(tmp_path / "pack", key, run)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_bundle_that_is_gone_or_holds_a_link_makes_no_pack(
    tmp_path: Path, key: SigningKey, run: Path
) -> None:
    with pytest.raises(HarnessError, match="nothing was kept"):
        written(tmp_path / "pack", key, tmp_path / "gone")
    (run / "link").symlink_to(tmp_path)
    with pytest.raises(HarnessError, match="is a link or no file"):
        written(tmp_path / "pack", key, run)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_each_file_that_is_changed_missing_or_more_is_named(
    tmp_path: Path, key: SigningKey, run: Path
) -> None:
    contents = written(tmp_path / "pack", key, run)
    folder = tmp_path / "pack"
    (folder / "index.html").write_bytes(b"<p>other</p>")
    (folder / "documents/07-records.json").unlink()
    (folder / "extra").write_text("")
    assert faults_of(folder, contents) == [
        "extra: does not belong to the pack",
        "documents/07-records.json: is missing",
        "index.html: was changed",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pack.json", "pack.dsse.json", "key.pub", "index.html"])
def test_every_byte_that_is_changed_dropped_or_added_is_found(
    tmp_path: Path, key: SigningKey, run: Path, name: str
) -> None:
    written(tmp_path / "pack", key, run)
    path = tmp_path / "pack" / name
    data = path.read_bytes()
    unseen = []
    for at in range(len(data)):
        flipped = bytes([data[at] ^ 1])
        edits = [data[:at] + flipped + data[at + 1 :]]
        if at % 8 == 0:
            edits += [data[:at] + data[at + 1 :], data[:at] + b" " + data[at:]]
        for edit in edits:
            path.write_bytes(edit)
            if edit != data and not found(tmp_path / "pack"):
                unseen.append((at, edit))
    for edit in (b"", data + b"\n", data + data):
        path.write_bytes(edit)
        if not found(tmp_path / "pack"):
            unseen.append((len(data), edit))
    assert unseen == []


def test_holes_and_depths_cost_the_reader_nothing(
    tmp_path: Path, key: SigningKey, run: Path
) -> None:
    """A file of a tebibyte that takes no room would be read for hours."""
    contents = written(tmp_path / "pack", key, run)
    folder = tmp_path / "pack"
    with (folder / "index.html").open("r+b") as page:
        page.truncate(1 << 40)
    with pytest.raises(HarnessError, match="holds more than 68719476736 bytes"):
        faults_of(folder, contents)
    (folder / "index.html").write_bytes(b"<p>page</p>")
    assert faults_of(folder, contents) == []
    here = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(50):
            os.mkdir("d" * 100, dir_fd=here)
            below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    with pytest.raises(HarnessError, match="File name too long"):
        faults_of(folder, contents)
    shutil.rmtree(folder / ("d" * 100))


@pytest.mark.parametrize("name", ["index.html", "extra"])
def test_what_is_no_file_is_refused_and_not_waited_for(
    tmp_path: Path, key: SigningKey, run: Path, name: str
) -> None:
    contents = written(tmp_path / "pack", key, run)
    path = tmp_path / "pack" / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(HarnessError, match=f"{name}: is a link or no file"):
        faults_of(tmp_path / "pack", contents)


def test_a_second_name_of_a_file_is_the_file(tmp_path: Path, key: SigningKey, run: Path) -> None:
    """A hard link is no other thing than the file: what it holds counts, now and then."""
    contents = written(tmp_path / "pack", key, run)
    os.link(tmp_path / "pack/index.html", tmp_path / "outside")
    assert faults_of(tmp_path / "pack", contents) == []
    (tmp_path / "outside").write_bytes(b"<p>other</p>")
    assert faults_of(tmp_path / "pack", contents) == ["index.html: was changed"]


def found(folder: Path) -> bool:
    """Whether anything is told of a pack."""
    try:
        return bool(faults_of(folder, read_contents(folder)))
    except HarnessError:
        return True


def test_a_key_of_nobody_known_is_told_where_it_is_asked(
    tmp_path: Path, key: SigningKey, run: Path
) -> None:
    contents = written(tmp_path / "pack", key, run)
    other = evidence_lab.signing_key()
    (told,) = faults_of(tmp_path / "pack", contents, [other.public])
    assert "expected a trusted key" in told


@pytest.mark.parametrize("change", ["predicateType", "_type", "root", "subject", "predicate"])
def test_a_signature_over_something_else_seals_nothing(
    tmp_path: Path, key: SigningKey, run: Path, change: str
) -> None:
    """A person's approval of a pack has the same subject: it must not pass for its seal."""
    contents = written(tmp_path / "pack", key, run)
    seal = tmp_path / "pack/pack.dsse.json"
    statement = json.loads(Envelope.from_bytes(seal.read_bytes(), "seal").payload)
    if change == "root":
        statement["predicate"]["root_sha256"] = "0" * 64
    else:
        statement[change] = "urn:edgeward:approval:1"
    seal.write_bytes(Envelope.sign(encode(statement), key).to_bytes())
    (told,) = faults_of(tmp_path / "pack", contents)
    assert "speaks of another list of files" in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "edgeward-pack/2"}, "schema"),
        ({"as_of": "soon"}, "as_of"),
        ({"files": {"x": "y"}}, "files"),
        ({"more": 1}, "more"),
        ({"root_sha256": None}, "root_sha256"),
    ],
)
def test_a_list_of_another_form_is_refused(
    tmp_path: Path, key: SigningKey, run: Path, change: dict[str, object], said: str
) -> None:
    written(tmp_path / "pack", key, run)
    path = tmp_path / "pack/pack.json"
    path.write_bytes(encode({**json.loads(path.read_bytes()), **change}))
    with pytest.raises(InputError, match=said):
        read_contents(tmp_path / "pack")
    with pytest.raises(HarnessError, match="not readable as a pack"):
        read_contents(tmp_path)


def test_a_title_that_hides_signs_is_kept_as_it_is(
    tmp_path: Path, key: SigningKey, run: Path
) -> None:
    told = replace(PACK, title="Tit\u202ele")
    contents = write_pack(told, FILES, {"w": run}, tmp_path / "p", key, MADE, TOOL)
    assert contents.title == told.title
    assert faults_of(tmp_path / "p", contents) == []
