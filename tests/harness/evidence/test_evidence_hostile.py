"""Hostile bytes, in any file and to any depth, are faults and nothing else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evidence_lab import (
    five,
    record,
    write,
)

from edgeward.canonical import canonical_json, sha256_hex
from edgeward_harness.evidence.chain import chain_of, with_chain
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.verify import (
    verify_bundle,
)
from edgeward_harness.report.render import twin

ARTIFACT = f"artifacts/{sha256_hex(b'a transcript')}"
FILES = (
    "manifest.json",
    "records.jsonl",
    "statement.dsse.json",
    "key.pub",
    "report.html",
    "report.json",
    "junit.xml",
    ARTIFACT,
)


@pytest.fixture
def copy(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "bundle"))


DEEP = b"[" * 200_000


@pytest.mark.parametrize("name", FILES[:4])
@pytest.mark.parametrize("garbage", [b"", DEEP, DEEP + b"\n", b"\xff\xfe\x00", b"{}\n", b"null"])
def test_hostile_files_are_named(copy: Path, name: str, garbage: bytes) -> None:
    (copy / name).write_bytes(garbage)
    found = verify_bundle(copy)
    assert not found.intact
    assert any(fault.startswith(name) for fault in found.faults)


def write_deep(path: Path, value: object, depth: int) -> bytes:
    """Write canonical JSON in which the text "deep" became lists in lists, as a forger would."""
    data = canonical_json(value).replace(b'"deep"', b"[" * depth + b"]" * depth)
    path.write_bytes(data)
    return data


def write_deep_lines(folder: Path, bodies: list[dict[str, Any]], depth: int) -> None:
    """Write records with a perfect chain, the text "deep" nested as above."""
    chain, lines = sha256_hex((folder / "manifest.json").read_bytes()), []
    for body in bodies:
        body.pop("chain", None)
        text = write_deep(folder / "scratch", body, depth)
        chain = chain_of(chain, text)
        lines.append(with_chain({}, text, chain) + b"\n")
    (folder / "scratch").unlink()
    (folder / "records.jsonl").write_bytes(b"".join(lines))


@pytest.mark.parametrize("depth", [60, 64, 65, 66, 70, *range(840, 1000, 16), 5000])
def test_no_depth_of_nesting_ends_a_verification(
    tmp_path: Path, key: SigningKey, depth: int
) -> None:
    write(tmp_path, five(), *(record(name, context="c1") for name in five().items))
    bodies = [json.loads(line) for line in (tmp_path / "records.jsonl").read_bytes().splitlines()]
    changes: tuple[Callable[[Any], None], ...] = (
        lambda value: value[0].update(device="deep"),
        lambda value: value[0]["device"]["software"].update(name="deep"),
        lambda value: value[0]["device"]["models"][0].update(name="deep"),
        lambda value: value[1].update(item="deep"),
        lambda value: value[1].update(deep="deep"),
    )
    for change in changes:
        changed = copy_of(bodies)
        change(changed)
        write_deep_lines(tmp_path, changed, depth)
        assert verify_bundle(tmp_path, [key.public], derive=twin).findings
    for place in ("host", "hazards"):
        write_deep(tmp_path / "manifest.json", {**five().to_json(), place: {"a": "deep"}}, depth)
        assert verify_bundle(tmp_path, [key.public], derive=twin).findings
    resolved = {**five().to_json()["profile"], "resolved": {"a": "deep"}}
    write_deep(tmp_path / "manifest.json", {**five().to_json(), "profile": resolved}, depth)
    assert verify_bundle(tmp_path, [key.public], derive=twin).findings


def copy_of(value: Any) -> Any:
    return json.loads(canonical_json(value))
