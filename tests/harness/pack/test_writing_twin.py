"""The twin holds all that a document says; the archive holds every file where it belongs."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from pack_lab import HOSTILE, ROOT, hostile_pack, sample_pack

from edgeward_harness.errors import InputError
from edgeward_harness.pack.model import Table
from edgeward_harness.pack.writing.archive import ELSEWHERE, sections, write_archive
from edgeward_harness.pack.writing.twin import SCHEMA, write_twin

FILES = {
    "index.html": b"page",
    "documents/07-test-records.pdf": b"pdf",
    "documents/18-release-certificate.pdf": b"certificate",
    "tables/07-test-records-all.csv": b"table",
    "documents/77-of-theirs.pdf": b"theirs",
}


def test_a_twin_says_everything_and_nothing_is_bent() -> None:
    pack = hostile_pack()
    told = json.loads(write_twin(pack, pack.documents[0]))
    assert told["schema"] == SCHEMA
    assert told["pack"]["root_sha256"] == ROOT
    assert told["pack"]["state"] == pack.state
    blocks = told["document"]["sections"][0]["blocks"]
    kinds = ["paragraph", "facts", "table", "table", "figure", "missing", "signatures"]
    assert [block["kind"] for block in blocks] == kinds
    assert blocks[2]["rows"][0]["cells"][0] == {"link": "", "text": HOSTILE, "tone": "bad"}


def test_half_of_a_pair_does_not_stop_a_twin() -> None:
    pack = sample_pack(1)
    document = pack.documents[1]
    table = next(block for block in document.blocks if isinstance(block, Table))
    object.__setattr__(table, "caption", "half \ud800 of it")
    assert "half ? of it" in write_twin(pack, document).decode()


def test_the_same_document_gives_the_same_bytes() -> None:
    assert write_twin(sample_pack(3), sample_pack(3).documents[0]) == write_twin(
        sample_pack(3), sample_pack(3).documents[0]
    )


def test_the_archive_is_laid_out_by_section_and_sums_up_every_file() -> None:
    made = write_archive(sample_pack(1), FILES)
    assert made == write_archive(sample_pack(1), dict(reversed(FILES.items())))
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        names = opened.namelist()
        assert names == sorted(names)
        assert set(names) == {
            "SHA256SUMS",
            "index.html",
            "00-overview/18-release-certificate.pdf",
            "05-verification-and-validation/07-test-records.pdf",
            "05-verification-and-validation/tables/07-test-records-all.csv",
            f"{ELSEWHERE}/77-of-theirs.pdf",
        }
        for line in opened.read("SHA256SUMS").decode().splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(opened.read(name)).hexdigest() == digest
            names.remove(name)
        assert names == ["SHA256SUMS"]


def test_every_document_of_a_pack_has_a_section() -> None:
    assert sorted(sections()) == [f"{number:02d}" for number in range(23)]


def test_sections_of_the_user_replace_ours(tmp_path: Path) -> None:
    own = tmp_path / "pack" / "sections.toml"
    own.parent.mkdir()
    own.write_text('[[section]]\nfolder = "A"\ndocuments = ["07"]\n')
    assert sections(tmp_path) == {"07": "A"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[section]", "Expected|expected"),
        ("x = 1", "section only"),
        ('[[section]]\nfolder = "../up"\ndocuments = ["07"]', r"\.\./up"),
        ('[[section]]\nfolder = "a"\ndocuments = ["7", 8]', "'7'"),
        ('[[section]]\nfolder = "a"\ndocuments = ["07", "07"]', "in a already"),
        ('[[section]]\nfolder = "a"', "None"),
    ],
)
def test_a_table_of_sections_is_read_strictly(tmp_path: Path, text: str, told: str) -> None:
    own = tmp_path / "pack" / "sections.toml"
    own.parent.mkdir()
    own.write_text(text)
    with pytest.raises(InputError, match=told):
        sections(tmp_path)
