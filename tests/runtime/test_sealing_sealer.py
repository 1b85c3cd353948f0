"""What is sealed is opened by who knows the protocol, and by nobody who changed a bit."""

import copy
import pickle
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sealed import DEVICE, Receiver, Sealing, started

from edgeward.adapters.store import MemoryStore
from edgeward.comms.record import DataKey, Epoch, Identity, Offered, Offers, RecordClass, Sealed
from edgeward.comms.sealing.layout import RecordAad, nonce_of
from edgeward.errors import SealError

PAYLOAD = b'\x00\x01{"heart_rate_bpm":61}'


@pytest.fixture
def sealing() -> Sealing:
    return started(MemoryStore())


def seal_one(
    sealing: Sealing,
    sequence: int = 1,
    kind: RecordClass = RecordClass.TREND,
    patient: str | None = "p-1",
) -> tuple[Identity, DataKey, Sealed]:
    identity = Identity(sealing.begin(), sequence)
    sealed = sealing.sealer.seal(identity, Offered(kind, PAYLOAD, patient))
    (key,) = sealing.sealer.drawn()
    return identity, key, sealed


def open_by_the_text(
    key: bytes, device: str, token: bytes, sequence: int, kind: int, number: int, blob: bytes
) -> bytes:
    """A receiver's decoder, from docs/delivery.md alone."""
    nonce = bytes(4) + sequence.to_bytes(8, "big")
    data = b"edgeward record 1\x00" + device.encode("utf-8") + b"\x00" + token
    data += sequence.to_bytes(8, "little") + bytes([kind]) + number.to_bytes(4, "little")
    return AESGCM(key).decrypt(nonce, blob, data)


def test_the_vector_of_the_protocol() -> None:
    key, token = bytes(range(32)), bytes.fromhex("0102030405060708")
    blob = bytes.fromhex("0d296bb40cee326b102d14d80ca77f2a7f83505040a1ad4e7badc2")
    assert open_by_the_text(key, "bed-7", token, 258, 2, 3, blob) == b'\x00\x01{"hr":61}'
    aad = RecordAad("bed-7", token)
    data = aad.pack(aad.head, 258, RecordClass.TREND, 3)
    assert AESGCM(key).encrypt(nonce_of(258), b'\x00\x01{"hr":61}', data) == blob


def test_a_receiver_opens_what_was_granted_to_it(sealing: Sealing) -> None:
    receiver = Receiver()
    identity, key, sealed = seal_one(sealing)
    grant = sealing.sealer.grant(key, receiver.public)
    material = receiver.granted(grant, DEVICE, key)
    token = identity.epoch.token
    assert open_by_the_text(material, DEVICE, token, 1, 2, sealed.key, sealed.blob) == PAYLOAD


def test_a_record_of_nobody_has_a_grant_without_a_subject(sealing: Sealing) -> None:
    _, key, _ = seal_one(sealing, patient=None)
    assert key.subject is None
    receiver = Receiver()
    assert len(receiver.granted(sealing.sealer.grant(key, receiver.public), DEVICE, key)) == 32


@pytest.mark.parametrize("other", ["device", "number", "kind", "subject", "epoch"])
def test_a_grant_is_for_one_key_only(sealing: Sealing, other: str) -> None:
    _, key, _ = seal_one(sealing)
    receiver = Receiver()
    grant = sealing.sealer.grant(key, receiver.public)
    device = "bed-8" if other == "device" else DEVICE
    wrong = {
        "device": key,
        "number": replace(key, number=2),
        "kind": replace(key, kind=RecordClass.ALARM),
        "subject": replace(key, subject=bytes(16)),
        "epoch": replace(key, epoch=Epoch(1, bytes(8))),
    }[other]
    with pytest.raises(InvalidTag):
        receiver.granted(grant, device, wrong)


@pytest.mark.parametrize("receiver", [b"", bytes(31), bytes(32)])
def test_a_grant_goes_to_a_key_only(sealing: Sealing, receiver: bytes) -> None:
    _, key, _ = seal_one(sealing)
    with pytest.raises(SealError, match="32 bytes of an X25519 public key"):
        sealing.sealer.grant(key, receiver)


def test_every_changed_bit_is_refused(sealing: Sealing) -> None:
    identity, key, sealed = seal_one(sealing)
    assert sealing.sealer.open(identity, RecordClass.TREND, key, sealed.blob) == PAYLOAD
    for bit in range(8 * len(sealed.blob)):
        changed = bytearray(sealed.blob)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealError, match="not what was sealed"):
            sealing.sealer.open(identity, RecordClass.TREND, key, bytes(changed))
    for length in range(len(sealed.blob)):
        with pytest.raises(SealError):
            sealing.sealer.open(identity, RecordClass.TREND, key, sealed.blob[:length])


def test_a_record_is_opened_under_its_own_name_only(sealing: Sealing) -> None:
    identity, key, sealed = seal_one(sealing)
    epoch, sealer = identity.epoch, sealing.sealer
    for other in (
        (identity._replace(sequence=2), RecordClass.TREND, key),
        (identity, RecordClass.ALARM, key),
        (identity, RecordClass.ALARM, replace(key, kind=RecordClass.ALARM)),
        (identity._replace(epoch=replace(epoch, token=bytes(8))), RecordClass.TREND, key),
        (identity, RecordClass.TREND, replace(key, number=2)),
        (identity, RecordClass.TREND, replace(key, subject=None)),
        (identity, RecordClass.TREND, replace(key, ring=2)),
    ):
        with pytest.raises(SealError):
            sealer.open(*other, sealed.blob)
    other_device = started(MemoryStore(), seed=2)
    with pytest.raises(SealError, match="the keystore has no key"):
        other_device.sealer.open(identity, RecordClass.TREND, key, sealed.blob)


def test_every_changed_bit_of_a_wrapped_key_is_refused(sealing: Sealing) -> None:
    identity, key, sealed = seal_one(sealing)
    for bit in range(8 * len(key.wrapped)):
        changed = bytearray(key.wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        wrong = replace(key, wrapped=bytes(changed))
        with pytest.raises(SealError, match="are no key that"):
            sealing.sealer.open(identity, RecordClass.TREND, wrong, sealed.blob)


def test_a_sequence_is_sealed_once_and_in_order(sealing: Sealing) -> None:
    sealer, record = sealing.sealer, Offered(RecordClass.EVENT, PAYLOAD)
    with pytest.raises(SealError, match="the epoch that has begun, none"):
        sealer.seal(Identity(Epoch(1, bytes(8)), 1), record)
    epoch = sealing.begin()
    sealer.seal(Identity(epoch, 5), record)
    for sequence in (5, 4, 0, -1):
        with pytest.raises(SealError, match="accepted: a sequence after 5"):
            sealer.seal(Identity(epoch, sequence), record)
    with pytest.raises(SealError, match="accepted: a sequence after 5"):
        sealer.seal(Identity(Epoch(1, bytes(8)), 6), record)
    with pytest.raises(SealError, match="has begun already"):
        sealer.begin(Epoch(2, epoch.token))
    sealer.seal(Identity(replace(epoch), 9), record)


def test_records_are_sealed_together_or_it_is_said_of_each_why_not(sealing: Sealing) -> None:
    epoch = sealing.begin()
    sealing.ring.erase("gone", 1)
    patients = ("p-1", "gone", None, "p-1")
    offered = [Offered(RecordClass.TREND, PAYLOAD + bytes([at]), who) for at, who in
               enumerate(patients)]  # fmt: skip
    made = sealing.sealer.seal_all(epoch, 6, Offers.of(offered))
    keys = {key.number: key for key in sealing.sealer.drawn()}
    assert list(made.refused) == [1]
    assert "were destroyed at 1 ns" in str(made.refused[1])
    sealed = zip((7, 9, 10), made.keys, made.blobs, strict=True)
    for sequence, number, blob in sealed:
        identity, one = Identity(epoch, sequence), offered[sequence - 7]
        assert sealing.sealer.open(identity, one.kind, keys[number], blob) == one.payload
    for after in (9, 6, 0):
        late = sealing.sealer.seal_all(epoch, after, Offers.of(offered))
        assert (late.keys, late.blobs, list(late.refused)) == ([], [], [0, 1, 2, 3])
        said = [str(one) for one in late.refused.values()]
        assert [one.split(" of ")[0] for one in said] == [f"record {after + 1}"] * 4
        assert all("accepted: a sequence after 10" in one for one in said)
    assert not sealing.sealer.seal_all(epoch, 10, Offers.of(offered[:1])).refused


def test_a_key_is_for_one_class_of_one_patient_in_one_epoch(sealing: Sealing) -> None:
    keys: list[DataKey] = []
    for _ in range(2):
        epoch = sealing.begin()
        for sequence in range(1, 31):
            kind = RecordClass(1 + sequence % 5)
            patient = (None, "p-1", "p-2")[sequence % 3]
            sealing.sealer.seal(Identity(epoch, sequence), Offered(kind, PAYLOAD, patient))
        keys += sealing.sealer.drawn()
        assert sealing.sealer.drawn() == []
    assert len(keys) == 2 * 15
    assert len({(key.epoch.token, key.kind, key.subject) for key in keys}) == 30
    assert [key.number for key in keys] == 2 * list(range(1, 16))
    assert len({key.wrapped for key in keys}) == 30


def test_a_record_grows_by_its_tag_alone(sealing: Sealing) -> None:
    _, _, sealed = seal_one(sealing)
    assert len(sealed.blob) == len(PAYLOAD) + 16


def test_no_key_shows_itself(sealing: Sealing) -> None:
    identity, key, sealed = seal_one(sealing)
    receiver = Receiver()
    material = receiver.granted(sealing.sealer.grant(key, receiver.public), DEVICE, key)
    told = "".join(
        f"{one!r} {one}" for one in (sealing.sealer, sealing.ring, sealing.keystore, key, sealed)
    )
    with pytest.raises(SealError) as refused:
        sealing.sealer.open(identity, RecordClass.TREND, key, bytes(40))
    told += f"{refused.value!r} {refused.value.diagnostics()} {refused.value.__context__!r}"
    assert material.hex() not in told
    assert repr(material)[2:-1] not in told
    for one in (sealing.sealer, sealing.ring, sealing.keystore):
        for taken in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="neither copied nor pickled"):
                taken(one)
