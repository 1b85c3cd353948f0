"""Files that are whole or not there, and reading that trusts nothing.

Writing: to a file beside the target, flushed to the disk, then moved into place and the folder
flushed too; a full disk leaves the target as it was and nothing beside it. Reading: regular files
only, never through a symbolic link, never more than a stated limit.
"""

import errno
import hashlib
import os
import stat
from pathlib import Path

from edgeward_harness.errors import HarnessError

READ_BYTES_MAX = 1 << 30
"""The largest file that is read into memory as a whole."""
_BLOCK_BYTES = 1 << 20


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place atomically and durably, replacing what was there.

    Raises:
        HarnessError: the disk refused; the target is as it was and nothing lies beside it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        try:
            write_new(beside, data)
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as fault:
        raise refusal(path, fault, "nothing of it was kept") from fault


def write_new(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that must not exist yet and flush it to the disk.

    Raises:
        OSError: the disk refused, or the file exists.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Flush a folder's list of names to the disk.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refusal(path: Path, fault: OSError, kept: str) -> HarnessError:
    """The error that names the file, what the system said, and what is left of it."""
    said = fault.strerror or str(fault)
    full = fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return HarnessError(f"{path}: {'no room: ' if full else ''}{said}; {kept}")


def open_regular(path: Path) -> int:
    """A descriptor for reading a regular file that is not a symbolic link.

    Raises:
        OSError: it is missing, a link, or anything else but a file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def read_whole(path: Path, limit_bytes: int = READ_BYTES_MAX) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: it is missing, a link, no file, or larger than the limit.
    """
    with open(open_regular(path), "rb") as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise OSError(errno.EFBIG, f"larger than {limit_bytes} bytes", str(path))
    return data


def digest_file(path: Path) -> str:
    """The SHA-256 of a regular file of any size.

    Raises:
        OSError: it is missing, a link, or no file.
    """
    total = hashlib.sha256()
    with open(open_regular(path), "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            total.update(block)
    return total.hexdigest()
