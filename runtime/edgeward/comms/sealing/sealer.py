"""Seals records as they are accepted, and opens, grants and re-wraps what was sealed.

Rules:
1. A nonce is the sequence of its record, and a data key lives in one epoch. Two records could only
   share both if one sequence were sealed twice in an epoch: that is refused here too. An epoch's
   token is random, so a folder that was restored from a copy goes on under other keys.
2. A data key is for one class of one patient, and is drawn when it is first needed. When the key
   that wraps it gets a new version, or its patient is erased, it seals nothing any more.
3. Sealing needs no lock of its own: one thread accepts. Opening, granting and the care of keys may
   be done by another one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby, repeat
from operator import itemgetter
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from edgeward.comms.record import (
    DataKey,
    Epoch,
    Identity,
    Offered,
    Offers,
    RecordClass,
    Sealed,
    SealedAll,
)
from edgeward.comms.sealing.keyring import Keyring, Wrapper
from edgeward.comms.sealing.layout import (
    TAG_BYTES,
    RecordAad,
    grant_info,
    nonce_of,
    wrap_context,
)
from edgeward.comms.sealing.secret import KEY_BYTES
from edgeward.errors import AlteredError, SealError
from edgeward.ports import Entropy

OPENED_MAX = 256
"""Data keys kept at hand for opening."""
_KEYED_BY = itemgetter(0, 1)
_Live = tuple[Callable[[bytes, bytes, bytes], bytes], Callable[..., bytes], bytes, int]
"""A data key that seals: its cipher, what packs associated data, their head, and its number. No
record waits for more than a look at this."""


class RecordSealer:
    """The sealer of one device: what `edgeward.comms.record.Sealer` asks for, and more."""

    __slots__ = (
        "_aad", "_device", "_drawn", "_entropy", "_epoch", "_generation", "_last", "_live",
        "_number", "_opened", "_opening", "_ring",
    )  # fmt: skip

    def __init__(self, device: str, ring: Keyring, entropy: Entropy) -> None:
        """Seal for this device, with keys that the ring wraps; `begin` comes first."""
        self._device = device
        self._ring = ring
        self._entropy = entropy
        self._epoch: Epoch | None = None
        self._aad = RecordAad(device, b"")
        self._last = 0
        self._number = 0
        self._generation = ring.generation
        self._live: dict[tuple[RecordClass, str | None], _Live] = {}
        self._drawn: list[DataKey] = []
        self._opened: dict[DataKey, AESGCM] = {}
        self._opening: RecordAad | None = None
        """Of the epoch that was opened last: a salvage opens many of one."""

    def begin(self, epoch: Epoch) -> None:
        """Seal for this epoch from now on, with keys that no other epoch has.

        Raises:
            SealError: it is the epoch that is already being sealed for.
        """
        if self._epoch is not None and self._epoch.token == epoch.token:
            raise SealError(f"the epoch {epoch.token.hex()} has begun already; accepted: another")
        self._epoch = epoch
        self._aad = RecordAad(self._device, epoch.token)
        self._last = self._number = 0
        self._live.clear()
        self._drawn.clear()

    def seal(self, identity: Identity, offered: Offered) -> Sealed:
        """Seal one record; sequences only rise.

        Raises:
            SealError: the keyring has no key for it (an erased patient), or it is not the next one
                of this epoch.
        """
        made = self.seal_all(identity.epoch, identity.sequence - 1, Offers.of([offered]))
        for fault in made.refused.values():
            raise fault
        return Sealed(made.keys[0], made.blobs[0])

    def seal_all(self, epoch: Epoch, after: int, offers: Offers) -> SealedAll:
        """Seal records under the sequences that follow. All of them are used up, come what may."""
        made = SealedAll()
        if after < self._last or (epoch is not self._epoch and epoch != self._epoch):
            fault = self._out_of_turn(epoch, after + 1)
            made.refused = dict.fromkeys(range(len(offers.kinds)), fault)
            return made
        self._last, first = after + len(offers.kinds), after + 1
        for kind, patient, payloads in _alike(offers):
            sequences = range(first, first + len(payloads))
            first = sequences.stop
            if self._generation != self._ring.generation:
                self._forget()
            live = self._live.get((kind, patient)) or self._drawn_for(kind, patient)
            if isinstance(live, SealError):
                made.refused |= dict.fromkeys((one - after - 1 for one in sequences), live)
                continue
            encrypt, pack, head, number = live
            bound = map(pack, repeat(head), sequences, repeat(kind), repeat(number))
            made.keys += repeat(number, len(payloads))
            made.blobs += map(encrypt, map(nonce_of, sequences), payloads, bound)
        return made

    def drawn(self) -> list[DataKey]:
        """The keys drawn since the last call: stored with the records they seal, or before them."""
        drawn, self._drawn = self._drawn, []
        return drawn

    def open(self, identity: Identity, kind: RecordClass, key: DataKey, blob: bytes) -> bytes:
        """The payload of a sealed record.

        Raises:
            AlteredError: it was changed, or it is another record's.
            SealError: its key is gone.
        """
        token, sequence = identity.epoch.token, identity.sequence
        if key.epoch.token != token or key.kind != kind or len(blob) < TAG_BYTES:
            raise SealError(
                f"record {sequence} of epoch {token.hex()}: {len(blob)} bytes of class"
                f" {kind.word} are not for key {key.number}, {key.kind.word}, of epoch"
                f" {key.epoch.token.hex()}"
            )
        aad = self._opening
        if aad is None or aad.token != token:
            aad = self._opening = RecordAad(self._device, token)
        data = aad.pack(aad.head, sequence, kind, key.number)
        try:
            return self._cipher(key).decrypt(nonce_of(sequence), blob, data)
        except InvalidTag:
            pass
        raise AlteredError(
            f"record {sequence} of epoch {token.hex()}, class {kind.word}: {len(blob)} bytes are"
            " not what was sealed under this identity"
        )

    def grant(self, key: DataKey, receiver: bytes) -> bytes:
        """A data key, for the holder of the other half of this X25519 key and nobody else.

        Raises:
            SealError: the key is gone, or the receiver's is no key.
        """
        material = self._unwrapped(key)
        try:
            public = X25519PublicKey.from_public_bytes(receiver)
            suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
            return suite.encrypt(material, public, grant_info(self._device, key))
        except ValueError as error:
            raise SealError(
                f"the receiver's key {receiver.hex()[:80]} is refused: {error}; accepted: the 32"
                " bytes of an X25519 public key"
            ) from None

    def rewrapped(self, key: DataKey) -> DataKey | None:
        """The same data key under the newest key of its subject; None where it is already.

        Whoever stores keys calls this for each, some at a time, and replaces what was stored: a
        crash between two leaves each key under one version or the other, and both open it.

        Raises:
            SealError: its wrapping key is gone.
        """
        with self._ring.held():
            wrapper = self._ring.current(key.subject)
            if key.ring == wrapper.version:
                return None
            return self._wrapped(replace(key, ring=wrapper.version), self._unwrapped(key))

    def _drawn_for(self, kind: RecordClass, patient: str | None) -> _Live | SealError:
        try:
            with self._ring.held():
                return self._draw(kind, patient)
        except SealError as error:
            return error

    def _draw(self, kind: RecordClass, patient: str | None) -> _Live:
        if self._epoch is None:
            raise SealError("no epoch has begun; accepted: a record after `begin`")
        wrapper = self._ring.wrapper(patient)
        material = self._entropy.token(KEY_BYTES)
        number = self._number + 1
        key = DataKey(self._epoch, number, kind, wrapper.subject, wrapper.version, wrapped=b"")
        self._drawn.append(self._wrapped(key, material))
        self._number = number
        aad, cipher = self._aad, AESGCM(material)
        live = cipher.encrypt, aad.pack, aad.head, number
        self._live[kind, patient] = live
        return live

    def _wrapped(self, key: DataKey, material: bytes) -> DataKey:
        wrapper = Wrapper(key.subject, key.ring)
        context = wrap_context(self._device, key)
        return replace(key, wrapped=self._ring.wrap(wrapper, material, context))

    def _unwrapped(self, key: DataKey) -> bytes:
        context = wrap_context(self._device, key)
        return self._ring.unwrap(Wrapper(key.subject, key.ring), key.wrapped, context)

    def _cipher(self, key: DataKey) -> AESGCM:
        if self._generation != self._ring.generation:
            self._forget()
        return self._opened.get(key) or self._unwrap_to_open(key)

    def _unwrap_to_open(self, key: DataKey) -> AESGCM:
        with self._ring.held():
            cipher = AESGCM(self._unwrapped(key))
            if len(self._opened) >= OPENED_MAX:
                self._opened.clear()
            self._opened[key] = cipher
        return cipher

    def _forget(self) -> None:
        """Rule 2: keys are drawn and unwrapped anew where the ring still allows it."""
        with self._ring.held():
            self._generation = self._ring.generation
            self._live.clear()
            self._opened.clear()

    def _out_of_turn(self, epoch: Epoch, sequence: int) -> SealError:
        begun = "none" if self._epoch is None else self._epoch.token.hex()
        return SealError(
            f"record {sequence} of epoch {epoch.token.hex()} is not sealed:"
            f" accepted: a sequence after {self._last} of the epoch that has begun, {begun}"
        )

    def __repr__(self) -> str:
        return f"RecordSealer({self._device!r}, {len(self._live)} live keys)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealer is neither copied nor pickled")


def _alike(offers: Offers) -> Iterable[tuple[RecordClass, str | None, Sequence[bytes]]]:
    """Payloads that follow each other and share a key; most batches share one."""
    kinds, payloads, patients = offers
    if kinds and kinds.count(kinds[0]) == patients.count(patients[0]) == len(kinds):
        return [(kinds[0], patients[0], payloads)]
    groups = groupby(zip(kinds, patients, payloads, strict=True), _KEYED_BY)
    return [(*key, [payload for _, _, payload in alike]) for key, alike in groups]
