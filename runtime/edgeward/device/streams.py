"""The standard streams as they are found: closed, full, or unable to write every character."""

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_KEPT_OPEN = ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY))
_WRITES_ALL = ("utf-8", "utf8")


class OutputLostError(OSError):
    """Standard output cannot be written, though somebody may wait for it."""


class _Output(io.FileIO):
    """Standard output; its errors can be told from those of every other file."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLostError(error.errno, error.strerror) from error


def fill_closed_descriptors() -> None:
    """Put the null device in the place of each standard descriptor that is closed.

    Otherwise the next file opened takes its number, and whatever was meant for standard output
    ends up in that file. Standard output is opened for reading: what is written to it is lost, and
    the write has to say so.
    """
    for descriptor, mode in _KEPT_OPEN:
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, mode), True)  # noqa: FBT003


def prepare() -> None:
    """Make both output streams usable: there, and never stopped by a character."""
    fill_closed_descriptors()
    if sys.stdout is sys.__stdout__:  # nobody has put another in its place
        sys.stdout = _output(sys.stdout)
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        unable = (stream.encoding or "").lower() not in _WRITES_ALL or stream.errors == "strict"
        if reconfigure is not None and unable:
            reconfigure(errors="backslashreplace")


def _output(found: TextIO | None) -> TextIO:
    """Standard output as it was found, or in UTF-8 when it was closed."""
    if found is not None:
        found.flush()
    buffered = io.BufferedWriter(_Output(1, "w", closefd=False))
    return io.TextIOWrapper(
        buffered,
        encoding="utf-8" if found is None else found.encoding,
        errors=None if found is None else found.errors,
        line_buffering=buffered.isatty(),
        write_through=bool(getattr(found, "write_through", False)),
    )


def flush(stream: TextIO) -> OSError | None:
    """Write out what is left; the error when that fails, after which the stream leads nowhere.

    What is still buffered would raise again when the process ends, and change its exit status.
    """
    try:
        stream.flush()
    except OSError as error:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
        return error
    return None


def complain(text: str) -> None:
    """Tell a person on standard error; that it is full or gone changes nothing."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"edgeward: {text}\n")
    flush(sys.stderr)
