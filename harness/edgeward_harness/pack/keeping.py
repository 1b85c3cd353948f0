"""The folder of a pack: what lies in it, the list of it that is signed, and how it gets there.

```
pack.json         every file with its digest, and what the pack is of
pack.dsse.json    who made it and when, over pack.json; the key is in key.pub
index.html        every document on one page
documents/ tables/ tables.xlsx requirements.reqif submission.zip
bundles/ inputs/  what it was made from: enough to make it again
```
Two makings differ in `pack.dsse.json` and `key.pub` alone, as the moment stands nowhere else.
It is made beside its place and moved there as a whole; where anything fails nothing is left.
"""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.files import digest_file, read_whole, sync_folder, write_new
from edgeward_harness.evidence.keys import PublicKey, SigningKey
from edgeward_harness.evidence.layout import FOLDER_BYTES_MAX
from edgeward_harness.evidence.statement import STATEMENT_TYPE
from edgeward_harness.evidence.strict import (
    DAY,
    HEX64,
    IDENTIFIER,
    OBJECT,
    TEXT,
    UTC,
    check_fields,
    encode,
    load_json,
    one_of,
    shown,
    table_of,
)
from edgeward_harness.pack.model import Pack

SCHEMA = "edgeward-pack/1"
PREDICATE_TYPE = "urn:edgeward:pack:1"
LIST, SEAL, KEY = "pack.json", "pack.dsse.json", "key.pub"
OUTSIDE = frozenset({LIST, SEAL, KEY})
"""Files that the list does not name: itself, and what vouches for it."""
BUNDLES, INPUTS = "bundles", "inputs"


@dataclass(frozen=True, slots=True)
class Contents:
    """The list of a pack, read strictly."""

    title: str
    device: str
    release: str
    as_of: str
    state: str
    root_sha256: str
    tool: Mapping[str, Any]
    files: Mapping[str, str]
    sha256: str
    """Of the list itself: what a person signs who approves the pack."""


def write_pack(
    pack: Pack,
    files: Iterable[tuple[str, bytes]],
    bundles: Mapping[str, Path],
    out: Path,
    key: SigningKey,
    made_utc: str,
    tool: Mapping[str, str],
) -> Contents:
    """Write a pack as a whole, or nothing of it.

    Args:
        pack: its documents.
        files: every file but those of the bundles, by its path in the pack.
        bundles: the bundles it was made from, by the name each gets.
        out: where it is to be; must not exist yet.
        key: who makes it.
        made_utc: when; the only moment in it that is not out of the evidence.
        tool: the version and digest of what made it.

    Raises:
        InputError: there is something at its place already.
        HarnessError: the disk refused, or a writer did; nothing is left.
    """
    if out.exists():
        raise InputError("--out", [f"found {out}, expected a folder that does not exist yet"])
    making = out.with_name(f".{out.name}.making")
    there = making
    try:
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        for name, data in files:
            _put(making / name, data)
        for name, folder in bundles.items():
            shutil.copytree(folder, making / BUNDLES / name, symlinks=True)
        contents = _seal(making, pack, key, made_utc, tool)
        making.rename(out)
        there = out
        sync_folder(out.parent)
    except OSError as fault:
        shutil.rmtree(there, ignore_errors=True)
        raise HarnessError(f"{out}: {fault.strerror or fault}; nothing was kept") from fault
    except BaseException:
        shutil.rmtree(there, ignore_errors=True)
        raise
    return contents


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_new(path, data)


def _seal(
    folder: Path, pack: Pack, key: SigningKey, made_utc: str, tool: Mapping[str, str]
) -> Contents:
    value = {
        "schema": SCHEMA,
        "title": pack.title,
        "device": pack.device,
        "release": pack.release,
        "as_of": pack.as_of,
        "state": pack.state,
        "root_sha256": pack.root_sha256,
        "tool": dict(tool),
        "files": {name: digest_file(folder / name) for name in _found(folder)},
    }
    data = encode(value)
    _put(folder / LIST, data)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": LIST, "digest": {"sha256": sha256_hex(data)}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {"made_utc": made_utc, "root_sha256": pack.root_sha256},
    }
    _put(folder / SEAL, Envelope.sign(encode(statement), key).to_bytes())
    _put(folder / KEY, key.public.pem)
    return read_contents(folder)


def _found(folder: Path) -> list[str]:
    """Every file of a folder by its path in it; a link is no file of a pack."""
    names, folders, size_bytes = [], [""], 0
    while folders:
        for name, status in _entries(folder, folders.pop()):
            if stat.S_ISDIR(status.st_mode):
                folders.append(f"{name}/")
                continue
            if not stat.S_ISREG(status.st_mode):
                told = f"{folder / name}: is a link or no file; a pack holds files only"
                raise HarnessError(told)
            names.append(name)
            size_bytes += status.st_size
    if size_bytes > FOLDER_BYTES_MAX:
        raise HarnessError(f"{folder}: holds more than {FOLDER_BYTES_MAX} bytes, the limit")
    return sorted(set(names) - OUTSIDE)


def _entries(folder: Path, inside: str) -> list[tuple[str, os.stat_result]]:
    """What lies in a folder of the pack, by the path in it, with what each is."""
    try:
        with os.scandir(folder / inside) as listed:
            return [(f"{inside}{one.name}", one.stat(follow_symlinks=False)) for one in listed]
    except OSError as fault:
        raise HarnessError(f"{folder}: {shown(inside)}: {fault.strerror}") from fault


def read_contents(folder: Path) -> Contents:
    """The list of a pack.

    Raises:
        HarnessError: there is none.
        InputError: it is no such list; every fault is told.
    """
    path = folder / LIST
    try:
        data = read_whole(path)
    except OSError as fault:
        raise HarnessError(f"{path}: not readable as a pack: {fault.strerror}") from fault
    value = load_json(data, str(path))
    faults: list[str] = []
    if not check_fields(value, _RULES, "pack", faults):
        raise InputError(str(path), faults)
    if encode(value) != data:
        raise InputError(str(path), ["is not in its canonical form"])
    told = {name: value[name] for name in _RULES if name != "schema"}
    return Contents(**told, sha256=sha256_hex(data))


def faults_of(folder: Path, contents: Contents, trusted: Iterable[PublicKey] = ()) -> list[str]:
    """What was changed in a pack since it was signed; each file is named."""
    found = set(_found(folder))
    faults = [
        f"{name}: does not belong to the pack" for name in sorted(found - set(contents.files))
    ]
    faults += [f"{name}: is missing" for name in sorted(set(contents.files) - found)]
    for name in sorted(found & set(contents.files)):
        try:
            if digest_file(folder / name) != contents.files[name]:
                faults.append(f"{name}: was changed")
        except OSError as fault:
            faults.append(f"{name}: cannot be read: {fault.strerror}")
    return [*faults, *_seal_faults(folder, contents, tuple(trusted))]


def _seal_faults(folder: Path, contents: Contents, trusted: tuple[PublicKey, ...]) -> Iterator[str]:
    try:
        seal, key_bytes = read_whole(folder / SEAL), read_whole(folder / KEY)
        envelope = Envelope.from_bytes(seal, SEAL)
        key = PublicKey.from_pem(key_bytes)
        statement = load_json(envelope.payload, SEAL)
    except (OSError, HarnessError) as fault:
        yield f"{SEAL}: cannot be read: {fault}"
        return
    if envelope.to_bytes() != seal or key.pem != key_bytes:
        yield f"{SEAL} or {KEY}: is not as it was written"
    if envelope.keyid != key.keyid or not envelope.signed_by(key):
        yield f"{SEAL}: the signature is not by {KEY}"
    if trusted and not any(envelope.signed_by(one) for one in trusted):
        yield f"{SEAL}: signed by {key.keyid}, expected a trusted key (--key)"
    if not _speaks_of(statement, contents):
        yield f"{SEAL}: speaks of another list of files: {shown(statement)[:120]}"
        return
    yield from _moment_faults(statement, contents)


def made_utc(folder: Path) -> str:
    """The moment at which a pack without faults says that it was made."""
    envelope = Envelope.from_bytes(read_whole(folder / SEAL), SEAL)
    statement: Any = load_json(envelope.payload, SEAL)
    return str(statement["predicate"]["made_utc"])


def _moment_faults(statement: Mapping[str, Any], contents: Contents) -> Iterator[str]:
    """Whether it tells when the pack was made, and not before the day it is of."""
    made = statement["predicate"].get("made_utc")
    if not UTC.accepts(made):
        yield f"{SEAL}: does not tell when it was made"
    elif _ahead(contents.as_of, made):
        yield f"{LIST}: is as of {contents.as_of}, and was made at {made}, before it"


def _ahead(day: str, made_utc: str) -> bool:
    """Whether a pack speaks of a day that was yet to come; time zones differ by a day."""
    return date.fromisoformat(day) - date.fromisoformat(made_utc[:10]) > timedelta(days=1)


def _speaks_of(statement: object, contents: Contents) -> bool:
    """Whether a statement vouches for this list: one of a person's approval has its subject too."""
    if not isinstance(statement, dict) or not isinstance(statement.get("predicate"), dict):
        return False
    return (
        statement.get("subject") == [{"name": LIST, "digest": {"sha256": contents.sha256}}]
        and statement.get("_type") == STATEMENT_TYPE
        and statement.get("predicateType") == PREDICATE_TYPE
        and statement["predicate"].get("root_sha256") == contents.root_sha256
    )


_RULES = {
    "schema": one_of((SCHEMA,)),
    "title": TEXT,
    "device": TEXT,
    "release": TEXT,
    "as_of": DAY,
    "state": IDENTIFIER,
    "root_sha256": HEX64,
    "tool": OBJECT,
    "files": table_of(IDENTIFIER, HEX64),
}
