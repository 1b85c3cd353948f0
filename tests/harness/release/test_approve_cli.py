"""`edgeward approve` and `edgeward waive`: from a key file to a signature that the gate counts."""

import io
import re
import shutil
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from approval_lab import SECRET, Desk, Somebody, desk, write_key
from cryptography.hazmat.primitives.asymmetric import ed25519

import edgeward_harness
from edgeward.device.cli import main
from edgeward.profile import load_profile
from edgeward_harness import resources
from edgeward_harness.approval.folder import read_folder
from edgeward_harness.approval.keys import load_signer
from edgeward_harness.evidence.entries import ProfileEntry
from edgeward_harness.evidence.keys import load_signing_key
from edgeward_harness.pack.keeping import write_pack
from edgeward_harness.pack.model import Pack
from edgeward_harness.run.tree import tree_sha256

__all__ = ["desk"]


@pytest.fixture(autouse=True)
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed in a folder of its own, the passphrase coming from the input."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n" * 9))


Sign = Callable[..., int]


@pytest.fixture
def one(desk: Desk) -> Somebody:
    return desk.somebody("p1", "reviewer")


def words(one: Somebody, **changes: str) -> list[str]:
    """The options that say who signs."""
    given = {"name": one.person.name, "id": one.person.id, "role": one.person.roles[0]}
    told = {**given, "key": str(one.pem), **changes}
    return [word for name, value in told.items() for word in (f"--{name}", value)]


def approve(one: Somebody, *rest: str, **changes: str) -> int:
    return main(["approve", *rest, *words(one, **changes)])


def bundle(sealed: Any, *rest: str) -> list[str]:
    return [str(sealed.path), "--trust", str(sealed.public_key), *rest]


REVIEW = ("--meaning", "reviewed_results")


def test_a_bundle_is_approved(lab: Any, one: Somebody, capsys: Any) -> None:
    assert approve(one, *bundle(lab.seal(), *REVIEW)) == 0
    told = capsys.readouterr().out
    assert "P1 (p1, reviewer) reviewed the results" in told
    (signed,) = read_folder(Path("approvals")).signed
    assert signed.approval.components == 2
    assert signed.approval.subject.about["realization"] == "emulated"


def test_of_several_each_is_signed_or_none(lab: Any, one: Somebody, capsys: Any) -> None:
    first, second = lab.seal(), lab.seal(name="second")
    (second.path / "records.jsonl").rename(second.path.parent / "kept")
    both = [str(second.path), *bundle(first, *REVIEW)]
    assert approve(one, *both) == 1
    assert not Path("approvals").exists()
    (second.path.parent / "kept").rename(second.path / "records.jsonl")
    assert approve(one, *both) == 0
    assert len(read_folder(Path("approvals")).signed) == 2
    assert "realization emulated" in capsys.readouterr().out
    assert approve(one, *both, "--pdf", "out.pdf") == 2


def test_what_does_not_verify_is_not_signed(lab: Any, one: Somebody, capsys: Any) -> None:
    sealed = lab.seal()
    (sealed.path / "records.jsonl").write_bytes(b"")
    assert approve(one, *bundle(sealed, *REVIEW)) == 1
    assert "NOT SIGNED" in capsys.readouterr().out
    assert not Path("approvals").exists()


def test_a_bundle_of_an_unknown_signer_is_not_signed(lab: Any, one: Somebody, capsys: Any) -> None:
    assert approve(one, str(lab.seal().path), *REVIEW) == 1
    assert "not one of those trusted" in capsys.readouterr().out


def test_a_run_that_failed_can_be_reviewed_and_not_released(
    lab: Any, one: Somebody, capsys: Any
) -> None:
    sealed = lab.seal(lab.story(late=25))
    assert approve(one, *bundle(sealed, "--meaning", "approved_release")) == 1
    assert "the run is failed; none is released" in capsys.readouterr().out
    assert approve(one, *bundle(sealed, *REVIEW)) == 0


def test_the_key_that_sealed_it_does_not_approve_it(lab: Any, one: Somebody, capsys: Any) -> None:
    sealed = lab.seal()
    assert approve(one, *bundle(sealed, *REVIEW), key=str(lab.signing_key)) == 1
    assert "nobody approves their own work" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        (["--meaning", "liked_it"], "found 'liked_it'; accepted for a bundle: reviewed_results"),
        (["--meaning", "approved_plan"], "accepted for a bundle"),
        ([], "found None"),
        ([*REVIEW, "--name", ""], "--name: found ''"),
        ([*REVIEW, "--timestamp", "http://127.0.0.1:9/"], "expected both or neither"),
        ([*REVIEW, "--approvals", "sealed/key.pub"], "nothing was signed"),
    ],
)
def test_wrong_use_is_told(
    lab: Any, one: Somebody, capsys: Any, rest: list[str], said: str
) -> None:
    sealed = lab.seal()
    Path("sealed").symlink_to(sealed.path)
    assert main(["approve", *words(one), *bundle(sealed, *rest)]) == 2
    assert said in capsys.readouterr().err


def test_a_wrong_passphrase_signs_nothing(
    lab: Any, one: Somebody, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("guess\n"))
    assert approve(one, *bundle(lab.seal(), *REVIEW)) == 2
    told = capsys.readouterr()
    assert "the passphrase is wrong" in told.err
    assert "guess" not in told.err + told.out


def test_a_document_is_approved_by_its_digest(one: Somebody, capsys: Any) -> None:
    Path("page.txt").write_text("words")
    assert approve(one, "page.txt", "--meaning", "approved_document") == 0
    (signed,) = read_folder(Path("approvals")).signed
    assert signed.approval.subject.name == "page.txt"
    assert approve(one, "none.txt", "--meaning", "approved_document") == 2


def test_a_pack_is_approved_by_its_list_and_not_by_its_maker(
    lab: Any, one: Somebody, capsys: Any
) -> None:
    sealed, key = lab.seal(), load_signing_key(lab.signing_key)
    pack = Pack("Title", "device", "1", "2026-03-20", "a" * 64, "not released", ())
    page, bundles = [("index.html", b"page")], {"one": sealed.path}
    tool = {"version": "0", "build_sha256": "b" * 64}
    listed = write_pack(pack, page, bundles, Path("pack"), key, "2026-03-20T10:00:00Z", tool)
    told = ["pack", "--trust", str(sealed.public_key), "--meaning", "approved_release"]
    assert approve(one, *told, key=str(lab.signing_key)) == 1
    assert approve(one, "pack", "--meaning", "approved_release") == 1
    assert approve(one, *told) == 0
    (signed,) = read_folder(Path("approvals")).signed
    assert (signed.approval.subject.kind, signed.approval.subject.sha256) == ("pack", listed.sha256)
    Path("pack/index.html").write_text("another page")
    assert approve(one, *told) == 1
    assert "index.html: was changed" in capsys.readouterr().out


def test_without_an_id_the_name_is_the_id(one: Somebody) -> None:
    Path("page.txt").write_text("words")
    typed = ["--name", "P1", "--role", "reviewer", "--key", str(one.pem)]
    assert main(["approve", "page.txt", "--meaning", "approved_document", *typed]) == 0
    assert read_folder(Path("approvals")).signed[0].approval.user == "P1"


def test_the_line_of_a_key_fits_into_a_policy(one: Somebody, capsys: Any, desk: Desk) -> None:
    assert approve(one, "key") == 0
    line = capsys.readouterr().out
    (told,) = tomllib.loads(f"people = [{line}]")["people"]
    assert told == {
        "id": "p1",
        "name": "P1",
        "roles": ["reviewer"],
        "key": one.person.key,
        "ca": "",
    }
    assert approve(one, "key", name='Jo "Jo" O\\Neil') == 0
    (told,) = tomllib.loads(f"people = [{capsys.readouterr().out}]")["people"]
    assert told["name"] == 'Jo "Jo" O\\Neil'
    two = desk.somebody("p2", days=9)
    assert approve(two, "key", chain=str(two.chain)) == 0
    assert f'ca = "{two.person.ca}"' in capsys.readouterr().out


@pytest.fixture
def plan_of_today(lab: Any) -> dict[str, Any]:
    """What makes a bundle one of the profile, the suites and the harness that are here."""
    profile = load_profile("bedside_monitor", [resources.device_profiles()]).profile
    digests = {
        "suites_sha256": tree_sha256(resources.suites()),
        "build_sha256": tree_sha256(Path(edgeward_harness.__file__).parent),
    }
    return {
        "profile": ProfileEntry(profile.name, profile.sha256, profile.to_dict(), ()),
        "tool": {**lab.manifest().tool, **digests},
    }


def test_a_plan_needs_its_profile(one: Somebody, capsys: Any) -> None:
    assert approve(one, "plan") == 2
    assert "--profile" in capsys.readouterr().err
    assert approve(one, "plan", "--profile", "bedside_monitor", "--depth", "deep") == 2
    assert "accepted: quick, standard, campaign" in capsys.readouterr().err


@pytest.mark.slow
def test_a_plan_is_approved_with_the_digests_of_today(
    one: Somebody, plan_of_today: dict[str, Any]
) -> None:
    both = ["--profile", "bedside_monitor", "--profile", "wearable"]
    assert approve(one, "plan", *both) == 0
    signed, other = read_folder(Path("approvals")).signed
    assert other.approval.subject.about["profile"] == "wearable"
    about = signed.approval.subject.about
    assert about["suites_sha256"] == plan_of_today["tool"]["suites_sha256"]
    assert about["profile_sha256"] == plan_of_today["profile"].sha256


def test_the_gate_counts_what_was_approved(
    lab: Any, one: Somebody, capsys: Any, desk: Desk
) -> None:
    sealed, policy = lab.seal(), Path("policy.toml")
    text = (resources.suites() / "gate_policy_trial.toml").read_text()
    text = re.sub(r"(?m)^suites = .*", 'suites = ["latency"]', text)
    text = text.replace("age_days_max = 90", "age_days_max = 3650")
    for asked in ("fresh", "promises", "protocol"):
        text = text.replace(f"{asked} = true", f"{asked} = false")
    approve(one, "key")
    line = capsys.readouterr().out
    quorum = '{ meaning = "reviewed_results", role = "reviewer", count = 1 }'
    text = text.replace("people = []", f"people = [{line}]")
    policy.write_text(text.replace("quorum = []", f"quorum = [{quorum}]"))
    gate = ["gate", str(sealed.path), "--key", str(sealed.public_key), "--policy", str(policy)]
    assert main(gate) == 1
    told = capsys.readouterr().out
    assert "1 of 25 rules not met: quorum" in told
    assert "fix: edgeward approve" in told
    assert approve(one, *bundle(sealed, *REVIEW)) == 0
    assert main(gate) == 0
    assert main([*gate, "--approvals", "nowhere"]) == 2


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """Suites that may be written to."""
    own = tmp_path / "suites"
    ignored = shutil.ignore_patterns("__pycache__", "*.py")
    shutil.copytree(resources.suites(), own, ignore=ignored)
    return own


def waive(one: Somebody, suites: Path, *rest: str) -> int:
    return main(["waive", *rest, "--suites", str(suites), *words(one)])


def until(days: int) -> list[str]:
    day = datetime.now(UTC).date() + timedelta(days=days)
    return ["--reason", 'Mended in the next "build".', "--owner", "quality", "--expires", f"{day}"]


@pytest.mark.slow
def test_a_waiver_is_written_down_and_signed(one: Somebody, suites: Path, capsys: Any) -> None:
    before = (suites / "deviations.toml").read_text()
    assert waive(one, suites, "REQ-LAT-003", "TC-LAT-003", *until(30)) == 0
    text = (suites / "deviations.toml").read_text()
    assert text.startswith(before)
    (entry,) = tomllib.loads(text)["deviation"]
    assert entry["id"] == "DEV-001"
    assert entry["requirements"] == ["REQ-LAT-003"]
    assert entry["cases"] == ["TC-LAT-003"]
    assert entry["reason"] == 'Mended in the next "build".'
    assert waive(one, suites, "DEV-001") == 0
    first, second = read_folder(Path("approvals")).signed
    assert first.approval.subject == second.approval.subject
    assert first.approval.subject.about["expires"] == str(entry["expires"])


@pytest.mark.slow
def test_a_waiver_that_cannot_be_is_not_written(one: Somebody, suites: Path, capsys: Any) -> None:
    before = (suites / "deviations.toml").read_bytes()
    assert waive(one, suites, "REQ-LAT-003", *until(-3)) == 1
    assert "expired 3 days ago" in capsys.readouterr().out
    assert waive(one, suites, "REQ-NONE-999", *until(3)) == 1
    assert waive(one, suites, "DEV-009") == 2
    assert waive(one, suites, "REQ-LAT-003", "--reason", "because") == 2
    told = capsys.readouterr().err
    assert "--owner: missing" in told
    assert "--expires: found None" in told
    Path("approvals").write_text("no folder")
    assert waive(one, suites, "REQ-LAT-003", *until(3)) == 2
    assert (suites / "deviations.toml").read_bytes() == before


def test_an_open_key_is_told(lab: Any, desk: Desk, capsys: Any, tmp_path: Path) -> None:
    path = write_key(tmp_path / "open.pem", ed25519.Ed25519PrivateKey.generate(), None)
    one = desk.somebody()
    bare = Somebody(one.person, load_signer(path, lambda _: ""), path)
    assert approve(bare, *bundle(lab.seal(), *REVIEW)) == 0
    assert "whoever has the file signs as you" in capsys.readouterr().err
