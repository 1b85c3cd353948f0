"""The keyring: for each patient a key that wraps the keys of that patient's records.

Rules:
1. A key is used only after the keystore and the ring say that both are on the disk: first the key,
   then the ring that names it. A key that no ring names was never used, and is destroyed.
2. Erasing goes the other way: first the ring forgets the patient, then the keystore destroys. Cut
   in between, the next start destroys: the patient is as before or gone, never half.
3. Keys get a new version by age. The old one opens what it wrapped, and wraps nothing any more; it
   goes when nothing that is stored needs it and a later rotation has come.
4. An erased patient has no keys until somebody admits the patient again, and is then another
   subject: nothing ties the new records to the old ones.
5. A disk that refuses a new patient's key keeps nobody's records from being sealed: the *spare*
   key, which is on the disk already, wraps for such a patient until the disk takes the patient's
   own. A version below zero says so. Erasing somebody gives the spare a new version, and the old
   one is refused for that patient at once, and destroyed as rule 3 says.
"""

import threading
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import NoReturn

from edgeward.comms.sealing.keystore import Keystore
from edgeward.comms.sealing.ring_file import (
    BLOB,
    NOBODY,
    SPARE,
    SPARE_SUBJECT,
    Erased,
    RingState,
    Subject,
    Version,
    decoded,
    encoded,
    label,
    labels,
)
from edgeward.comms.sealing.secret import KEY_BYTES, Secret
from edgeward.comms.sealing.twice import Twice
from edgeward.errors import DamagedError, SealError, StoreError
from edgeward.ports import Entropy, Store

SUBJECTS_MAX = 16_384
"""Patients with keys; those whose records are gone are forgotten by `retire`."""
ERASED_MAX = 16_384
"""Erased patients remembered, the newest ones."""


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A key of the keyring, by name."""

    subject: bytes | None
    """For whom it wraps."""
    version: int
    """Below zero: that version of the spare key."""

    @property
    def label(self) -> str:
        """What the keystore calls it."""
        if self.version < 0:
            return label(SPARE_SUBJECT, -self.version)
        return label(self.subject, self.version)


class Keyring:
    """Whose keys there are, and which of them are in use."""

    __slots__ = (
        "_blob", "_entropy", "_homeless", "_keystore", "_lock", "_now_ns", "_state", "_sure",
        "_tags", "generation", "unsettled",
    )  # fmt: skip

    def __init__(self, keystore: Keystore, store: Store, entropy: Entropy, now_ns: int) -> None:
        """Read the ring, or make one, and finish what a cut of the power has left.

        Raises:
            StoreError: the disk refuses.
            DamagedError: neither of the two rings is what was written. Nothing is replaced.
            SealError: the keystore is another one than the ring was written beside.
        """
        self._keystore, self._entropy = keystore, entropy
        self._blob = Twice(store, BLOB, decoded)
        self._lock = threading.RLock()
        self._now_ns = now_ns
        self._homeless: dict[bytes, str] = {}
        """The tags of patients for whom the spare wraps."""
        self.generation = 0
        """Changes whenever a key may no longer be used for sealing."""
        self.unsettled = not keystore.settled()
        """Whether keys that nothing may use are still on the disk, because it refused."""
        self._state = self._blob.read() or self._made()
        self._sure = not self._blob.behind
        self._tags = _tags(self._state)
        missing = labels(self._state.subjects.values()) - set(keystore.labels())
        if missing:
            raise SealError(
                f"the keystore lacks {len(missing)} of the keys that {BLOB} names, first"
                f" {min(missing)}; accepted: both as they were written together"
            )
        try:
            self.settle()
        except StoreError:
            self.unsettled = True

    @property
    def damage(self) -> str:
        """What was wrong with the first of the two rings at the start."""
        return self._blob.damage

    def held(self) -> AbstractContextManager[object]:
        """No key comes, goes or gets a new version by another thread as long as this lasts."""
        return self._lock

    def wrapper(self, patient: str | None) -> Wrapper:
        """The key that wraps for this patient from now on, made where there is none.

        Raises:
            SealError: the patient was erased, or there are too many.
        """
        with self._lock:
            tag = self._state.tag(patient)
            try:
                found = self._state.subjects.get(tag) or self._admitted(tag)
            except StoreError:
                subject = self._state.subject(tag)
                self._homeless[subject] = tag
                return self.current(subject)
            self._state.subjects[tag] = replace(found, drawn_ns=self._now_ns)
            return Wrapper(found.subject, found.current.number)

    def current(self, subject: bytes | None) -> Wrapper:
        """The key that wraps for this subject from now on.

        Raises:
            SealError: there is none: it was erased or forgotten, or is another device's.
        """
        with self._lock:
            if subject in self._homeless:
                return Wrapper(subject, -self._state.subjects[SPARE].current.number)
            found = self._state.subjects.get(self._tags.get(subject, "none"))
        if found is None:
            name = label(subject, 0).partition(".")[0]
            raise SealError(f"the keyring has no key of {name}: erased, or another device's")
        return Wrapper(subject, found.current.number)

    def wrap(self, wrapper: Wrapper, key: bytes, context: bytes) -> bytes:
        """Wrap a key for one use.

        Raises:
            SealError: the wrapping key is not there, or is not the current one.
        """
        if self.current(wrapper.subject) != wrapper:
            raise SealError(f"{wrapper.label} wraps no new keys; accepted: the newest version")
        return self._keystore.wrap(wrapper.label, key, context)

    def unwrap(self, wrapper: Wrapper, wrapped: bytes, context: bytes) -> bytes:
        """Give back a key that was wrapped for this use.

        Raises:
            SealError: its wrapping key is gone, or something was changed.
        """
        if wrapper.version < 0 and wrapper.subject in {one.subject for one in self.erased()}:
            raise SealError(f"{wrapper.label} unwraps nothing of a patient who was erased")
        return self._keystore.unwrap(wrapper.label, wrapped, context)

    def rotate(self, now_ns: int, age_ns: int) -> int:
        """Give each subject whose key is that old a new version; how many there were.

        A key that comes from the future of `now_ns` has an age that nobody knows, and is replaced.

        Raises:
            StoreError: none was replaced.
        """
        with self._lock:
            self._now_ns = now_ns
            self._take_home()
            new = {
                tag: replace(one, versions=(*one.versions, Version(one.current.number + 1, now_ns)))
                for tag, one in self._state.subjects.items()
                if not 0 <= now_ns - one.current.created_ns < age_ns
            }
            if new:
                self._keystore.new([label(one.subject, one.current.number) for one in new.values()])
                self._put(self._state.subjects | new)
                self.generation += 1
            return len(new)

    def retire(self, in_use: Collection[Wrapper], now_ns: int, idle_ns: int) -> int:
        """Destroy what nothing stored needs: old versions, and patients gone for that long.

        The two newest versions of whoever stays are kept, so that a key on its way to the disk
        finds its own. Says how many keys were destroyed.

        Raises:
            StoreError: the disk refuses; call it again.
        """
        with self._lock:
            before = len(self._keystore.labels())
            needed: dict[bytes | None, set[int]] = {}
            for each in in_use:
                own = needed.setdefault(each.subject, set())
                spare = needed.setdefault(SPARE_SUBJECT, set())
                (spare if each.version < 0 else own).add(abs(each.version))
            kept = {}
            for tag, one in self._state.subjects.items():
                used = needed.get(one.subject, set())
                patient = tag not in (NOBODY, SPARE)
                idle = patient and one.subject not in needed
                if idle and now_ns - one.drawn_ns >= idle_ns:
                    continue
                old = (version for version in one.versions[:-2] if version.number in used)
                kept[tag] = replace(one, versions=(*old, *one.versions[-2:]))
            if kept != self._state.subjects:
                self._put(kept)
                self.generation += 1
            self.settle()
            return before - len(self._keystore.labels())

    def erase(self, patient: str, at_ns: int) -> Erased:
        """Destroy every key of a patient. Repeating it is fine, and finishes what failed.

        Raises:
            StoreError: the disk refuses; what was destroyed may come back. Call it again.
        """
        with self._lock:
            tag = self._state.tag(patient)
            told = self._state.erased.get(tag)
            if told is None:
                told = self._erased(tag, at_ns)
                self.generation += 1
            self.settle()
            return told

    def admit(self, patient: str) -> None:
        """Let an erased patient have keys again, as somebody new.

        Raises:
            StoreError: the patient is still erased.
        """
        with self._lock:
            tag = self._state.tag(patient)
            rest = {key: one for key, one in self._state.erased.items() if key != tag}
            if rest != self._state.erased:
                self._put(self._state.subjects, rest, self._state.stays)

    def erased(self) -> tuple[Erased, ...]:
        """What was erased, oldest first."""
        with self._lock:
            return tuple(self._state.erased.values())

    def subject(self, patient: str | None) -> bytes | None:
        """What stands for a patient here; None for nobody, and for one who has no keys."""
        with self._lock:
            found = self._state.subjects.get(self._state.tag(patient))
        return found.subject if found else None

    def settle(self) -> None:
        """Rules 1, 2 and 5: destroy every key that the ring does not name, make those that wait.

        Raises:
            StoreError: the disk refuses; call it again.
        """
        with self._lock:
            self._take_home()
            named = labels(self._state.subjects.values())
            stray = [one for one in self._keystore.labels() if one not in named]
            if not stray and not self.unsettled:
                return
            self.unsettled = True
            if not self._sure:  # a ring that may be on the disk may name what would be destroyed
                self._put(self._state.subjects)
            self._keystore.destroy(stray)
            self.unsettled = False

    def _made(self) -> RingState:
        """The first ring of a device, with the keys of no patient."""
        first = (Version(1, self._now_ns),)
        nobody = Subject(None, NOBODY, first, self._now_ns)
        spare = Subject(SPARE_SUBJECT, SPARE, first, self._now_ns)
        names = labels([nobody, spare])
        found = [one for one in self._keystore.labels() if one not in names]
        if found:
            raise DamagedError(
                f"{BLOB}: found none beside {len(found)} keys, which only it can tell apart;"
                " accepted: the ring that was written beside them, or no keys"
            )
        state = RingState(Secret(self._entropy.token(KEY_BYTES)), {NOBODY: nobody, SPARE: spare})
        self._keystore.new(sorted(names))
        self._blob.write(encoded(state))
        return state

    def _erased(self, tag: str, at_ns: int) -> Erased:
        """Rules 2, 4 and 5: the ring forgets a patient, and the spare begins anew."""
        state = self._state
        found, spare = state.subjects.get(tag), state.subjects[SPARE]
        numbers = tuple(each.number for each in found.versions) if found else ()
        told = Erased(state.subject(tag), tag, at_ns, numbers)
        newer = Version(spare.current.number + 1, self._now_ns)
        rest = {key: one for key, one in state.subjects.items() if key != tag}
        rest[SPARE] = replace(spare, versions=(*spare.versions, newer))
        self._keystore.new([label(SPARE_SUBJECT, newer.number)])
        erased = [*state.erased.items(), (tag, told)]
        others = [(key, times) for key, times in state.stays.items() if key != tag]
        stays = [*others, (tag, state.stays.get(tag, 0) + 1)]
        self._put(rest, dict(erased[-ERASED_MAX:]), dict(stays[-ERASED_MAX:]))
        self._homeless.pop(told.subject, None)
        return told

    def _take_home(self) -> None:
        """Rule 5: make the own keys of those for whom the spare wraps."""
        for tag in list(self._homeless.values()):
            self._admitted(tag)

    def _admitted(self, tag: str) -> Subject:
        if tag in self._state.erased:
            raise SealError(
                f"the keys of this patient were destroyed at {self._state.erased[tag].at_ns} ns;"
                " accepted: a patient who was not erased, or was admitted again"
            )
        if len(self._state.subjects) >= SUBJECTS_MAX:
            raise SealError(f"the keyring has keys of {SUBJECTS_MAX} subjects, and takes no more")
        subject = self._state.subject(tag)
        new = Subject(subject, tag, (Version(1, self._now_ns),), self._now_ns)
        self._keystore.new(sorted(labels([new])))
        self._put(self._state.subjects | {tag: new})
        if self._homeless.pop(subject, None):
            self.generation += 1
        return new

    def _put(
        self,
        subjects: dict[str, Subject],
        erased: dict[str, Erased] | None = None,
        stays: dict[str, int] | None = None,
    ) -> None:
        """Write the ring so, and only then be it."""
        before = self._state
        state = RingState(
            before.names_key,
            subjects,
            before.erased if erased is None else erased,
            before.stays if stays is None else stays,
        )
        self._sure = False
        self._blob.write(encoded(state))
        self._sure = True
        self._state, self._tags = state, _tags(state)

    def __repr__(self) -> str:
        return f"Keyring({len(self._state.subjects)} subjects, {len(self._state.erased)} erased)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keyring is neither copied nor pickled")


def _tags(state: RingState) -> dict[bytes | None, str]:
    return {one.subject: tag for tag, one in state.subjects.items()}
