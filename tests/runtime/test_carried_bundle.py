"""A bundle is believed whole or not at all, and a medium can be pulled out at any step."""

import errno
import json
import random
from pathlib import Path

import pytest
from carrying import (
    DEVICE,
    ISSUED,
    PAPERS,
    RECEIVER,
    Carrier,
    complete_bundles,
    opened,
    trusted,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from edgeward.adapters.append_log import MemoryLog, PowerCutError
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.file_tree import SystemTree, _told
from edgeward.adapters.memory_tree import MemoryTree
from edgeward.comms.carried.book import BUNDLES_MAX, read_book
from edgeward.comms.carried.export import Exporter, Part
from edgeward.comms.carried.layout import PART_BYTES_MAX, folder_of
from edgeward.comms.carried.reading import bundles_on, open_bundle
from edgeward.errors import (
    DamagedError,
    EdgewardError,
    FullError,
    LimitError,
    StoreError,
    TrustError,
)
from edgeward.ports import FileTree


@pytest.fixture(params=["memory", "directory"])
def medium(request: pytest.FixtureRequest, tmp_path: Path) -> FileTree:
    if request.param == "memory":
        return MemoryTree()
    return SystemTree(tmp_path)


def files(medium: FileTree, folder: str) -> dict[str, bytes]:
    return {
        entry.name: medium.read(f"{folder}/{entry.name}", 1 << 20) or b""
        for entry in medium.entries(folder)
    }


def put(medium: FileTree, path: str, data: bytes) -> None:
    medium.remove(path)
    medium.create(path, data)


def test_a_bundle_comes_out_as_it_went_in(medium: FileTree) -> None:
    carrier = Carrier()
    written = carrier.export(medium)
    assert written.complete
    assert bundles_on(medium) == [written.bundle]
    bundle = opened(medium, written.bundle)
    assert (bundle.manifest.device, bundle.manifest.ordinal) == (DEVICE, 1)
    assert list(bundle.batches()) == list(carrier.queue.values())
    assert carrier.export(medium).ordinal == 2
    assert len(complete_bundles(medium)) == 2


def test_the_form_is_that_of_the_document() -> None:
    """Decoded without the code that wrote it."""
    medium = MemoryTree()
    bundle = Carrier(count=2).export(medium).bundle
    found = files(medium, f"edgeward-{bundle}")
    assert sorted(found) == ["manifest", "part-000001", "part-000002"]
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    info = b"edgeward manifest 1\x00" + bundle.encode()
    whole, signature = found["manifest"][:-64], found["manifest"][-64:]
    signed = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    shown = ISSUED.certificate.public_key()
    assert isinstance(shown, ec.EllipticCurvePublicKey)
    shown.verify(signed, info + whole, ec.ECDSA(hashes.SHA256()))
    assert whole[:4] == b"EWM1"
    told = json.loads(suite.decrypt(whole[4:], RECEIVER, info))
    assert (told["device"], told["chain"]) == ("bed-7", ISSUED.certificate_pem.decode())
    place = b"edgeward part 1\x00bed-7\x00" + bundle.encode() + b"\x02\x00\x00\x00"
    assert suite.decrypt(found["part-000002"], RECEIVER, place) == b"batch 1 " * 10


def test_a_medium_tells_nobody_else_anything() -> None:
    medium = MemoryTree()
    bundle = Carrier().export(medium).bundle
    whole = b"".join(files(medium, folder_of(bundle)).values())
    for mark in (b"batch", b"bed-7", b"number", b"device"):
        assert mark not in whole


def test_a_bundle_ends_where_it_is_full(medium: FileTree) -> None:
    carrier = Carrier()
    written = carrier.export(medium, bytes_max=300)
    assert [kept.about["number"] for kept in written.parts] == [0, 1]
    assert list(opened(medium, written.bundle).batches()) == list(carrier.queue.values())[:2]


def test_nothing_to_export_is_no_bundle(medium: FileTree) -> None:
    carrier = Carrier(count=0)
    assert not carrier.export(medium).complete
    assert bundles_on(medium) == []
    assert read_book(carrier.store).bundles == ()


@pytest.mark.parametrize("room_bytes", range(0, 2400, 50))
def test_a_full_medium_carries_what_fits_and_the_rest_stays_queued(room_bytes: int) -> None:
    carrier, medium = Carrier(), MemoryTree()
    medium.room_bytes = room_bytes
    try:
        written = carrier.export(medium)
    except FullError:
        assert complete_bundles(medium) == {}
        assert room_bytes < 1300
        return
    batches = complete_bundles(medium)[written.bundle]
    assert batches == list(carrier.queue.values())[: len(batches)]
    assert written.cut == (len(batches) < 5)
    assert len(batches) >= 1


def test_media_that_are_full_push_no_bundle_out_of_the_book() -> None:
    carrier, medium, full = Carrier(), MemoryTree(), MemoryTree()
    bundle = carrier.export(medium).bundle
    full.room_bytes = 10
    for _ in range(BUNDLES_MAX + 1):
        with pytest.raises(FullError):
            carrier.export(full)
    assert read_book(carrier.store).find(bundle) is not None


@pytest.mark.parametrize("refused", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_folder_says_whether_it_is_full_or_broken(refused: int) -> None:
    with pytest.raises(StoreError) as found, _told(Path("stick"), "written"):
        raise OSError(refused, "refused")
    assert isinstance(found.value, FullError) == (refused != errno.EIO)


def test_a_part_has_a_bound() -> None:
    exporter = Exporter(DEVICE, PAPERS, bytes(32), MemoryLog(), SeededEntropy(1))
    part = Part(bytes(PART_BYTES_MAX + 1), {})
    with pytest.raises(LimitError, match="accepted: PART_BYTES_MAX"):
        exporter.export(MemoryTree(), lambda done: [part], 1 << 40)


def steps_of_an_export() -> int:
    medium = MemoryTree()
    Carrier().export(medium)
    return medium.steps


@pytest.mark.parametrize("cut_at", range(steps_of_an_export()))
def test_a_medium_pulled_out_at_any_step_loses_nothing(cut_at: int) -> None:
    """What is there afterwards may be any part of what was not synced."""
    for seed in range(4):
        draw = random.Random(f"{cut_at}/{seed}")
        carrier, medium = Carrier(), MemoryTree()
        medium.cut_at = cut_at
        with pytest.raises(PowerCutError):
            carrier.export(medium)
        assert len(carrier.queue) == 5
        found = medium.survivor((lambda: draw.random() < 0.5) if seed else None)  # noqa: B023
        for batches in complete_bundles(found).values():
            assert batches == list(carrier.queue.values())
        begun = bundles_on(found)
        carrier.export(found)
        assert list(carrier.queue.values()) in complete_bundles(found).values()
        assert len(bundles_on(found)) <= max(len(begun), 1) + 1


def test_going_on_writes_only_what_is_missing() -> None:
    carrier, medium = Carrier(), MemoryTree()
    medium.cut_at = 15
    with pytest.raises(PowerCutError):
        carrier.export(medium)
    before = read_book(carrier.store).bundles[-1]
    assert len(before.parts) == 2
    found = medium.survivor()
    kept = files(found, folder_of(before.bundle))
    written = carrier.export(found)
    after = files(found, folder_of(before.bundle))
    assert written.bundle == before.bundle
    assert {name: after[name] for name in ("part-000001", "part-000002")} == {
        name: kept[name] for name in ("part-000001", "part-000002")
    }
    assert list(opened(found, written.bundle).batches()) == list(carrier.queue.values())


@pytest.mark.parametrize("damaged", [1, 2])
def test_going_on_writes_again_what_the_medium_has_lost(damaged: int) -> None:
    carrier, medium = Carrier(), MemoryTree()
    medium.cut_at = 17  # in the middle of the third part
    with pytest.raises(PowerCutError):
        carrier.export(medium)
    found, folder = medium.survivor(), folder_of(read_book(carrier.store).bundles[-1].bundle)
    put(found, f"{folder}/part-{damaged:06d}", b"other bytes")
    written = carrier.export(found)
    assert folder_of(written.bundle) == folder
    names = {kept.file.name for kept in written.parts}
    assert set(files(found, folder)) == names | {"manifest"}
    batches = list(opened(found, written.bundle).batches())
    assert sorted(batches) == sorted(carrier.queue.values())


@pytest.mark.parametrize("refuse_at", range(steps_of_an_export()))
def test_a_medium_that_refuses_any_step_is_asked_again(refuse_at: int) -> None:
    carrier, medium = Carrier(), MemoryTree()
    medium.refuse_at = refuse_at
    with pytest.raises(StoreError):
        carrier.export(medium)
    carrier.export(medium)
    assert list(complete_bundles(medium).values()) == [list(carrier.queue.values())]


@pytest.mark.parametrize("writes", range(8))
def test_a_device_that_dies_in_its_own_book_goes_on(writes: int) -> None:
    log = MemoryLog()
    carrier, medium = Carrier(log), MemoryTree()
    log.power_bytes = 300 * writes
    try:
        carrier.export(medium)
    except PowerCutError:
        carrier.store = log.survivor()
        carrier.export(medium)
    assert list(carrier.queue.values()) in complete_bundles(medium).values()


def test_another_medium_begins_another_bundle() -> None:
    carrier, first, second = Carrier(), MemoryTree(), MemoryTree()
    first.cut_at = 20
    with pytest.raises(PowerCutError):
        carrier.export(first)
    other = carrier.export(second)
    found = first.survivor()
    again = carrier.export(found)
    assert again.bundle != other.bundle
    assert again.bundle in bundles_on(found)
    assert complete_bundles(second)[other.bundle] == complete_bundles(found)[again.bundle]


@pytest.mark.parametrize("damage", ["truncated", "changed", "removed", "longer", "exchanged"])
def test_a_damaged_bundle_is_refused_whole(damage: str) -> None:
    medium = MemoryTree()
    bundle = Carrier().export(medium).bundle
    folder = folder_of(bundle)
    whole = files(medium, folder)
    draw = random.Random(7)
    for name, data in whole.items():
        path, other = (
            f"{folder}/{name}",
            whole["part-000001" if name != "part-000001" else "manifest"],
        )
        at = draw.randrange(len(data))
        ways = {
            "truncated": [data[:length] for length in (0, 1, 63, 64, 65, at, len(data) - 1)],
            "changed": [
                data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
                for place in (*range(0, len(data), 3), len(data) - 1)
            ],
            "longer": [data + b"\0", data + data],
            "exchanged": [other],
            "removed": [],
        }[damage]
        if damage == "removed":
            medium.remove(path)
            with pytest.raises(DamagedError):
                opened(medium, bundle)
        for way in ways:
            put(medium, path, way)
            with pytest.raises(EdgewardError):
                opened(medium, bundle)
        put(medium, path, data)
    assert len(list(opened(medium, bundle).batches())) == 5


def test_a_bundle_under_another_name_is_refused() -> None:
    medium = MemoryTree()
    bundle = Carrier().export(medium).bundle
    medium.rename(folder_of(bundle), folder_of("0" * 16))
    with pytest.raises(DamagedError, match="do not open"):
        opened(medium, "0" * 16)


def test_a_replayed_bundle_is_refused() -> None:
    medium = MemoryTree()
    bundle = Carrier().export(medium).bundle
    opened(medium, bundle, taken=["other"])
    with pytest.raises(TrustError, match="was taken before"):
        opened(medium, bundle, taken=[bundle])


def test_a_bundle_of_a_stranger_or_for_one_is_refused() -> None:
    medium = MemoryTree()
    bundle = Carrier().export(medium).bundle
    with pytest.raises(DamagedError, match="do not open"):
        open_bundle(medium, bundle, X25519PrivateKey.generate(), trusted)
    with pytest.raises(TrustError, match="an unknown device"):
        open_bundle(medium, bundle, RECEIVER, lambda device, chain: None)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(TrustError, match="whose key did not sign it"):
        open_bundle(medium, bundle, RECEIVER, lambda device, chain: other)


def test_a_damaged_book_says_so_and_what_to_do() -> None:
    carrier, medium = Carrier(), MemoryTree()
    carrier.export(medium)
    carrier.store.write("carried.json", b"{}")
    with pytest.raises(DamagedError, match="what its bundles held is still queued"):
        carrier.export(medium)
    carrier.store.delete("carried.json")
    assert carrier.export(medium).complete
