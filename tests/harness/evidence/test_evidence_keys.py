"""The run key: made once, private, never shown; and the public keys that are trusted."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from evidence_lab import signing_key

from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.keys import (
    PublicKey,
    load_public_keys,
    load_signing_key,
    run_key,
    run_key_path,
)

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_run_key_is_made_on_first_use_for_its_owner_only(home: Path) -> None:
    first = run_key()
    assert run_key().public == first.public
    assert stat.S_IMODE((home / "run-key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) & 0o077 == 0
    assert os.listdir(home) == ["run-key.pem"]


def test_where_the_run_key_lies() -> None:
    assert run_key_path({"EDGEWARD_HOME": "/a", "XDG_STATE_HOME": "/b"}) == Path("/a/run-key.pem")
    assert run_key_path({"XDG_STATE_HOME": "/b"}) == Path("/b/edgeward/run-key.pem")
    assert run_key_path({}) == Path.home() / ".local/state/edgeward/run-key.pem"


MAKE = "from edgeward_harness.evidence.keys import run_key; print(run_key().public.keyid)"


def test_runs_that_begin_at_once_share_one_key(home: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", MAKE], stdout=subprocess.PIPE) for _ in range(4)
    ]
    told = {child.communicate()[0] for child in children}
    assert [child.returncode for child in children] == [0] * 4
    assert told == {f"{run_key().public.keyid}\n".encode()}
    assert os.listdir(home) == ["run-key.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(home: Path, mode: int) -> None:
    run_key()
    (home / "run-key.pem").chmod(mode)
    with pytest.raises(HarnessError, match=rf"others can read.*{mode:04o}.*chmod 600"):
        run_key()


def test_a_key_at_a_given_path_is_taken_and_never_made(home: Path, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="cannot read the key"):
        run_key(tmp_path / "mine.pem")
    private = Ed25519PrivateKey.generate()
    mine = tmp_path / "mine.pem"
    mine.write_bytes(private.private_bytes(PEM, PKCS8, PLAIN))
    mine.chmod(0o600)
    assert run_key(mine).public.raw == private.public_key().public_bytes_raw()
    assert not home.exists()


def broken_keys() -> dict[str, bytes]:
    own = Ed25519PrivateKey.generate()
    other = ec.generate_private_key(ec.SECP256R1())
    locked = serialization.BestAvailableEncryption(b"secret")
    pem = own.private_bytes(PEM, PKCS8, PLAIN)
    return {
        "empty": b"",
        "text": b"hello",
        "cut": pem[:60],
        "public": own.public_key().public_bytes(
            PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        "locked": own.private_bytes(PEM, PKCS8, locked),
        "another kind": other.private_bytes(PEM, PKCS8, PLAIN),
    }


@pytest.mark.parametrize("kind", broken_keys())
def test_what_is_no_key_is_refused_without_a_word_of_it(tmp_path: Path, kind: str) -> None:
    data = broken_keys()[kind]
    path = tmp_path / "key.pem"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(HarnessError, match=r"key\.pem: not an (unencrypted|Ed25519)") as refused:
        load_signing_key(path)
    body = data.split(b"\n")[1] if b"\n" in data else b"MC4CAQ"
    assert body.decode() not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_link_is_not_followed_to_a_key(home: Path, tmp_path: Path) -> None:
    run_key()
    (tmp_path / "link.pem").symlink_to(home / "run-key.pem")
    with pytest.raises(HarnessError, match="cannot read the key"):
        load_signing_key(tmp_path / "link.pem")


def test_a_home_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "file"))
    with pytest.raises(HarnessError, match="no run key was made"):
        run_key()


def test_no_text_made_from_a_key_holds_its_private_half() -> None:
    key = signing_key()
    private = key._private.private_bytes_raw()
    assert private.hex() not in repr(key)
    assert repr(private) not in repr(key)


def test_a_key_is_known_by_the_digest_of_its_raw_bytes() -> None:
    key = PublicKey(bytes(range(32)))
    assert key.keyid == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    assert PublicKey.from_pem(signing_key().public.pem).keyid != key.keyid


def test_public_keys_are_loaded_or_all_faults_told(tmp_path: Path) -> None:
    key = signing_key().public
    good, bad, other = (tmp_path / name for name in ("good.pub", "bad.pub", "other.pub"))
    good.write_bytes(key.pem)
    bad.write_bytes(b"nothing")
    other.write_bytes(
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert load_public_keys([good]) == (key,)
    with pytest.raises(InputError) as refused:
        load_public_keys([good, bad, other, tmp_path / "none.pub"])
    assert [fault.rpartition(": ")[2] for fault in refused.value.faults] == [
        "not a public key in PEM",
        "not an Ed25519 key",
        "No such file or directory",
    ]


def test_a_signature_holds_for_its_own_bytes_and_key_only() -> None:
    key, other = signing_key(), signing_key()
    signature = key.sign(b"data")
    assert key.public.accepts(signature, b"data")
    assert not key.public.accepts(signature, b"Data")
    assert not other.public.accepts(signature, b"data")
    assert not key.public.accepts(signature[:-1], b"data")
    assert not PublicKey(b"short").accepts(signature, b"data")
