"""The tamper battery: a sealed bundle is changed in every way one edit can, and each is found.

Rules:
- The places are drawn from a seed; every file of the bundle and every class of edit has its share.
- Found means that the verification says *changed*, and that it names the file.
- A bundle sealed anew with another key is found as one of an unknown signer.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward_harness.evidence.keys import PublicKey, SigningKey
from edgeward_harness.evidence.layout import KEY, STATEMENT
from edgeward_harness.evidence.sign import seal
from edgeward_harness.evidence.verification import FaultKind
from edgeward_harness.evidence.verify import verify_bundle

PLACES: Final = 24
"""For each class of edit and each file."""
SHOWN_MAX: Final = 20

Edit = Callable[[bytes, int, Random], bytes]


def _flip(data: bytes, at: int, chance: Random) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def _digit(data: bytes, at: int, chance: Random) -> bytes:
    other = chance.choice([one for one in b"0123456789abcdef" if one != data[at]])
    return data[:at] + bytes([other]) + data[at + 1 :]


def _swap(data: bytes, at: int, _: Random) -> bytes:
    return data[:at] + data[at + 1 : at + 2] + data[at : at + 1] + data[at + 2 :]


def _insert(data: bytes, at: int, chance: Random) -> bytes:
    return data[:at] + bytes([chance.choice(b" \n\t0,a")]) + data[at:]


EDITS: Final[Mapping[str, Edit]] = {
    "a bit flipped": _flip,
    "a digit replaced": _digit,
    "a byte removed": lambda data, at, _: data[:at] + data[at + 1 :],
    "a byte put in": _insert,
    "two bytes swapped": _swap,
    "cut off": lambda data, at, _: data[:at],
    "a byte doubled": lambda data, at, _: data[: at + 1] + data[at:],
}


@dataclass(slots=True)
class Tampered:
    """How many edits were made and found, by class, and those that were not."""

    made: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)

    def note(self, kind: str, what: str, *, seen: bool) -> None:
        """Count one edit."""
        self.made[kind] = self.made.get(kind, 0) + 1
        self.found[kind] = self.found.get(kind, 0) + seen
        if not seen:
            self.unseen.append(f"{kind}: {what}")

    @property
    def all_found(self) -> bool:
        """Whether every edit was found, and there were some."""
        return bool(self.made) and self.made == self.found


def tamper(bundle: Path, key: PublicKey, seed: int, folder: Path) -> Tampered:
    """Change copies of a bundle; the bundle itself is left alone."""
    working = Path(shutil.copytree(bundle, folder / "tampered"))
    tampered = Tampered()
    for name in _files(working):
        for kind, edit in EDITS.items():
            chance = Random(f"{seed}:{kind}:{name}")  # noqa: S311 - places, not secrets
            for at, data, changed in _edits(working / name, edit, chance):
                seen = _found(working, name, data, changed, key)
                tampered.note(kind, f"{name} at byte {at}", seen=seen)
    _whole_files(working, key, tampered)
    _sealed_anew(working, key, tampered)
    return tampered


def _files(folder: Path) -> list[str]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.relative_to(folder).as_posix() for path in found]


def _edits(path: Path, edit: Edit, chance: Random) -> Iterator[tuple[int, bytes, bytes]]:
    """Some places of a file, its bytes, and what an edit there makes of them."""
    data = path.read_bytes()
    for at in sorted(chance.sample(range(len(data)), min(PLACES, len(data)))):
        changed = edit(data, at, chance)
        if changed != data:
            yield at, data, changed


def _found(folder: Path, name: str, data: bytes, changed: bytes, key: PublicKey) -> bool:
    """Whether an edit of a file is found and named; the file is put back."""
    path = folder / name
    try:
        path.write_bytes(changed)
        found = verify_bundle(folder, [key])
    finally:
        path.write_bytes(data)
    return not found.intact and any(name in fault for fault in found.faults)


def _whole_files(folder: Path, key: PublicKey, tampered: Tampered) -> None:
    """A file is taken away, and a foreign one is put in."""
    for name in _files(folder):
        data = (folder / name).read_bytes()
        (folder / name).unlink()
        faults = verify_bundle(folder, [key]).faults
        (folder / name).write_bytes(data)
        tampered.note("a file taken away", name, seen=any(name in fault for fault in faults))
    for name in ("notes.txt", "artifacts/notes.txt"):
        (folder / name).write_bytes(b"x")
        faults = verify_bundle(folder, [key]).faults
        (folder / name).unlink()
        tampered.note("a file put in", name, seen=any("notes.txt" in fault for fault in faults))


def _sealed_anew(folder: Path, key: PublicKey, tampered: Tampered) -> None:
    """The whole bundle is sealed again by somebody else."""
    for name in (STATEMENT, KEY):
        (folder / name).unlink()
    stranger = Ed25519PrivateKey.generate()
    seal(folder, SigningKey(PublicKey(stranger.public_key().public_bytes_raw()), stranger))
    found = verify_bundle(folder, [key])
    kinds = {fault.kind for fault in found.findings}
    seen = FaultKind.UNKNOWN_SIGNER in kinds and not found.trusted
    tampered.note("sealed anew by a stranger", STATEMENT, seen=seen)
