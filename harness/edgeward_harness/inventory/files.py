"""Reading files that others wrote: regular ones only, and never more than a limit."""

import hashlib
from pathlib import Path

from edgeward_harness.errors import InputError

FILE_BYTES_MAX = 32 << 20
"""A list, a bill or a card; the largest catalogue of known exploited flaws has two millions."""


def read_limited(path: Path, limit_bytes: int = FILE_BYTES_MAX) -> bytes:
    """The bytes of a file given by the user.

    Raises:
        InputError: it is no file, cannot be read, or is larger than the limit.
    """
    try:
        if not path.is_file():
            raise InputError(str(path), ["found no regular file, accepted: one"])
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise InputError(str(path), [f"cannot be read: {error.strerror or error}"]) from error
    if len(data) > limit_bytes:
        raise InputError(str(path), [f"found more bytes than {limit_bytes}, which is the limit"])
    return data


def file_digest(path: Path, algorithm: str = "sha256") -> bytes:
    """The digest of a file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).digest()
