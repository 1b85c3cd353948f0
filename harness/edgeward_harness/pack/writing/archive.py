"""The whole pack as one ZIP file, laid out by the sections of a submission.

A file whose name begins with the number of a document goes to the folder of its section, one of no
document stays at the top. `SHA256SUMS` names every file, as `sha256sum --check` reads it.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeward.canonical import sha256_hex
from edgeward_harness import resources
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.pack.model import Pack
from edgeward_harness.pack.writing.zipped import zip_bytes

SECTIONS = "pack/sections.toml"
SUMS = "SHA256SUMS"
ELSEWHERE = "99-other-documents"
"""For documents that no section names: nothing is left out."""
DOCUMENTS = "documents/"
"""Where a pack keeps its documents; a section needs no such folder."""
_NUMBERED = re.compile(r"(?:.*/)?([0-9]{2})-[^/]*")
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NUMBER = re.compile(r"[0-9]{2}")


def write_archive(pack: Pack, files: Mapping[str, bytes], templates: Path | None = None) -> bytes:
    """The files of a pack in one ZIP file.

    Args:
        pack: its day is what every entry carries.
        files: by path, such as `documents/07-test-records.pdf` or `tables/07-test-records-all.csv`.
        templates: a folder whose table of sections replaces the shipped one.

    Raises:
        InputError: the table of sections cannot be read.
    """
    folders = sections(templates)
    placed = {_place(name, folders): data for name, data in files.items()}
    sums = "".join(f"{sha256_hex(placed[name])}  {name}\n" for name in sorted(placed))
    return zip_bytes({**placed, SUMS: sums.encode()}, pack.as_of)


def sections(templates: Path | None = None) -> Mapping[str, str]:
    """The folder of each document by its number.

    Raises:
        InputError: a table is not one of sections; every fault is told.
        HarnessError: the file cannot be read.
    """
    own = None if templates is None else templates / SECTIONS
    path = own if own is not None and own.exists() else resources.templates() / SECTIONS
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise InputError(str(path), [str(fault)]) from fault
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from fault
    faults: list[str] = []
    listed = table.get("section", [])
    if set(table) - {"section"} or not isinstance(listed, list):
        faults.append(f"found {', '.join(sorted(table))}, expected tables called section only")
        listed = []
    found: dict[str, str] = {}
    for one in listed:
        _take(one, found, faults)
    if faults:
        raise InputError(str(path), faults)
    return found


def _take(one: Any, found: dict[str, str], faults: list[str]) -> None:  # noqa: ANN401 - of a file
    """The documents of a section, with its folder."""
    folder = one.get("folder") if isinstance(one, dict) else None
    documents = one.get("documents") if isinstance(one, dict) else None
    if not isinstance(folder, str) or not _FOLDER.fullmatch(folder):
        faults.append(f"folder is {folder!r}, expected a name of letters, digits, _, . and -")
        return
    for number in documents if isinstance(documents, list) else [documents]:
        if not isinstance(number, str) or not _NUMBER.fullmatch(number):
            faults.append(f'{folder}: found {number!r}, expected numbers such as "07"')
        elif number in found:
            faults.append(f"{folder}: {number} is in {found[number]} already, expected it once")
        else:
            found[number] = folder


def _place(name: str, folders: Mapping[str, str]) -> str:
    numbered = _NUMBERED.fullmatch(name)
    if not numbered:
        return name
    return f"{folders.get(numbered[1], ELSEWHERE)}/{name.removeprefix(DOCUMENTS)}"
