"""The place of the alarm journal: a disk that refuses keeps nobody from raising alarms."""

import fcntl
import os
from pathlib import Path

import pytest

from edgeward.adapters.black_box import MappedBox, MemoryBox
from edgeward.adapters.clock import SimulatedClock
from edgeward.alarm.journal.journal import Journal
from edgeward.alarm.journal.slots import BOX_BYTES
from edgeward.device.bedside.media import BOX_NAME, FolderMedia
from edgeward.errors import StoreError

ENTRY = {"what": "declared", "number": 1}


def test_what_was_recorded_on_a_refusing_disk_is_there_when_it_is_back(tmp_path: Path) -> None:
    blocked = tmp_path / "alarms"
    blocked.symlink_to(tmp_path / "nowhere" / "else")
    log, box, _ = FolderMedia(blocked).open()
    assert isinstance(box, MemoryBox)
    journal, found = Journal.open(log, box, SimulatedClock())
    assert not found.damage
    assert journal.record(ENTRY)
    flushed = journal.flush()
    assert flushed.waiting == 1
    assert flushed.fault is not None
    assert "cannot be the store" in flushed.fault
    blocked.unlink()
    flushed = journal.flush()
    assert (flushed.waiting, flushed.fault) == (0, None)
    journal.close()
    log, box, _ = FolderMedia(blocked).open()
    assert isinstance(box, MappedBox)
    _, found = Journal.open(log, box, SimulatedClock())
    assert ENTRY in [one.entry for one in found.entries]
    box.close()


def test_a_box_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    media = FolderMedia(tmp_path)
    log, box, _ = media.open()
    journal, _ = Journal.open(log, box, SimulatedClock())
    assert journal.record(ENTRY)
    box.close()
    kept = (tmp_path / BOX_NAME).read_bytes()
    (tmp_path / BOX_NAME).unlink()
    file = os.memfd_create("box", os.MFD_ALLOW_SEALING)
    os.write(file, kept)
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    (tmp_path / BOX_NAME).symlink_to(f"/proc/self/fd/{file}")
    _, box, _ = media.open()
    os.close(file)
    assert isinstance(box, MemoryBox)
    _, found = Journal.open(log, box, SimulatedClock())
    assert ENTRY in [one.entry for one in found.entries]


def test_a_box_that_another_process_holds_is_not_copied(tmp_path: Path) -> None:
    held = MappedBox(tmp_path / BOX_NAME, BOX_BYTES)
    with pytest.raises(StoreError, match="another process holds"):
        FolderMedia(tmp_path).open()
    held.close()
