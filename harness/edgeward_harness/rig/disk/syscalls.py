"""Reads what `strace` wrote down: calls in the order in which they began.

A call that another thread interrupts stands in two lines. What it asks for counts from the first,
for a disk may have begun with it; what it promises counts from the second.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

TRACED = (
    "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,lseek,ftruncate,truncate,fallocate,"
    "fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,"
    "symlinkat,sendfile,copy_file_range,mkdir,mkdirat,rmdir"
)
UNDERSTOOD = frozenset(
    {"openat", "write", "pwrite64", "lseek", "ftruncate", "fsync", "fdatasync", "rename", "unlink",
     "mkdir", "rmdir"}
)  # fmt: skip
"""Any other traced call on the device's folder makes the record unusable, and says so."""
STRING_BYTES_MAX = 1 << 22

_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>(.*)|(\w+)\((.*))", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_RESULT = re.compile(r"\)\s+= (-?\d+|\?)([^)]*(?:\(.*\))?)$", re.DOTALL)


def strace_words(output: str) -> tuple[str, ...]:
    """What to put before a command, so that its calls are written to this file."""
    return (
        "strace", "--follow-forks", "--quiet=all", "--decode-fds=path", "--strings-in-hex=all",
        f"--string-limit={STRING_BYTES_MAX}", f"--trace={TRACED}", f"--output={output}", "--",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that succeeded, or the beginning or end of one."""

    name: str
    arguments: tuple[str, ...]
    result: int
    begins: bool = True
    ends: bool = True


def calls_in(lines: Iterable[str]) -> Iterator[Call]:
    """The calls that succeeded. One that never came back has begun, and promised nothing."""
    open_calls: dict[str, tuple[str, str]] = {}
    for line in lines:
        found = _LINE.match(line.rstrip("\n"))
        if found is None:
            continue  # a signal, an exit
        thread, resumed, rest, name, text = found.groups()
        if resumed is not None:
            name, text = open_calls.pop(thread, (resumed, ""))
            ended = _ended(text + rest)
            if ended is not None:
                yield Call(name, *ended, begins=False)
        elif text.endswith(_UNFINISHED):
            begun = text[: -len(_UNFINISHED)]
            open_calls[thread] = (name, begun)
            yield Call(name, _split(begun), 0, ends=False)
        else:
            ended = _ended(text)
            if ended is not None:
                yield Call(name, *ended)


def _ended(text: str) -> tuple[tuple[str, ...], int] | None:
    """The arguments and the result; None for a call that failed."""
    found = _RESULT.search(text)
    if found is None or found[1] == "?" or found[1].startswith("-"):
        return None
    return _split(text[: found.start()]), int(found[1])


def _split(text: str) -> tuple[str, ...]:
    """Arguments; strings and paths are in hexadecimal and hold no comma."""
    return tuple(part.strip() for part in text.split(", "))


def bytes_of(argument: str) -> bytes:
    """A string argument.

    Raises:
        ValueError: it was cut off, or is no string.
    """
    if not (argument.startswith('"') and argument.endswith('"')):
        raise ValueError(f"{argument[:40]!r} is no whole string")
    return bytes.fromhex(argument[1:-1].replace("\\x", ""))


def descriptor(argument: str) -> tuple[int, str]:
    """A descriptor with the path that it stands for; an empty path where there is none."""
    number, _, rest = argument.partition("<")
    path, _, remark = rest.partition(">")
    if path.startswith("\\x"):
        path = bytes.fromhex(path.replace("\\x", "")).decode("utf-8", "surrogateescape")
    return int(number), path + remark
