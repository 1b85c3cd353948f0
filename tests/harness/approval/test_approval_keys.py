"""The keys of people: behind a passphrase, of two kinds, and nobody else's."""

from pathlib import Path

import pytest
from approval_lab import PEM, SECRET, Desk, certificate, root, write_key
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from edgeward_harness.approval.keys import load_signer, read_chain
from edgeward_harness.errors import HarnessError
from edgeward_harness.evidence.keys import load_signing_key


def test_an_ed25519_key_is_known_as_the_run_key_is(tmp_path: Path) -> None:
    path = write_key(tmp_path / "key.pem", ed25519.Ed25519PrivateKey.generate(), None)
    signer = load_signer(path, lambda _: pytest.fail("no passphrase is needed"))
    assert signer.key.keyid == load_signing_key(path).public.keyid
    assert signer.components == 1


def test_a_passphrase_is_asked_for_each_time(tmp_path: Path) -> None:
    path = write_key(tmp_path / "key.pem", ec.generate_private_key(ec.SECP256R1()))
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return SECRET

    load_signer(path, ask)
    assert load_signer(path, ask).components == 2
    assert asked == ["passphrase of key.pem: "] * 2


@pytest.mark.parametrize(("given", "said"), [("wrong", "is wrong"), ("", "no passphrase")])
def test_a_wrong_passphrase_opens_nothing(tmp_path: Path, given: str, said: str) -> None:
    path = write_key(tmp_path / "key.pem", ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(HarnessError, match=said):
        load_signer(path, lambda _: given)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = write_key(tmp_path / "key.pem", ed25519.Ed25519PrivateKey.generate())
    path.chmod(0o640)
    with pytest.raises(HarnessError, match="others can read this private key"):
        load_signer(path, lambda _: SECRET)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 1024),  # the smallest there is: made for this test
    ],
    ids=["P-384", "RSA"],
)
def test_a_key_of_another_kind_is_refused(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> None:
    path = tmp_path / "key.pem"
    kept = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(PEM, *kept))
    path.chmod(0o600)
    with pytest.raises(HarnessError, match="neither an Ed25519 nor a P-256 key"):
        load_signer(path, lambda _: "")


def test_a_certificate_must_be_of_the_key(desk: Desk, tmp_path: Path) -> None:
    one = desk.somebody("p1", days=10)
    other = certificate("p1", ed25519.Ed25519PrivateKey.generate())
    chain = tmp_path / "chain.pem"
    chain.write_bytes(other.public_bytes(PEM) + root().public_bytes(PEM))
    with pytest.raises(HarnessError, match="its first certificate is not of the key"):
        load_signer(one.pem, lambda _: SECRET, chain)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n", b"\xff"])
def test_a_chain_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "chain.pem").write_bytes(content)
    with pytest.raises(HarnessError, match="holds no certificates"):
        read_chain(tmp_path / "chain.pem")
