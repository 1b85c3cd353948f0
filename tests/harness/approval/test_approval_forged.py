"""Forgeries by somebody who writes the whole folder anew: good signatures in wrong places."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from approval_lab import PEM, SECRET, SIGNED_AT, Desk, certificate, root, root_key
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edgeward_harness.approval.certificates import chain_faults
from edgeward_harness.approval.folder import TRAIL, read_folder
from edgeward_harness.approval.keys import read_chain
from edgeward_harness.errors import HarnessError

Lines = list[dict[str, Any]]


def rewrite(folder: Path, change: Callable[[Lines], Lines]) -> str:
    """Write the trail anew with every digest in order; what is said of it then."""
    lines = change([json.loads(line) for line in (folder / TRAIL).read_text().splitlines()])
    head, texts = "0" * 64, []
    for number, line in enumerate(lines, 1):
        line |= {"previous": head, "sequence": number}
        texts.append(json.dumps(line, separators=(",", ":"), sort_keys=True))
        head = hashlib.sha256(texts[-1].encode()).hexdigest()
    (folder / TRAIL).write_text("".join(f"{text}\n" for text in texts))
    return "; ".join(read_folder(folder).faults)


@pytest.fixture
def folder(desk: Desk) -> Path:
    desk.sign(desk.somebody("p1"))
    desk.sign(desk.somebody("p2"))
    return desk.folder


def test_a_trail_written_anew_as_it_was_holds(folder: Path) -> None:
    assert rewrite(folder, lambda lines: lines) == ""


def test_a_signature_moved_to_another_place_is_seen(folder: Path) -> None:
    def second_alone(lines: Lines) -> Lines:
        first, second = lines
        (folder / first["file"]).unlink()
        moved = "0001" + second["file"][4:]
        (folder / second["file"]).rename(folder / moved)
        return [{**second, "file": moved}]

    assert "was not signed for its place in the trail" in rewrite(folder, second_alone)
    assert read_folder(folder).signed == ()


def test_a_line_that_says_another_meaning_is_seen(folder: Path) -> None:
    def renamed(lines: Lines) -> Lines:
        line = lines.pop()
        file = line["file"].replace("reviewed_results", "approved_release")
        (folder / line["file"]).rename(folder / file)
        return [*lines, {**line, "file": file, "what": "approved_release"}]

    assert "says reviewed_results, the trail approved_release" in rewrite(folder, renamed)


def test_a_line_leads_nowhere_but_to_its_own_file(folder: Path) -> None:
    def outside(lines: Lines) -> Lines:
        line = lines.pop()
        (folder / line["file"]).rename(folder.parent / "elsewhere.json")
        return [*lines, {**line, "file": "../elsewhere.json"}]

    assert "which is not its file" in rewrite(folder, outside)
    assert len(read_folder(folder).signed) == 1


def test_the_certificate_of_another_key_is_seen(desk: Desk) -> None:
    one, other = desk.somebody("p1"), desk.somebody("p2", days=9)
    borrowed = replace(one.signer, certificates=other.signer.certificates)
    with pytest.raises(HarnessError, match="its certificate is not of its key"):
        desk.sign(replace(one, signer=borrowed))
    assert (desk.read().signed, desk.read().faults) == ((), ())


@pytest.mark.parametrize("forged", [False, True])
def test_a_certificate_must_be_signed_by_the_root_it_names(
    desk: Desk, tmp_path: Path, forged: bool
) -> None:
    one = desk.somebody("p1", days=9)
    key = load_pem_private_key(one.pem.read_bytes(), SECRET.encode())
    by = ec.generate_private_key(ec.SECP256R1()) if forged else root_key()
    own = certificate("p1", key, signed_by=by)  # type: ignore[arg-type]  # the key of the lab
    chain = tmp_path / "chain.pem"
    chain.write_bytes(own.public_bytes(PEM) + root().public_bytes(PEM))
    faults = chain_faults(read_chain(chain), one.person.ca, "p1", SIGNED_AT)
    assert bool(faults) is forged
    assert not forged or "its certificates do not hold" in faults[0]
