"""A person who may sign makes a pack say what its evidence does not; the reader is told."""

import json
import shutil
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import evidence_lab
import pytest
import source_lab as lab

from edgeward.canonical import canonical_json, digest, sha256_hex
from edgeward_harness import resources
from edgeward_harness.errors import InputError
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.entries import DeviationEntry
from edgeward_harness.evidence.keys import SigningKey, load_signing_key
from edgeward_harness.evidence.sign import seal
from edgeward_harness.gate.decide import RULES
from edgeward_harness.pack import keeping, load
from edgeward_harness.pack.build import head_of, state_of
from edgeward_harness.pack.check import PackCheck, check_pack
from edgeward_harness.pack.contradicted import most_lenient
from edgeward_harness.pack.inputs import inputs_of
from edgeward_harness.pack.load import Wanted, load_source
from edgeward_harness.pack.source import PackSource

pytestmark = pytest.mark.slow  # each test writes a pack
TOOL = {"version": "0.1.0", "build_sha256": "cd" * 32}
MADE = "2026-02-10T12:00:00Z"
Attack = Callable[[Path], None]


@pytest.fixture
def key() -> SigningKey:
    return evidence_lab.signing_key()


def pages(source: PackSource, _templates: Path | None) -> Iterable[tuple[str, bytes]]:
    """One page instead of a hundred: what it says is out of the source alone."""
    yield "index.html", f"{state_of(source.decision)} {source.root_sha256}".encode()


def bundle(folder: Path, key: SigningKey, run: str = "01" * 16, *records: Any, **of: Any) -> Path:
    evidence_lab.write(folder, lab.plan(lab.trace(), run=run, **of), *(records or lab.records()))
    store_artifact(folder, lab.distributions())
    seal(folder, key)
    return folder


@pytest.fixture
def pack(tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack of one bundle in which a case failed; nobody asked a gate."""
    monkeypatch.setattr(load, "load_trace", lambda _: lab.trace())
    first, second = lab.records()
    failed = first._replace(state=type(first.state)("failed"), reason="late")
    return made(tmp_path, key, failed, second)


def wanted(*bundles: Path, **changes: Any) -> Wanted:
    told: dict[str, Any] = {"as_of": lab.AS_OF, **changes}
    return Wanted(bundles=bundles, suites=Path("suites"), clauses=resources.clauses(), **told)


def made(place: Path, key: SigningKey, *records: Any) -> Path:
    asked = wanted(bundle(place / "run", key, "01" * 16, *records), trusted=(key.public,))
    source = load_source(asked)
    files = [*inputs_of(asked, source), *pages(source, None)]
    bundles = {one.place: place / "run" for one in source.evidence}
    keeping.write_pack(head_of(source), iter(files), bundles, place / "pack", key, MADE, TOOL)
    return place / "pack"


def checked(pack: Path, *keys: SigningKey, tool: str = TOOL["build_sha256"]) -> PackCheck:
    return check_pack(pack, [one.public for one in keys], pages, tool)


def signed_anew(pack: Path, key: SigningKey, **said: Any) -> None:
    """List every file of the pack anew, say what is wanted of it, and sign that."""
    listed = json.loads((pack / keeping.LIST).read_bytes())
    found = {p.relative_to(pack).as_posix(): p for p in pack.rglob("*") if p.is_file()}
    files = {n: sha256_hex(p.read_bytes()) for n, p in found.items() if n not in keeping.OUTSIDE}
    data = canonical_json({**listed, **said, "files": files})
    (pack / keeping.LIST).write_bytes(data)
    statement = json.loads(Envelope.from_bytes((pack / keeping.SEAL).read_bytes()).payload)
    statement["subject"][0]["digest"]["sha256"] = sha256_hex(data)
    envelope = Envelope.sign(canonical_json(statement), key)
    (pack / keeping.SEAL).write_bytes(envelope.to_bytes())
    (pack / keeping.KEY).write_bytes(key.public.pem)


def answer(pack: Path, rulings: list[dict[str, Any]], key: SigningKey) -> None:
    """Put an answer of the gate into a pack, and the page that goes with it."""
    told = {"policy": "Ours", "profiles": ["wearable"], "notes": [], "rulings": rulings}
    (pack / "inputs/decision.json").write_bytes(canonical_json(told))
    root = json.loads((pack / keeping.LIST).read_bytes())["root_sha256"]
    (pack / "index.html").write_bytes(f"released {root}".encode())
    signed_anew(pack, key, state="released")


def met() -> list[dict[str, Any]]:
    return [
        {"rule": one.name, "question": one.question, "outcome": "met", "findings": []}
        for one in RULES
    ]


def test_an_honest_pack_is_what_it_says(pack: Path, key: SigningKey) -> None:
    found = checked(pack, key)
    assert (found.faults, found.doubts, found.remade) == ((), (), 1)


def test_no_answer_of_a_gate_is_made_up_for_evidence_that_failed(
    pack: Path, key: SigningKey
) -> None:
    answer(pack, met(), key)
    (told,) = checked(pack, key).faults
    assert "released, which no policy says of these bundles" in told
    assert "is failed" in told


def test_what_passed_may_be_released(
    tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "load_trace", lambda _: lab.trace())
    pack = made(tmp_path, key)
    answer(pack, met(), key)
    assert checked(pack, key).faults == ()
    answer(pack, met()[1:], key)
    (told,) = checked(pack, key).faults
    assert "does not answer each rule of the gate once" in told
    answer(pack, [], key)
    assert checked(pack, key).faults
    hidden = met()
    hidden[3]["findings"] = [{"text": "no", "outcome": "refused", "fix": ""}]
    answer(pack, hidden, key)
    (told,) = checked(pack, key).faults
    assert "which its findings are not" in told


@pytest.mark.parametrize("value", [[], {"rulings": [5]}, {"policy": 5}, "text", {"rulings": "met"}])
def test_an_answer_in_another_form_is_told(pack: Path, key: SigningKey, value: Any) -> None:
    base = {"policy": "Ours", "profiles": ["wearable"], "notes": [], "rulings": met()}
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
    assert told in "\n".join(checked(pack, key, tool=tool).faults)


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


def test_the_most_lenient_policy_releases_what_passed(tmp_path: Path) -> None:
    assert most_lenient(lab.full(tmp_path), lab.AS_OF).exit_code == 0


def test_a_waiver_that_had_expired_when_the_gate_was_asked_waives_nothing(tmp_path: Path) -> None:
    first, second = lab.records()
    failed = first._replace(state=type(first.state)("failed"), reason="late")
    waived = DeviationEntry("DEV-001", (lab.REQ,), (), "It is known.", "lead", "2026-02-15")
    of = lab.trace()
    plan = lab.plan(of, deviations=(waived,))
    one = lab.evidence(lab.bundle(tmp_path, plan, failed, second), of)
    source = PackSource((one,), of, date(2026, 2, 10))
    assert "REQ-LAT-001 is failed" not in "; ".join(most_lenient(source, lab.AS_OF).reasons)
    assert "REQ-LAT-001 is failed" in "; ".join(most_lenient(source, date(2026, 2, 20)).reasons)


def test_clauses_that_read_otherwise_are_told(pack: Path, key: SigningKey) -> None:
    path = next(iter(sorted((pack / "inputs/clauses").glob("*.toml"))))
    path.write_bytes(path.read_bytes().replace(b'share = "generated"', b'share = "outside"'))
    signed_anew(pack, key)
    (told,) = checked(pack, key).doubts
    assert f"inputs/clauses/{path.name}: is not as it comes with this harness" in told
