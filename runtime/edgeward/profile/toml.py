"""A TOML file written by people, read with a limit and with an error that says what to mend."""

import tomllib
from pathlib import Path
from typing import Any

from edgeward.errors import EdgewardError

FILE_BYTES_MAX = 256 << 10
"""A file; a device profile has four thousand bytes."""


class TomlError(EdgewardError):
    """A file cannot be read as TOML; the text says why, without the file's name."""


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        TomlError: there is no such file, it is too large, not UTF-8, or not TOML.
    """
    data = _bytes(path)
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise TomlError(f"byte {error.start} is not UTF-8; expected TOML in UTF-8") from error
    except RecursionError as error:
        raise TomlError("is nested too deep; expected TOML with a few levels") from error
    except ValueError as error:  # malformed, a key twice, a number of thousands of digits
        raise TomlError(f"is not TOML: {error}") from error


def _bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # a pipe would never end
        raise TomlError("is not a file; expected a TOML file")
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise TomlError(f"cannot be read: {error.strerror or error}") from error
    if len(data) > FILE_BYTES_MAX:
        raise TomlError(f"has more than {FILE_BYTES_MAX} bytes, which is the limit")
    return data
