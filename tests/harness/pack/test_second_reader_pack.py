"""A person who may sign makes a pack say what its evidence does not; the reader is told."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import evidence_lab
import pytest
import source_lab as lab
from packing_lab import TITLE, TOOL, bundle, checked, made, met, signed_anew, wanted

from edgeward.canonical import canonical_json, digest
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.keys import SigningKey, load_signing_key
from edgeward_harness.gate.here import Here
from edgeward_harness.pack import load
from edgeward_harness.pack.load import load_source

pytestmark = pytest.mark.slow  # each test writes a pack
Attack = Callable[[Path], None]


@pytest.fixture
def key() -> SigningKey:
    return evidence_lab.signing_key()


@pytest.fixture
def pack(tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack of one bundle in which a case failed; nobody asked a gate."""
    monkeypatch.setattr(load, "load_trace", lambda _: lab.trace())
    first, second = lab.records()
    failed = first._replace(state=type(first.state)("failed"), reason="late")
    return made(tmp_path, key, failed, second)


def test_an_honest_pack_is_what_it_says(pack: Path, key: SigningKey) -> None:
    found = checked(pack, key)
    assert (found.faults, found.doubts, found.remade) == ((), (), 1)


@pytest.mark.parametrize("value", [[], {"rulings": [5]}, {"policy": 5}, "text", {"rulings": "met"}])
def test_an_answer_in_another_form_is_told(pack: Path, key: SigningKey, value: Any) -> None:
    base = {"policy": TITLE, "profiles": ["wearable"], "notes": [], "rulings": met()}
    told = {**base, **value} if isinstance(value, dict) else value
    (pack / "inputs/decision.json").write_bytes(canonical_json(told))
    signed_anew(pack, key)
    assert "cannot be read as a decision" in checked(pack, key).faults[0]


@pytest.mark.parametrize(
    "said",
    [
        {"state": "released"},
        {"release": "2.0"},
        {"device": "Another"},
        {"title": "Approved"},
    ],
)
def test_the_list_says_no_more_than_the_pages(
    pack: Path, key: SigningKey, said: dict[str, str]
) -> None:
    signed_anew(pack, key, **said)
    (told,) = checked(pack, key).faults
    assert told.startswith(f"pack.json: says {next(iter(said))}")


def test_the_seal_speaks_of_the_bundles_of_the_list(pack: Path, key: SigningKey) -> None:
    signed_anew(pack, key, root_sha256="0" * 64)
    assert "speaks of another list" in checked(pack, key).faults[0]


def test_no_pack_is_of_a_day_after_it_was_made(pack: Path, key: SigningKey) -> None:
    signed_anew(pack, key, as_of="2026-03-01")
    assert "was made at 2026-02-10" in checked(pack, key).faults[0]


def renamed(pack: Path) -> None:
    (found,) = (pack / "bundles").iterdir()
    found.rename(pack / "bundles/bedside-00000000")


def emptied(pack: Path) -> None:
    shutil.rmtree(pack / "bundles")


def filled(pack: Path) -> None:
    (pack / "bundles/notes.txt").write_text("passed")


def shortened(pack: Path) -> None:
    (found,) = (pack / "bundles").iterdir()
    records = (found / "records.jsonl").read_bytes().splitlines(keepends=True)
    (found / "records.jsonl").write_bytes(b"".join(records[:-2]))


BUNDLES: dict[str, Attack] = {
    "by another name": renamed,
    "holds no bundle": emptied,
    "notes.txt": filled,
    "records": shortened,
}


@pytest.mark.parametrize("told", BUNDLES)
@pytest.mark.parametrize("tool", [TOOL["build_sha256"], "99" * 32])
def test_bundles_are_verified_whoever_wrote_the_pages(
    pack: Path, key: SigningKey, told: str, tool: str
) -> None:
    BUNDLES[told](pack)
    signed_anew(pack, key)
    if told == "by another name" and tool != TOOL["build_sha256"]:
        return  # names are held against what is made again
    assert told in "\n".join(checked(pack, key, here=Here(harness_sha256=tool)).faults)


def test_whom_the_maker_trusted_is_not_whom_the_reader_trusts(
    pack: Path, key: SigningKey, tmp_path: Path
) -> None:
    other = stranger(tmp_path)
    signed_anew(pack, other)
    found = checked(pack, other)
    assert found.faults == ()
    (told,) = found.doubts
    assert f"signed by {key.public.keyid}, none of your keys" in told
    assert checked(pack, other, key).doubts == ()


def stranger(place: Path) -> SigningKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = place / "other.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    private = Ed25519PrivateKey.generate()
    path.write_bytes(private.private_bytes(*form, serialization.NoEncryption()))
    path.chmod(0o600)
    return load_signing_key(path)


def test_two_bundles_that_a_reader_cannot_tell_apart_are_refused(
    tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "load_trace", lambda _: lab.trace())
    one = bundle(tmp_path / "one", key, "01" * 16)
    two = bundle(tmp_path / "two", key, "01" * 4 + "02" * 12)
    with pytest.raises(InputError, match="two: is called wearable-01010101 in a pack, as one is"):
        load_source(wanted(one, two))
    with pytest.raises(InputError, match=r"one: began on .* is to be as of 2020-01-01"):
        load_source(wanted(one, as_of=date(2020, 1, 1)))


def test_a_profile_that_asks_less_under_the_same_name_is_refused(
    tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "load_trace", lambda _: lab.trace())
    profile = lab.plan(lab.trace()).profile
    resolved = {**profile.resolved, "title": "Asks less"}
    lenient = type(profile)(profile.name, digest(resolved), resolved, ())
    one = bundle(tmp_path / "one", key, "01" * 16)
    two = bundle(tmp_path / "two", key, "02" * 16, profile=lenient)
    with pytest.raises(InputError, match="promises other things as wearable"):
        load_source(wanted(one, two))


def test_clauses_that_read_otherwise_are_told(pack: Path, key: SigningKey) -> None:
    path = next(iter(sorted((pack / "inputs/clauses").glob("*.toml"))))
    path.write_bytes(path.read_bytes().replace(b'share = "generated"', b'share = "outside"'))
    signed_anew(pack, key)
    (told,) = checked(pack, key).doubts
    assert f"inputs/clauses/{path.name}: is not as it comes with this harness" in told
