"""Keys lie where nobody but their owner can look, and what is damaged is never replaced."""

import copy
import os
import pickle
from pathlib import Path

import pytest
from sealed import started

from edgeward.adapters.append_log import MemoryLog
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.private_store import PrivateStore
from edgeward.adapters.store import MemoryStore
from edgeward.comms.sealing.keystore import SoftwareKeystore
from edgeward.comms.sealing.secret import Secret
from edgeward.errors import DamagedError, SealError, StoreError


def test_the_folder_and_each_file_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    started(PrivateStore(folder))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()} == {
        name: 0o600 for one in ("keyring.json", "keystore.json") for name in (one, f"{one}.second")
    }


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o720, 0o777])
def test_a_wider_folder_is_refused_with_its_mode(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(StoreError, match=f"found mode {mode:04o}; accepted: .* mode 0700"):
        PrivateStore(folder)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_wider_file_is_neither_read_nor_replaced(tmp_path: Path, mode: int) -> None:
    store = PrivateStore(tmp_path / "keys")
    store.write("a", b"old")
    (tmp_path / "keys" / "a").chmod(mode)
    with pytest.raises(StoreError, match=f"found mode {mode:04o}; accepted: .* mode 0600"):
        store.read("a")
    with pytest.raises(StoreError, match="accepted: a file, mode 0600"):
        store.write("a", b"new")
    assert (tmp_path / "keys" / "a").read_bytes() == b"old"


def test_somebody_elses_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PrivateStore(tmp_path / "keys")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(StoreError, match="found the owner"):
        PrivateStore(tmp_path / "keys")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "keys")
    (tmp_path / "elsewhere").write_bytes(b"x")
    (tmp_path / "elsewhere").chmod(0o600)
    (tmp_path / "keys" / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be opened"):
        store.read("a")
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    with pytest.raises(StoreError, match="found a link"):
        PrivateStore(tmp_path / "link")
    os.mkfifo(tmp_path / "keys" / "pipe", 0o600)
    with pytest.raises(StoreError, match="found no regular file"):
        store.read("pipe")


def test_a_name_cannot_lead_out(tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "keys")
    for name in ("../a", "a/b", ""):
        with pytest.raises(StoreError, match="cannot name a blob"):
            store.read(name)
        with pytest.raises(StoreError, match="cannot name a blob"):
            store.write(name, b"")


def test_what_is_replaced_is_overwritten(tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "keys")
    store.write("a", b"secret" * 20_000)
    os.link(tmp_path / "keys" / "a", tmp_path / "old")  # keeps the old file in sight
    store.write("a", b"new")
    assert store.read("a") == b"new"
    assert (tmp_path / "old").read_bytes() == bytes(120_000)


def test_an_erased_patients_keys_are_nowhere_in_the_folder(tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "keys")
    sealing = started(store)
    sealing.ring.wrapper("p-1")
    blob = store.read("keystore.json")
    assert blob is not None
    (name,) = (one for one in sealing.keystore.labels() if one[:6] not in ("nobody", "spare."))
    text = blob.split(name.encode())[1][3:47]
    sealing.ring.erase("p-1", at_ns=5)
    left = b"".join(one.read_bytes() for one in (tmp_path / "keys").iterdir())
    assert len(text) == 44
    assert text not in left


def test_no_patient_is_named_on_the_disk(tmp_path: Path) -> None:
    sealing = started(PrivateStore(tmp_path / "keys"))
    sealing.ring.wrapper("Jane Roe 1970-01-01")
    sealing.ring.erase("Richard Roe", at_ns=5)
    left = b"".join(one.read_bytes() for one in (tmp_path / "keys").iterdir())
    assert b"Roe" not in left


NAMES = ["keystore.json", "keyring.json"]


def copies(store: MemoryStore, name: str) -> list[bytes | None]:
    return [store.read(name), store.read(f"{name}.second")]


@pytest.mark.parametrize("name", NAMES)
def test_two_damaged_files_are_refused_and_kept(name: str) -> None:
    store = MemoryStore()
    started(store).ring.wrapper("p-1")
    good = store.read(name)
    assert good is not None
    flipped = (good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(len(good)))
    cut = (good[:length] for length in (0, 1, len(good) - 1))
    for bad in (*flipped, *cut, b"[]", b"null", b'{"digest":1}', b"[" * 100_000):
        store.write(name, bad)
        store.write(f"{name}.second", bad)
        with pytest.raises(DamagedError, match=rf"{name}: found {len(bad)} bytes that are no key"):
            started(store, seed=2)
        assert copies(store, name) == [bad, bad]
    store.write(name, good)
    assert started(store, seed=2).ring.subject("p-1")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ["", ".second"])
def test_one_whole_file_of_two_is_enough(name: str, which: str) -> None:
    store = MemoryStore()
    subject = started(store).ring.wrapper("p-1").subject
    good = store.read(name)
    assert good is not None
    for bad in (b"", good[:-1], good.replace(b"1", b"2", 1), None):
        store.delete(name + which) if bad is None else store.write(name + which, bad)
        again = started(store, seed=2)
        assert again.ring.subject("p-1") == subject
        assert copies(store, name) == [good, good]
        assert bool(again.ring.damage or again.keystore.damage) is (which == "")


def test_the_first_of_two_whole_files_is_the_newer(tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "keys")
    sealing = started(store)
    sealing.ring.wrapper("p-1")
    old = {name: store.read(f"{name}.second") or b"" for name in NAMES}
    sealing.ring.erase("p-1", at_ns=5)
    for name in NAMES:
        store.write(f"{name}.second", old[name])  # as a cut between the two writes leaves it
    again = started(store, seed=2)
    assert again.ring.subject("p-1") is None
    assert all(store.read(f"{name}.second") == store.read(name) for name in NAMES)


def test_an_erasure_is_not_settled_while_a_copy_may_bring_it_back() -> None:
    log = MemoryLog()
    sealing = started(log)
    sealing.ring.wrapper("p-1")
    old = log.read("keystore.json.second")
    sealing.ring.erase("p-1", at_ns=5)
    assert old is not None
    log.write("keystore.json.second", old)
    log.refusal = "read-only"
    again = started(log, seed=2)
    assert again.ring.unsettled
    assert not again.keystore.settled()
    log.refusal = None
    again.ring.settle()
    assert not again.ring.unsettled
    assert log.read("keystore.json.second") == log.read("keystore.json")


def test_a_lost_ring_destroys_no_keys() -> None:
    store = MemoryStore()
    started(store).ring.wrapper("p-1")
    before = store.read("keystore.json")
    store.delete("keyring.json")
    store.delete("keyring.json.second")
    with pytest.raises(DamagedError, match="found none beside 1 keys"):
        started(store, seed=2)
    assert store.read("keystore.json") == before


def test_a_lost_keystore_is_told() -> None:
    store = MemoryStore()
    started(store).ring.wrapper("p-1")
    store.delete("keystore.json")
    store.delete("keystore.json.second")
    with pytest.raises(SealError, match="the keystore lacks 3 of the keys"):
        started(store, seed=2)


def test_a_secret_shows_nothing_and_can_be_wiped() -> None:
    secret = Secret(b"\x41" * 32)
    held = secret.material
    assert "A" not in f"{secret!r}{secret!s}{[secret]}"
    for taken in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            taken(secret)
    secret.wipe()
    assert not held
    assert not secret.material


def test_a_destroyed_key_is_wiped_from_memory() -> None:
    store = MemoryStore()
    keystore = SoftwareKeystore(store, SeededEntropy(1))
    keystore.new(["a.1"])
    secret = keystore._keys["a.1"]
    keystore.destroy(["a.1", "never.1"])
    assert not secret.material
    with pytest.raises(SealError, match=r"the keystore has no key a\.1"):
        keystore.wrap("a.1", bytes(32), b"")
