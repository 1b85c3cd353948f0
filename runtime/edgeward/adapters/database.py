"""SQLite databases in a folder, with the SQLite that `apsw` brings.

A device keeps its records with the version that its power cuts were tried on, whatever its system
has. Bytes are bound as they are; the standard library looks for an adapter of each first.

Where one is damaged, it is set aside: first its log gets the new name, then the file. Whoever finds
a log set aside without its file, after a power cut between the two, ends what was begun.
"""

import contextlib
import fcntl
import os
import re
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from edgeward.errors import DamagedError, FullError, StoreError
from edgeward.ports import Blobs, Value

_DAMAGED = (apsw.CorruptError, apsw.NotADBError)
_UNREADABLE = frozenset({apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_SHORT_READ})
_UNKNOWN = re.compile("no such (table|column)|has no column named|unsupported file format")
"""Statements and tables are fixed: where they do not fit, the tables were changed on the disk."""
_LOG, _INDEX, _SPARE, _JOURNAL = "-wal", "-shm", "-spare", "-journal"
_PARTS = ("", _LOG, _INDEX, _SPARE, _JOURNAL)
_CLAIM = "claim"
_ASIDE = re.compile(r"damaged-(\d{6})")
_DONE = re.compile(r"damaged-(\d{6})\.done")
_MARK_BYTES_MAX = 4096
_KEPT_MAX = 3
_BUSY_MS = 5000
_STATEMENTS_KEPT = 256
_ZEROS = bytes(1 << 16)


def as_error(error: apsw.Error, path: Path) -> StoreError:
    """What the runtime calls an error of SQLite."""
    extended = getattr(error, "extendedresult", 0)
    kind = StoreError
    unknown = isinstance(error, apsw.SQLError) and _UNKNOWN.search(str(error))
    if isinstance(error, _DAMAGED) or extended in _UNREADABLE or unknown:
        kind = DamagedError
    elif isinstance(error, apsw.FullError):
        kind = FullError
    names = apsw.mapping_extended_result_codes, apsw.mapping_result_codes
    name = next((found[extended] for found in names if extended in found), type(error).__name__)
    return kind(f"{path}: {error} ({name})")


def _as_table(_: apsw.Cursor, number: int, value: object) -> "apsw.CArrayBinding":
    """What is no field by itself: the blobs of many rows, which are not copied."""
    if not isinstance(value, tuple):
        raise TypeError(f"value {number} is {value!r}; accepted: a number, a text, bytes or none")
    return apsw.carray(value)


class SqliteDatabase:
    """One connection."""

    __slots__ = ("_connection", "_path")

    def __init__(self, path: Path, vfs: str | None = None) -> None:
        """Connect, by another way to the disk where one is named; a missing file is begun.

        Raises:
            StoreError: it cannot be opened.
        """
        self._path = path
        try:
            self._connection = apsw.Connection(
                str(path), vfs=vfs, statementcachesize=_STATEMENTS_KEPT
            )
            self._connection.set_busy_timeout(_BUSY_MS)
            self._connection.convert_binding = _as_table
        except apsw.Error as error:
            raise as_error(error, path) from error

    @property
    def in_transaction(self) -> bool:
        """Whether one was begun and has not ended; closing ends it."""
        try:
            return self._connection.in_transaction
        except apsw.ConnectionClosedError:
            return False

    def execute(self, sql: str, values: Sequence[Value | Blobs] = ()) -> list[Any]:
        """Run one statement to its end, and return its rows.

        Raises:
            DamagedError: what lies on the disk is not what was written there.
            StoreError: the disk refused.
        """
        try:
            return self._connection.execute(sql, values).fetchall()
        except apsw.Error as error:
            raise as_error(error, self._path) from error
        except UnicodeDecodeError as error:  # SQLite quotes what it found, or a text is none
            raise DamagedError(f"{self._path}: text on the disk is damaged: {error}") from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement that returns nothing once for each row of values.

        Raises:
            DamagedError: what lies on the disk is not what was written there.
            StoreError: the disk refused.
        """
        try:
            self._connection.executemany(sql, rows)
        except apsw.Error as error:
            raise as_error(error, self._path) from error
        except UnicodeDecodeError as error:
            raise DamagedError(f"{self._path}: text on the disk is damaged: {error}") from error

    def close(self) -> None:
        """Let go of it; a log that cannot be put away now is put away at the next open."""
        try:
            self._connection.close()
        except apsw.Error:
            self._connection.close(force=True)


class FolderDatabase:
    """A database in a folder of its own, readable by its owner only."""

    __slots__ = ("__weakref__", "_claim", "_claimed", "_folder", "_path")

    def __init__(self, folder: Path | str, name: str = "outbox.db") -> None:
        """Use the folder, making it where it is missing.

        Raises:
            StoreError: the folder cannot be made, or what was set aside halfway cannot be.
        """
        self._folder = Path(folder)
        self._path = self._folder / name
        self._claim: Callable[[], object] | None = None
        """Ends it."""
        self._claimed: int | None = None
        with self._telling("cannot be used"):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._end_what_was_begun()

    def open(self) -> SqliteDatabase:
        """Connect to the live database; a missing one is begun.

        Raises:
            StoreError: the disk refused, or another process has it open.
        """
        with self._telling("cannot be opened, unless another process lets go of it"):
            self._be_the_only_one()
            if not self._path.exists():
                self._beside(_LOG).unlink(missing_ok=True)  # of no database any more
                os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
                self._sync()
        return SqliteDatabase(self._path)

    def size_bytes(self) -> int:
        """All that the live database takes on the disk."""
        parts = sum(_size_bytes(self._beside(part)) for part in _PARTS)
        return parts + _size_bytes(self._folder / _CLAIM)

    def reserve(self, log_bytes: int, spare_bytes: int) -> None:
        """Take so much of the disk for the log and as a spare.

        The log is filled with zeros, which are no frames: its blocks are there, and a commit that
        overwrites them costs the disk less than one that makes a file longer.

        Raises:
            StoreError: there is not that much; what could be had is kept.
        """
        with self._telling(f"no {log_bytes + spare_bytes} bytes of the disk can be reserved"):
            missing = {
                part: size_bytes - _size_bytes(self._beside(part))
                for part, size_bytes in ((_LOG, log_bytes), (_SPARE, spare_bytes))
            }
            for part, missing_bytes in missing.items():
                self._lengthen(part, missing_bytes)
            if max(missing.values()) > 0:
                self._sync()

    def release(self) -> None:
        """Give the spare back to the disk.

        Raises:
            StoreError: the disk refused.
        """
        with self._telling("the spare cannot be released"):
            self._beside(_SPARE).unlink(missing_ok=True)

    def read(self, name: str, *, log: bool, offset: int, size_bytes: int) -> bytes:
        """Bytes of a database or of its log; fewer at the end, none where it does not exist.

        Raises:
            StoreError: this part cannot be read.
        """
        path = self._folder / name if name else self._path
        path = path.with_name(path.name + (_LOG if log else ""))
        try:
            with path.open("rb") as file:
                file.seek(offset)
                return file.read(size_bytes)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise StoreError(f"{path}: unreadable at byte {offset}: {error.strerror}") from error

    def mark(self, data: bytes) -> None:
        """Keep a few bytes in the claim, without a sync.

        A disk that refuses leaves what was there before.
        """
        if self._claimed is not None:
            try:  # each commit waits for this, and would wait longer for `contextlib`
                os.pwrite(self._claimed, data, 0)
            except OSError:
                return

    def marked(self) -> bytes:
        """What was kept so, in an earlier life too.

        Raises:
            StoreError: it cannot be read.
        """
        with self._telling("what lies beside it cannot be read"):
            return b"" if self._claimed is None else os.pread(self._claimed, _MARK_BYTES_MAX, 0)

    def set_aside(self) -> str:
        """Give the live database a name of its own. What is open goes on in it.

        Raises:
            StoreError: the disk refused; it is set aside in whole later on.
        """
        used = (int(found[1]) for found in map(_number, os.listdir(self._folder)) if found)
        name = f"damaged-{max(used, default=0) + 1:06}"
        with self._telling("cannot be set aside"):
            if self._beside(_LOG).exists():
                os.replace(self._beside(_LOG), self._folder / f"{name}{_LOG}")
            self._set_aside_as(name)
        return name

    def let_go(self) -> None:
        """Let another process open it; every connection was closed before."""
        if self._claim is not None:
            self._claim()
            self._claim = self._claimed = None

    def aside(self) -> list[str]:
        """The names of what was set aside and not looked through yet, oldest first."""
        return sorted(name for name in os.listdir(self._folder) if _ASIDE.fullmatch(name))

    def looked_through(self, name: str) -> None:
        """Keep what was set aside for people only. The oldest one goes where there are too many.

        Raises:
            StoreError: the disk refused.
        """
        with self._telling(f"{name} cannot be renamed"):
            os.replace(self._folder / name, self._folder / f"{name}.done")
            kept = sorted(one for one in os.listdir(self._folder) if _DONE.fullmatch(one))
            for old in kept[:-_KEPT_MAX]:
                log = old.removesuffix(".done") + _LOG
                (self._folder / log).unlink(missing_ok=True)
                (self._folder / old).unlink()
            self._sync()

    def _be_the_only_one(self) -> None:
        """Two processes would set aside what the other one writes. A killed one holds nothing."""
        if self._claim is None:
            claim = os.open(self._folder / _CLAIM, os.O_CREAT | os.O_RDWR, 0o600)
            let_go = weakref.finalize(self, os.close, claim)
            fcntl.lockf(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._claim, self._claimed = let_go, claim

    def _end_what_was_begun(self) -> None:
        """Name a file like its log that was set aside already."""
        names = set(os.listdir(self._folder))
        for log in sorted(name for name in names if name.endswith(_LOG)):
            name = log.removesuffix(_LOG)
            if _ASIDE.fullmatch(name) and not names & {name, f"{name}.done"}:
                self._set_aside_as(name)

    def _set_aside_as(self, name: str) -> None:
        for part in (_INDEX, _JOURNAL):  # nothing that was accepted lies in them
            self._beside(part).unlink(missing_ok=True)
        if self._path.exists():
            os.replace(self._path, self._folder / name)
        else:
            (self._folder / name).touch(mode=0o600)
        self._sync()

    def _lengthen(self, part: str, missing_bytes: int) -> None:
        """Put zeros at the end, and wait until the disk has them."""
        if missing_bytes <= 0:
            return
        path = self._beside(part)
        with path.open("ab", buffering=0) as file:
            os.chmod(path, 0o600)
            while missing_bytes > 0:
                missing_bytes -= file.write(_ZEROS[: min(missing_bytes, len(_ZEROS))])
            os.fsync(file.fileno())

    def _beside(self, part: str) -> Path:
        return self._path.with_name(self._path.name + part)

    def _sync(self) -> None:
        """Wait until the disk has the names in the folder."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Say which database it was about."""
        try:
            yield
        except OSError as error:
            raise StoreError(f"{self._path}: {what}: {error.strerror}") from error


def _number(name: str) -> re.Match[str] | None:
    return re.match(r"damaged-(\d{6})", name)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
