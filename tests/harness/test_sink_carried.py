"""A medium at the receiver's desk: a bundle is believed whole, from whom it is, or not at all."""

import datetime
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from sending_lab import Sender

from edgeward.canonical import sha256_hex
from edgeward.comms.carried.layout import (
    Manifest,
    PartFile,
    folder_of,
    read_answer_file,
    seal_part,
    write_manifest,
)
from edgeward.comms.trust.papers import Papers
from edgeward_harness.rig.authority import Authority, Defect
from edgeward_harness.rig.sink.bench import Bench
from edgeward_harness.rig.sink.carried import BadBundleError, Desk, bundles_on

DEVICE = "monitor-7"
NAME = "0123456789abcdef"
NOW = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
AUTHORITY = Authority(3, NOW)


@dataclass
class Table:
    """A desk, a medium on it, and somebody who writes bundles."""

    desk: Desk
    medium: Path
    sender: Sender

    def lay(
        self, batches: list[bytes], papers: Papers | None = None, name: str = NAME, **other: Any
    ) -> None:
        """A bundle on the medium, as a device writes it; or as one that says something else."""
        receiver = X25519PublicKey.from_public_bytes(self.desk.receiver.opener.public)
        folder = self.medium / folder_of(name)
        folder.mkdir(exist_ok=True)
        files = []
        for number, data in enumerate(batches, 1):
            sealed = seal_part(data, receiver, other.get("device", DEVICE), name, number)
            file = PartFile(number, len(sealed), sha256_hex(sealed))
            (folder / file.name).write_bytes(sealed)
            files.append(file)
        papers = papers or papers_of(DEVICE)
        manifest = Manifest(DEVICE, name, 1, tuple(files), papers.chain_pem)
        manifest = replace(manifest, **other)
        (folder / "manifest").write_bytes(write_manifest(manifest, receiver, papers))

    def path(self, file: str) -> Path:
        return self.medium / folder_of(NAME) / file

    def batches(self) -> list[bytes]:
        return [self.sender.batch(self.sender.seal(1), self.sender.seal(2)) for _ in range(2)]


def papers_of(
    device: str, authority: Authority = AUTHORITY, defect: Defect | None = None
) -> Papers:
    issued = authority.client(device, defect)
    return Papers(issued.key_pem, issued.certificate_pem)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    medium = tmp_path / "stick"
    medium.mkdir()
    receiver = Bench(tmp_path, 3, NOW).receiver()
    desk = Desk(receiver, AUTHORITY.certificate, 3)
    yield Table(desk, medium, Sender(receiver.opener.public))
    receiver.ledger.close()


def test_what_is_whole_is_taken_once_and_answered(table: Table) -> None:
    table.lay(table.batches())
    for _ in range(2):
        (bundle,) = table.desk.take(table.medium)
        assert (bundle.name, bundle.device, len(bundle.batches)) == (NAME, DEVICE, 2)
        data = (table.medium / f"edgeward-{NAME}.answer").read_bytes()
        told = read_answer_file(data, NAME, DEVICE, [table.desk.key.public_key()])
        assert [one["batch"] for one in told.answers] == [one.name for one in bundle.batches]
        assert all(one["durable"] == [["01" * 8, 1, 2]] for one in told.answers)
    assert table.desk.receiver.ledger.rows("SELECT count(*) FROM records") == [(2,)]


def test_a_folder_that_is_no_bundle_gets_no_answer(table: Table) -> None:
    table.path("").mkdir()
    (table.medium / "edgeward-holiday").mkdir()
    (table.medium / f"edgeward-{'f' * 16}").touch()
    assert bundles_on(table.medium) == [NAME]
    assert table.desk.take(table.medium) == []
    assert not list(table.medium.glob("*.answer"))
    ((what, said),) = table.desk.receiver.ledger.rows("SELECT what, told FROM refusals")
    assert (what, "there is no manifest" in said) == ("bundle", True)


@pytest.mark.parametrize("file", ["manifest", "part-000001", "part-000002"])
def test_a_bundle_that_was_changed_is_refused_whole(table: Table, file: str) -> None:
    table.lay(table.batches())
    data = table.path(file).read_bytes()
    draw = random.Random(file)
    places = [
        0,
        3,
        4,
        len(data) - 1,
        len(data) - 40,
        *(draw.randrange(len(data)) for _ in range(8)),
    ]
    for at in places:
        changed = data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
        for wrong in (changed, data[:at], data + b"\0"):
            table.path(file).write_bytes(wrong)
            with pytest.raises(BadBundleError):
                table.desk.read(table.medium, NAME)
    table.path(file).unlink()
    with pytest.raises(BadBundleError, match="there is no"):
        table.desk.read(table.medium, NAME)
    table.path(file).symlink_to("/dev/zero")
    with pytest.raises(BadBundleError, match="there is no"):
        table.desk.read(table.medium, NAME)
    assert table.desk.take(table.medium) == []


@pytest.mark.parametrize(
    ("papers", "said"),
    [
        (papers_of(DEVICE, Authority(4, NOW)), "papers of nobody known"),
        (papers_of(DEVICE, defect=Defect.SELF_SIGNED), "papers of nobody known"),
        (papers_of("monitor-8"), "shows the papers of ['monitor-8']"),
        (papers_of(DEVICE, defect=Defect.WRONG_USE), "shows the papers of"),
        (Papers(papers_of("monitor-8").key_pem, papers_of(DEVICE).chain_pem), "has not signed it"),
    ],
    ids=["another authority", "itself", "another device", "a server", "another key"],
)
def test_who_signed_it_is_who_it_says(table: Table, papers: Papers, said: str) -> None:
    table.lay(table.batches(), papers)
    with pytest.raises(BadBundleError) as found:
        table.desk.read(table.medium, NAME)
    assert said in str(found.value)


def test_papers_that_have_ended_still_say_who_it_is(table: Table) -> None:
    """A device that is never online cannot renew them."""
    table.lay(table.batches(), papers_of(DEVICE, defect=Defect.EXPIRED))
    assert table.desk.read(table.medium, NAME).device == DEVICE


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"device": "monitor-8"}, "shows the papers of"),
        ({"bundle": "f" * 16}, "its manifest is none"),
        ({"chain_pem": b"no papers"}, "its manifest is none"),
        ({"parts": (PartFile(2, 1, ""), PartFile(1, 1, ""))}, "parts out of order"),
        ({"parts": (PartFile(-1, 1, ""),)}, "parts that are none"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(
    table: Table, other: dict[str, Any], said: str
) -> None:
    table.lay(table.batches(), **other)
    with pytest.raises(BadBundleError) as found:
        table.desk.read(table.medium, NAME)
    assert said in str(found.value)


def test_what_it_carries_is_its_own(table: Table) -> None:
    for data, said in (
        (b"no batch", "a part is none"),
        (json.dumps({}).encode(), "a part is none"),
    ):
        table.lay([data])
        with pytest.raises(BadBundleError, match=said):
            table.desk.read(table.medium, NAME)
    other = papers_of("monitor-8")
    table.lay(table.batches(), other, device="monitor-8")
    with pytest.raises(BadBundleError, match="'monitor-8' carries a batch of 'monitor-7'"):
        table.desk.read(table.medium, NAME)


def test_a_bundle_for_another_receiver_is_none(table: Table, tmp_path: Path) -> None:
    table.lay(table.batches())
    (tmp_path / "other").mkdir()
    other = Bench(tmp_path / "other", 4, NOW).receiver()
    with pytest.raises(BadBundleError, match="its manifest is none"):
        Desk(other, AUTHORITY.certificate, 4).read(table.medium, NAME)
    other.ledger.close()
