"""The ledger: manifest first, whole lines only, on a full disk and when killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from evidence_lab import CASE, CONTEXT, DEVICE, UTC, five, item, latency, manifest, record, write

from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.ledger import SYNC_INTERVAL_NS, Ledger
from edgeward_harness.evidence.record import State
from edgeward_harness.evidence.verify import FaultKind, verify_bundle

HERE = str(Path(__file__).parents[1] / "labs")


def test_what_was_written_is_read_back_joined(tmp_path: Path) -> None:
    items = list(five().items)
    records = [record(name, context="c1") for name in items]
    opened = open_bundle(write(tmp_path / "bundle", five(), *records))
    assert opened.manifest == five()
    assert opened.records == tuple(records)
    assert opened.ended is not None
    assert opened.ended.records == 5
    assert opened.complete
    assert opened.context_of(records[0]) is not None
    assert opened.context_of(records[0]._replace(context=None)) is None


def test_the_manifest_is_there_before_the_first_record(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "bundle", five().to_bytes())
    assert (tmp_path / "deep" / "bundle" / "manifest.json").read_bytes() == five().to_bytes()
    assert (tmp_path / "deep" / "bundle" / "records.jsonl").read_bytes() == b""
    ledger.close()
    ledger.close()
    with pytest.raises(HarnessError, match="closed; nothing more is recorded"):
        ledger.append(record(f"{CASE}[a]"))


def test_a_broken_manifest_begins_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Ledger(tmp_path / "bundle", b"{}")
    assert not (tmp_path / "bundle").exists()


def test_a_folder_that_holds_anything_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(HarnessError, match=r"holds notes\.txt; expected a new or empty folder"):
        Ledger(tmp_path, five().to_bytes())
    assert os.listdir(tmp_path) == ["notes.txt"]
    write(tmp_path / "bundle", five())
    before = sorted(os.listdir(tmp_path / "bundle"))
    with pytest.raises(HarnessError, match=r"holds manifest\.json, records\.jsonl"):
        Ledger(tmp_path / "bundle", five().to_bytes())
    assert sorted(os.listdir(tmp_path / "bundle")) == before


def test_of_two_runs_that_want_a_folder_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".manifest.json.new").write_bytes(b"")
    with pytest.raises(HarnessError, match="another run begins here"):
        Ledger(tmp_path, five().to_bytes())


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match="no run was begun"):
        Ledger(tmp_path / "file" / "bundle", five().to_bytes())


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    planned = manifest(items=[CASE, item(f"{CASE}[x]", inapplicable="no stream")])
    with Ledger(tmp_path / "bundle", planned.to_bytes()) as one:
        yield one


def test_only_what_belongs_to_the_run_is_recorded(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="'TC-OTHER' is not an item of the manifest"):
        ledger.append(record("TC-OTHER"))
    with pytest.raises(HarnessError, match="does not apply by the manifest"):
        ledger.append(record(f"{CASE}[x]"))
    with pytest.raises(HarnessError, match="cannot say 'not_executed'"):
        ledger.append(record()._replace(state=State.NOT_EXECUTED))
    with pytest.raises(HarnessError, match="no context 'c1'"):
        ledger.append(record(context="c1"))
    with pytest.raises(HarnessError, match="cannot be recorded: Out of range float"):
        ledger.append(record(CASE, "passed", latency(float("nan"))))
    with pytest.raises(HarnessError, match="over the limit"):
        ledger.append(record(reason="x" * (1 << 24)))
    with pytest.raises(HarnessError, match="context holds something that cannot be recorded"):
        ledger.context(replace(CONTEXT, device={"port": Path("x")}))
    assert (tmp_path / "bundle" / "records.jsonl").read_bytes() == b""


def test_a_second_record_of_an_item_is_another_attempt(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(record(CASE, "failed"))
    ledger.append(record(CASE, "passed"))
    ledger.end(UTC)
    assert [one.attempt for one in open_bundle(tmp_path / "bundle").records] == [1, 2]


def test_equal_contexts_are_written_once(ledger: Ledger, tmp_path: Path) -> None:
    later = {**DEVICE, "clock": {"now_ns": 77, "simulated": False}}
    other = {**DEVICE, "device": {"model": "reference", "epoch": 2}}
    names = [ledger.context(Context(device, "emulated")) for device in (DEVICE, later, other)]
    assert names == ["c1", "c1", "c2"]
    ledger.end(UTC)
    assert set(open_bundle(tmp_path / "bundle").contexts) == {"c1", "c2"}


def test_lines_go_to_the_disk_while_the_run_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0
    synced: list[int] = []
    real_fsync = os.fsync

    def fsync(fd: int) -> None:
        synced.append(now)
        real_fsync(fd)

    with Ledger(tmp_path / "bundle", five().to_bytes(), monotonic_ns=lambda: now) as ledger:
        monkeypatch.setattr(os, "fsync", fsync)
        for name in five().items:
            ledger.append(record(name))
            now += SYNC_INTERVAL_NS // 2
        assert synced == [SYNC_INTERVAL_NS, 2 * SYNC_INTERVAL_NS]
        ledger.end(UTC)
    assert len(synced) == 3


def run_child(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, with the builders of these tests at hand."""
    text = f"import sys; sys.path.insert(0, {HERE!r})\n" + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", text, *arguments], capture_output=True, text=True, check=False
    )


FULL_DISK = """
import resource
from pathlib import Path
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.ledger import Ledger
from evidence_lab import UTC, manifest, record

names = [f"TC-LAT-001[{n}]" for n in range(40)]
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
ledger = Ledger(folder, manifest(items=names).to_bytes())
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for name in names:
        ledger.append(record(name))
    ledger.end(UTC)
except HarnessError as error:
    print(error)
try:
    ledger.append(record(names[0]))
except HarnessError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [0, 1, 1000, 3333])
def test_a_full_disk_leaves_whole_lines_and_one_clear_error(tmp_path: Path, room: int) -> None:
    done = run_child(FULL_DISK, str(tmp_path / "bundle"), str(room))
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    kept = (tmp_path / "bundle" / "records.jsonl").read_bytes()
    opened = open_bundle(tmp_path / "bundle")
    assert first.startswith(f"{tmp_path}/bundle/records.jsonl: no room: ")
    assert first.endswith(f"the {len(opened.records)} records written before are kept")
    assert "closed; nothing more is recorded" in second
    assert len(kept) <= room
    assert kept == b"" or kept.endswith(b"\n")
    assert not opened.torn
    assert not opened.complete


NO_ROOM = """
import os, resource, signal
from pathlib import Path
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.ledger import Ledger
from evidence_lab import manifest

folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for write in (
    lambda: Ledger(folder, manifest().to_bytes()),
    lambda: store_artifact(folder, b"x" * 1000),
):
    try:
        write()
    except HarnessError as error:
        print(error)
print(sorted(os.listdir(folder)))
"""


def test_no_room_for_manifest_or_artifact_leaves_nothing_of_them(tmp_path: Path) -> None:
    done = run_child(NO_ROOM, str(tmp_path / "bundle"))
    assert done.returncode == 0, done.stderr
    begun, stored, listed = done.stdout.splitlines()
    assert begun.endswith("no run was begun")
    assert "no room" in begun
    assert stored.endswith("nothing of it was kept")
    assert listed == "['artifacts']"
    assert not (tmp_path / "bundle" / "artifacts").joinpath("x").exists()
    assert os.listdir(tmp_path / "bundle" / "artifacts") == []


KILLED = """
from pathlib import Path
from edgeward_harness.evidence.ledger import Ledger
from evidence_lab import manifest, record

names = [f"TC-LAT-001[{n}]" for n in range(3000)]
ledger = Ledger(Path(sys.argv[1]), manifest(items=names).to_bytes())
print("begun", flush=True)
for name in names:
    ledger.append(record(name))
sys.stdin.read()
"""


@pytest.mark.parametrize("written", [0, 5_000, 200_000])
def test_a_killed_run_is_whole_lines_and_says_incomplete(tmp_path: Path, written: int) -> None:
    code = f"import sys; sys.path.insert(0, {HERE!r})\n{KILLED}"
    command = [sys.executable, "-c", code, str(tmp_path / "bundle")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"begun\n"
        records = tmp_path / "bundle" / "records.jsonl"
        while records.stat().st_size < written:
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
    opened = open_bundle(tmp_path / "bundle")
    assert opened.ended is None
    assert records.stat().st_size >= written
    found = verify_bundle(tmp_path / "bundle")
    assert "incomplete: the run did not reach its end" in found.faults
    assert found.only(FaultKind.INCOMPLETE)
    assert found.assessment is not None
    assert found.assessment.verdict == "incomplete"


def test_artifacts_are_stored_once_under_their_digest(tmp_path: Path) -> None:
    first = store_artifact(tmp_path, b"bytes")
    assert store_artifact(tmp_path, b"bytes") == first
    assert os.listdir(tmp_path / "artifacts") == [first]
    assert (tmp_path / "artifacts" / first).read_bytes() == b"bytes"


def test_a_bundle_gives_its_artifacts_only_unchanged(sealed: Path, tmp_path: Path) -> None:
    opened = open_bundle(sealed)
    (sha256,) = opened.artifacts
    assert opened.artifact(sha256) == b"a transcript"
    moved = replace(opened, folder=tmp_path)
    with pytest.raises(HarnessError, match="No such file"):
        moved.artifact(sha256)
    store_artifact(tmp_path, b"a transcript")
    (tmp_path / "artifacts" / sha256).write_bytes(b"a forgery")
    with pytest.raises(HarnessError, match="was changed"):
        moved.artifact(sha256)
    with pytest.raises(HarnessError, match="not read from a folder"):
        replace(opened, folder=None).artifact(sha256)


def test_what_is_no_bundle_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"manifest\.json: not readable"):
        open_bundle(tmp_path)


def test_lines_are_json_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "bundle", five(), record(f"{CASE}[a]"))
    lines = (tmp_path / "bundle" / "records.jsonl").read_text().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["context", "record", "end"]
