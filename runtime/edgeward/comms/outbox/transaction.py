"""All of it or nothing."""

import contextlib
from types import TracebackType

from edgeward.errors import StoreError
from edgeward.ports import Database


class Transaction:
    """Commits what is done within, durably; undoes it when anything of it fails.

    Each commit is timed against a bare write: a class takes less than a generator would, and a
    statement that is `alone` is a transaction by itself, to which two more would add nothing.

    Raises:
        StoreError: the disk refused, and nothing was changed.
    """

    __slots__ = ("_alone", "_database")

    def __init__(self, database: Database, *, alone: bool = False) -> None:
        """Of this database; it begins when it is entered."""
        self._database, self._alone = database, alone

    def __enter__(self) -> Database:
        if self._alone:
            return self._database
        try:
            self._database.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._undo()
            raise
        return self._database

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._undo()
            return
        if self._alone:
            return
        try:
            self._database.execute("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._database.in_transaction:
            with contextlib.suppress(StoreError):
                self._database.execute("ROLLBACK")
