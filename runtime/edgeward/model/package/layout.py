"""The files of a package, its one digest, and how a fault is worded."""

from collections.abc import Mapping

from edgeward.canonical import digest, sha256_hex
from edgeward.profile.wording import shown

MODEL = "model.onnx"
CARD = "card.json"
GOLDEN = "golden.bin"
BOM = "sbom.cdx.json"
NOTICE = "NOTICE"
SIGNATURE = "model.sig"
SIGNED = tuple(sorted((MODEL, CARD, GOLDEN, BOM, NOTICE)))
"""Every file but the signature: it covers exactly these."""
NAMES = tuple(sorted((*SIGNED, SIGNATURE)))

_TOLD_MAX = 300

Files = Mapping[str, bytes]
"""The files of a package by their name. All lie in one folder: there is no path to lead out."""


def fault(where: str, found: object, accepted: str) -> str:
    """One fault as one line: where, the value found, what is accepted."""
    return _line(where, shown(found), accepted)


def told(where: str, what: str, accepted: str) -> str:
    """One fault whose finding is a sentence of ours; words of others in it are cut."""
    return _line(where, what[:_TOLD_MAX], accepted)


def _line(where: str, found: str, accepted: str) -> str:
    line = f"{where}: found {found}; accepted: {accepted}"
    return "".join(one if one.isprintable() else "?" for one in line)


def package_digest(files: Files) -> str:
    """What identifies a package: SHA-256 over the names and digests of all its files."""
    return digest({name: sha256_hex(data) for name, data in files.items()})


def size_bytes(files: Files) -> int:
    """All files of a package together."""
    return sum(map(len, files.values()))


def name_faults(names: set[str], due: tuple[str, ...] = NAMES) -> list[str]:
    """What is missing of the files of a package, and what is there besides."""
    accepted = f"exactly {', '.join(due)}"
    missing = [f"{name}: found no such file; accepted: {accepted}" for name in due]
    return [text for name, text in zip(due, missing, strict=True) if name not in names] + [
        f"{shown(name)}: found a file that is not of a package; accepted: {accepted}"
        for name in sorted(names - set(due))
    ]
