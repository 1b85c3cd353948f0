"""`edgeward approve` with a certificate, a time stamp and a PDF; the gate that asks for them."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from approval_lab import (
    PEM,
    SECRET,
    SIGNED_AT,
    Authority,
    Desk,
    Somebody,
    authority_here,
    desk,
    root,
    serving,
)
from cryptography.hazmat.primitives.serialization import Encoding

from edgeward.canonical import sha256_hex
from edgeward.device.cli import main
from edgeward_harness import resources
from edgeward_harness.approval.folder import read_folder
from edgeward_harness.approval.pdf import check_pdf

__all__ = ["authority_here", "desk"]

pytestmark = pytest.mark.slow  # each stamp is a process


@pytest.fixture
def one(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Somebody:
    """Somebody with a certificate, typing in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n" * 9))
    return desk.somebody("p1", curve=True, days=3650)


@pytest.fixture
def stamps(authority_here: Authority) -> Iterator[list[str]]:
    """The options that ask the authority."""
    with serving(authority_here) as url:
        yield ["--timestamp", url, "--authority", str(authority_here.folder / "root.pem")]


def words(one: Somebody) -> list[str]:
    who = ["--name", one.person.name, "--id", "p1", "--role", "reviewer"]
    return [*who, "--key", str(one.pem), "--chain", str(one.chain)]


def policy(one: Somebody, authority: str) -> str:
    """Rules that ask for a stamped review by this person."""
    text = (resources.suites() / "gate_policy_trial.toml").read_text()
    text = re.sub(r"(?m)^suites = .*", 'suites = ["latency"]', text)
    text = text.replace("age_days_max = 90", "age_days_max = 3650")
    for asked in ("fresh", "promises", "protocol"):
        text = text.replace(f"{asked} = true", f"{asked} = false")
    person = f'{{ id = "p1", name = "P1", roles = ["reviewer"], key = "", ca = "{one.person.ca}" }}'
    quorum = '{ meaning = "reviewed_results", role = "reviewer", count = 1 }'
    text = text.replace("people = []", f"people = [{person}]")
    text = text.replace("quorum = []", f"quorum = [{quorum}]")
    Path("policy.toml").write_text(text.replace('authority = ""', f'authority = "{authority}"'))
    return "policy.toml"


def test_a_stamped_review_counts_and_only_by_the_authority_that_is_named(
    lab: Any, one: Somebody, stamps: list[str], authority_here: Authority, capsys: Any
) -> None:
    sealed = lab.seal()
    trust = ["--trust", str(sealed.public_key), "--meaning", "reviewed_results"]
    assert main(["approve", str(sealed.path), *trust, *words(one), *stamps]) == 0
    gate = ["gate", str(sealed.path), "--key", str(sealed.public_key), "--policy"]
    named = policy(one, sha256_hex(authority_here.root))
    assert main([*gate, named, *stamps[2:]]) == 0
    capsys.readouterr()
    assert main([*gate, named]) == 1
    assert "time stamp authorities: found none, expected" in capsys.readouterr().out
    assert main([*gate, policy(one, ""), *stamps[2:]]) == 1
    assert "expected none" in capsys.readouterr().out
    other = Path("other.pem")
    other.write_bytes(root().public_bytes(PEM))
    assert main([*gate, policy(one, one.person.ca), "--authority", str(other)]) == 1
    told = capsys.readouterr().out
    assert "REFUSED    trail" in told
    assert "the time stamp is not good" in told


def test_a_pack_keeps_the_authority_so_that_the_gate_is_asked_again(
    lab: Any, one: Somebody, stamps: list[str], authority_here: Authority, capsys: Any
) -> None:
    sealed = lab.seal()
    trust = ["--trust", str(sealed.public_key), "--meaning", "reviewed_results"]
    assert main(["approve", str(sealed.path), *trust, *words(one), *stamps]) == 0
    sign = ["--key", str(sealed.public_key), "--sign", str(lab.signing_key)]
    named = policy(one, sha256_hex(authority_here.root))
    report = ["report", "--pack", str(sealed.path), "--out", "pack", "--policy", named]
    assert main([*report, *sign, *stamps[2:]]) == 0
    assert "state   released" in capsys.readouterr().out
    key = ["--key", str(sealed.public_key)]
    assert main(["inspect", "pack", *key]) == 0
    assert "asked again by the policy in the pack" in capsys.readouterr().out


def test_a_pdf_is_signed_inside_and_approved_as_signed(one: Somebody, capsys: Any) -> None:
    import typst

    Path("page.typ").write_text("= A page")
    Path("page.pdf").write_bytes(typst.compile("page.typ", ignore_system_fonts=True))
    page = ["approve", "page.pdf", "--meaning", "approved_document", "--pdf", "signed.pdf"]
    assert main([*page, *words(one)]) == 0
    (signed,) = read_folder(Path("approvals")).signed
    data = Path("signed.pdf").read_bytes()
    assert signed.approval.subject.sha256 == sha256_hex(data)
    (inside,) = check_pdf(data, (root().public_bytes(Encoding.DER),), SIGNED_AT)
    assert (inside.state, inside.reason) == ("good", "approved the document")
    assert main([*page[:-1], "none/signed.pdf", *words(one)]) == 2
