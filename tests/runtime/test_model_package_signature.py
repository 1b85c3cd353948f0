"""Signatures: only a trusted key's, only over exactly these files; and model-signing reads ours."""

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import packages
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from packages import KEY, OTHER_KEY, package, private_pem, public_pem, signed, unsigned

from edgeward.adapters.file_tree import SystemTree
from edgeward.errors import PackageError
from edgeward.limits import Limits
from edgeward.model.package.keys import hint_of, read_trust, signing_key, trust
from edgeward.model.package.layout import NOTICE, SIGNATURE, Files
from edgeward.model.package.signature import pae, sign, signature_faults

STORED = Path(__file__).parent / "data" / "model_signing_1_1_1.json"


def faults(files: Files) -> list[str]:
    return signature_faults(files, packages.trusted())


def test_a_trusted_signature_proves_every_file() -> None:
    assert faults(package()) == []


def test_a_changed_file_is_named_with_both_digests() -> None:
    (told,) = faults({**package(), NOTICE: b"thanks to nobody"})
    assert told.startswith("NOTICE: found ")
    assert "which was signed" in told


def test_a_stranger_is_named_beside_whom_we_trust() -> None:
    (told,) = faults(signed(unsigned(), OTHER_KEY))
    assert f"unknown key {hint_of(OTHER_KEY.public_key())}" in told
    assert hint_of(KEY.public_key()) in told


def resigned(change: Callable[[Any], None], key: ec.EllipticCurvePrivateKey = KEY) -> list[str]:
    """The faults of a package whose statement was changed, and signed again by a trusted key."""
    bundle = json.loads(package()[SIGNATURE])
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    change(statement)
    payload = json.dumps(statement).encode()
    made = key.sign(pae(payload), ec.ECDSA(SHA256()))
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(made).decode()
    return faults({**package(), SIGNATURE: json.dumps(bundle, separators=(",", ":")).encode()})


def leave_out(statement: Any) -> None:
    statement["predicate"]["serialization"]["ignore_paths"].append("model.onnx")


def follow_links(statement: Any) -> None:
    statement["predicate"]["serialization"]["allow_symlinks"] = True


def other_digest(statement: Any) -> None:
    statement["predicate"]["serialization"]["hash_type"] = "blake3"


def other_root(statement: Any) -> None:
    statement["subject"][0]["digest"]["sha256"] = "0" * 64


def fewer(statement: Any) -> None:
    resources = statement["predicate"]["resources"]
    resources[:] = [one for one in resources if one["name"] != "golden.bin"]
    statement["subject"][0]["digest"]["sha256"] = root(resources)


def more(statement: Any) -> None:
    resources = statement["predicate"]["resources"]
    resources.append({"name": "../../etc/passwd", "algorithm": "sha256", "digest": "00" * 32})
    statement["subject"][0]["digest"]["sha256"] = root(resources)


def root(resources: list[dict[str, str]]) -> str:
    return sha256(b"".join(bytes.fromhex(one["digest"]) for one in resources)).hexdigest()


def no_name(statement: Any) -> None:
    statement["predicate"]["resources"][0]["name"] = 5


def two_subjects(statement: Any) -> None:
    statement["subject"] *= 2


def other_predicate(statement: Any) -> None:
    statement["predicateType"] = "https://model_signing/Digests/v0.1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (leave_out, "it leaves out ['model.onnx']"),
        (follow_links, "'allow_symlinks': True"),
        (other_digest, "'hash_type': 'blake3'"),
        (other_root, "its digest is not that of its files"),
        (fewer, "golden.bin: found no such file"),
        (more, '"../../etc/passwd": found a file that is not of a package'),
        (no_name, "5 is no name"),
        (two_subjects, "too many values"),
        (other_predicate, "Digests/v0.1"),
    ],
)
def test_a_statement_about_something_else(change: Callable[[Any], None], said: str) -> None:
    assert any(said in text for text in resigned(change))


def rebundled(change: Callable[[Any], None]) -> list[str]:
    bundle = json.loads(package()[SIGNATURE])
    change(bundle)
    return faults({**package(), SIGNATURE: json.dumps(bundle, separators=(",", ":")).encode()})


def twice(bundle: Any) -> None:
    bundle["dsseEnvelope"]["signatures"] *= 2


def none(bundle: Any) -> None:
    bundle["dsseEnvelope"]["signatures"] = []


def other_type(bundle: Any) -> None:
    bundle["dsseEnvelope"]["payloadType"] = "text/plain"


def certificate(bundle: Any) -> None:
    bundle["verificationMaterial"] = {"certificate": {"rawBytes": ""}}


def beside(bundle: Any) -> None:
    bundle["note"] = "harmless"


def other_signature(bundle: Any) -> None:
    made = OTHER_KEY.sign(b"something else", ec.ECDSA(SHA256()))
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(made).decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (twice, "2 signatures"),
        (none, "0 signatures"),
        (other_type, "text/plain"),
        (certificate, "KeyError('publicKey')"),
        (beside, "the compact form alone"),
        (other_signature, "a signature that is not the key's"),
    ],
)
def test_a_bundle_that_proves_nothing(change: Callable[[Any], None], said: str) -> None:
    assert any(said in text for text in rebundled(change))


def test_an_empty_signature_is_none() -> None:
    assert faults({**package(), SIGNATURE: b""})


WORDS = st.sampled_from(["mediaType", "dsseEnvelope", "signatures", "verificationMaterial"])


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(WORDS, one),
        max_leaves=8,
    )
)
def test_any_document_in_the_place_of_a_signature_is_refused(value: Any) -> None:
    assert faults({**package(), SIGNATURE: json.dumps(value).encode()})


def test_keys_of_another_kind_are_refused_all_at_once() -> None:
    curve = ec.derive_private_key(5, ec.SECP384R1()).public_key()
    other = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    spki = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pems = {
        "big.pem": curve.public_bytes(*spki),
        "ed.pem": other.public_bytes(*spki),
        "text.pem": b"hello",
        "good.pem": public_pem(),
    }
    with pytest.raises(PackageError) as caught:
        trust(pems)
    big, ed, text = caught.value.faults
    assert "big.pem" in big
    assert "secp384r1" in big
    assert "Ed25519" in ed
    assert "text.pem" in text


def test_trusting_nobody_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="at least one"):
        read_trust(SystemTree(tmp_path))


def test_a_folder_of_keys_and_one_key(tmp_path: Path) -> None:
    (tmp_path / "bench.pem").write_bytes(public_pem())
    (tmp_path / "spare.pem").write_bytes(public_pem(OTHER_KEY))
    assert len(read_trust(SystemTree(tmp_path)).keys) == 2
    assert len(read_trust(SystemTree(tmp_path), "bench.pem").keys) == 1
    with pytest.raises(PackageError, match="trusted_keys_max = 1"):
        read_trust(SystemTree(tmp_path), limits=Limits(trusted_keys_max=1))


def test_only_such_a_key_signs() -> None:
    assert hint_of(signing_key(private_pem(KEY)).public_key()) == hint_of(KEY.public_key())
    with pytest.raises(PackageError, match="secp384r1"):
        signing_key(private_pem(ec.derive_private_key(5, ec.SECP384R1())))
    with pytest.raises(PackageError, match="no key"):
        signing_key(b"hello")


def test_a_signature_that_model_signing_made_is_read() -> None:
    stored = json.loads(STORED.read_text())
    files = {name: text.encode() for name, text in stored["files"].items()}
    keys = trust({"key.pem": stored["key"].encode()})
    assert signature_faults(files, keys) == []
    assert signature_faults({**files, NOTICE: b"other"}, keys)


@pytest.mark.slow
def test_model_signing_reads_ours_and_we_read_its(tmp_path: Path) -> None:
    signing = pytest.importorskip("model_signing", reason="model-signing is missing")
    folder = packages.write(package(), tmp_path / "model")
    public, private = tmp_path / "public.pem", tmp_path / "private.pem"
    public.write_bytes(public_pem())
    private.write_bytes(private_pem(KEY))

    def verify_there() -> None:
        hashing = signing.hashing.Config().set_ignored_paths(paths=[folder / SIGNATURE])
        verifier = signing.verifying.Config().use_elliptic_key_verifier(public_key=public)
        verifier.set_hashing_config(hashing).verify(folder, folder / SIGNATURE)

    verify_there()
    (folder / NOTICE).write_bytes(b"other")
    with pytest.raises(ValueError, match="NOTICE"):
        verify_there()
    hashing = signing.hashing.Config().set_ignored_paths(paths=[folder / SIGNATURE])
    signer = signing.signing.Config().use_elliptic_key_signer(private_key=private)
    signer.set_hashing_config(hashing).sign(folder, folder / SIGNATURE)
    theirs = {one.name: one.read_bytes() for one in folder.iterdir()}
    assert faults(theirs) == []
    assert faults({**theirs, NOTICE: b"thanks"})
    assert sign("model", theirs, KEY) != theirs[SIGNATURE]
