"""All of it or nothing."""

import contextlib
from collections.abc import Iterator

from edgeward.errors import StoreError
from edgeward.ports import Database


@contextlib.contextmanager
def transaction(database: Database) -> Iterator[None]:
    """Commit what is done within, durably; undo it when anything of it fails.

    Raises:
        StoreError: the disk refused, and nothing was changed.
    """
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            with contextlib.suppress(StoreError):
                database.execute("ROLLBACK")
        raise
