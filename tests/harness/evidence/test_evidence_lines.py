"""A broken chain is told apart: edited, dropped, replayed, reordered, inserted."""

import json
from pathlib import Path

import pytest
from evidence_lab import CASE, five, manifest, record, write

from edgeward.canonical import canonical_json, sha256_hex
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.bundle import open_bundle
from edgeward_harness.evidence.chain import link
from edgeward_harness.evidence.lines import Lines, check_lines, read_lines

ROOT = sha256_hex(five().to_bytes())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A context, five records and an end: seven lines."""
    folder = tmp_path_factory.mktemp("lines") / "bundle"
    write(folder, five(), *(record(name, context="c1") for name in five().items))
    return (folder / "records.jsonl").read_bytes()


def lines_of(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def faults(lines: list[bytes]) -> list[str]:
    read = read_lines(b"".join(lines), ROOT)
    return read.faults + check_lines(read, five())


def test_an_untouched_file_has_no_fault(data: bytes) -> None:
    read = read_lines(data, ROOT)
    assert (read.faults, read.breaks, read.torn) == ([], 0, 0)
    assert [one.item for one in read.records] == list(five().items)


def test_an_edited_line_is_named_by_line_and_item(data: bytes) -> None:
    lines = lines_of(data)
    body = json.loads(lines[3])
    lines[3] = canonical_json({**body, "state": "failed"}) + b"\n"
    assert faults(lines) == [
        f"the chain breaks at line 4 (record '{CASE}[c]'): it was edited, or comes from another run"
    ]


def test_a_dropped_record_is_named_by_its_item(data: bytes) -> None:
    lines = lines_of(data)
    del lines[2]
    assert faults(lines) == [
        (
            f"the chain breaks at line 3 (record '{CASE}[c]'): the line before it was dropped, "
            "or it was edited (1 records are missing)"
        ),
        f"4 records, but the end says 5; without a record: {CASE}[b]",
    ]


def test_a_replayed_record_is_named_with_its_original(data: bytes) -> None:
    lines = lines_of(data)
    lines.insert(5, lines[1])
    told = faults(lines)
    assert told[0] == f"the chain breaks at line 6 (record '{CASE}[a]'): it replays line 2"
    assert f"record 2 of '{CASE}[a]' says it is attempt 1" in told
    assert "6 records, but the end says 5" in told
    assert len(told) == 3


def test_reordered_records_are_named(data: bytes) -> None:
    lines = lines_of(data)
    lines[2], lines[3] = lines[3], lines[2]
    told = faults(lines)
    assert told == [
        f"the chain breaks at line 3 (record '{CASE}[c]'): reordered, it belongs behind line 4"
    ]


def test_an_inserted_line_is_named_though_its_own_chain_holds(data: bytes) -> None:
    lines = lines_of(data)
    forged = record(f"{CASE}[b]", "failed").to_json()
    lines.insert(2, link(json.loads(lines[1])["chain"], forged)[0] + b"\n")
    assert faults(lines)[0] == (
        f"the chain breaks at line 4 (record '{CASE}[b]'): "
        "it follows line 2; line 3 was put in between or changed"
    )


def test_records_of_another_manifest_are_named(data: bytes) -> None:
    other = sha256_hex(manifest(items=[f"{CASE}[a]"]).to_bytes())
    read = read_lines(data, other)
    assert read.faults == [
        (
            "the chain breaks at line 1 (context 'c1'): "
            "it was edited, or these records belong to another manifest"
        )
    ]


def test_a_first_line_that_was_dropped_breaks_the_chain(data: bytes) -> None:
    read = read_lines(b"".join(lines_of(data)[1:]), ROOT)
    assert read.breaks == 1
    assert "line 1" in read.faults[0]


def test_many_breaks_are_counted_not_explained(data: bytes) -> None:
    first = lines_of(data)[1]
    read = read_lines(first * 200, ROOT)
    assert len([fault for fault in read.faults if fault.startswith("the chain")]) == 6
    assert read.faults[-1] == "the chain breaks at 195 more lines behind these"


def test_a_cut_line_is_torn_and_the_rest_is_kept(data: bytes) -> None:
    read = read_lines(data[:-10], ROOT)
    assert (read.torn > 0, len(read.records), read.ended) == (True, 5, None)
    assert read.faults == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"", "not canonical JSON"),
        (b"[]", "an object with its chain"),
        (b"{}", "an object with its chain"),
        (b'{"chain":1}', "an object with its chain"),
        (b'{"chain":"%s","type":"note"}' % (b"0" * 64), "expected record, context or end"),
        (b'{"chain":"%s","type":[]}' % (b"0" * 64), "expected record, context or end"),
        (b"[" * 50_000, "nested too deeply"),
        (b"\xff", "not canonical JSON"),
        (b'{"chain": "%s"}' % (b"0" * 64), "not in canonical form"),
        (b'"%s"' % (b"x" * (1 << 24)), "over the limit"),
    ],
)
def test_a_hostile_line_is_named_and_the_others_are_read(
    data: bytes, line: bytes, told: str
) -> None:
    lines = lines_of(data)
    lines.insert(3, line + b"\n")
    named = faults(lines)
    assert any(fault.startswith("line 4") and told in fault for fault in named), named
    assert len(read_lines(b"".join(lines), ROOT).records) == 5


def test_what_the_manifest_does_not_allow_is_named_by_item(data: bytes) -> None:
    lines = read_lines(data, ROOT)
    planned = manifest(items=[f"{CASE}[a]"])
    assert f"a record for '{CASE}[b]', which is not an item of the manifest" in check_lines(
        lines, planned
    )
    lines = Lines(records=[record(f"{CASE}[a]", context="c9")])
    assert check_lines(lines, five()) == [
        f"the record of '{CASE}[a]' rests on an unknown context 'c9'"
    ]


def test_lines_behind_the_end_and_double_contexts_are_named(data: bytes) -> None:
    lines = lines_of(data)
    lines += [lines[0]]
    assert {"line 8: stands behind the end of the run", "line 8: a second context 'c1'"} <= set(
        faults(lines)
    )


def test_a_bundle_with_changed_records_is_not_opened(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(five().to_bytes())
    (tmp_path / "records.jsonl").write_bytes(data.replace(b'"passed"', b'"failed"', 1))
    with pytest.raises(InputError, match="line 2"):
        open_bundle(tmp_path)
