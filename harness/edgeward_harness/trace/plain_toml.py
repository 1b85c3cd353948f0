r"""TOML in its plainest form, read several times as fast as `tomllib` reads it.

Most of what is written down in a trace is tables of plain text. For ten thousand requirements the
general reader takes half of all the time there is. This one knows a part of the language only:

- tables and lists of tables with bare names, one level below a list: `[a]`, `[[a]]`, `[a.b]`;
- bare keys with text in double quotes (also in three, over several lines), whole numbers, days,
  lists of text and inline tables of these;
- comments at the beginning and at the end of a line.

Whatever else a document holds, a backslash or a mistake included, is left to `tomllib`, which reads
or refuses it: what is read here is exactly what `tomllib` would read, and nothing is refused here.
"""

import re
import tomllib
from datetime import date
from typing import Any

_KEY = "[A-Za-z0-9_-]+"
_NO_CONTROL = r"\x00-\x08\x0b-\x1f\x7f"
_TEXT = rf'"[^"\\\n{_NO_CONTROL}]*"'
_VALUE = rf"""(?:
    \"\"\"\n?(?P<prose>(?:[^"\\{_NO_CONTROL}]++|"(?!""))*+)\"\"\"
  | "(?P<text>[^"\\\n{_NO_CONTROL}]*)"
  | (?P<number>[+-]?(?:0|[1-9][0-9]{{0,17}}))
  | (?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})
  | (?P<list>\[(?:[ \t\n]*{_TEXT}[ \t\n]*,)*(?:[ \t\n]*{_TEXT})?[ \t\n]*\])
  | \{{(?P<inline>(?:[^{{}}\n]++|\{{[^{{}}\n]*+\}})*+)\}}
)"""
_STATEMENT = re.compile(
    rf"""[ \t\n]*(?:
        (?P<key>{_KEY})[ \t]*=[ \t]*{_VALUE}
      | \[\[(?P<lists>{_KEY})\]\]
      | \[(?P<table>{_KEY})(?:\.(?P<below>{_KEY}))?\]
      |
    )[ \t]*(?:\#[^\n{_NO_CONTROL}]*)?(?:\n|\Z)""",
    re.VERBOSE,
)
_PAIR = re.compile(rf"[ \t]*(?P<key>{_KEY})[ \t]*=[ \t]*{_VALUE}[ \t]*(?:,|\Z)", re.VERBOSE)
_EACH = re.compile(rf'"([^"\\\n{_NO_CONTROL}]*)"')


class _Beyond(Exception):  # noqa: N818 - not an error: somebody else reads the document
    """The document is not plain."""


def loads(text: str) -> dict[str, Any]:
    """The content of a TOML document.

    Raises:
        tomllib.TOMLDecodeError: it is not TOML.
    """
    try:
        return _Plain().read(text)
    except _Beyond:
        return tomllib.loads(text)


class _Plain:
    """Reads statement by statement into the table that the last header opened."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._here = self._root
        self._lists: set[str] = set()
        self._tables: set[str] = set()

    def read(self, text: str) -> dict[str, Any]:
        """The content of a plain document; anything else is beyond this reader."""
        at = 0
        while at < len(text):
            found = _STATEMENT.match(text, at)
            if found is None:
                raise _Beyond
            at = found.end()
            if found["key"]:
                _put(self._here, found["key"], _value(found))
            elif found["lists"]:
                self._list(found["lists"])
            elif found["table"]:
                self._table(found["table"], found["below"])
        return self._root

    def _list(self, name: str) -> None:
        if name not in self._lists:
            _put(self._root, name, [])
            self._lists.add(name)
        self._here = {}
        self._root[name].append(self._here)

    def _table(self, name: str, below: str | None) -> None:
        self._here = {}
        if below is None:
            _put(self._root, name, self._here)
            self._tables.add(name)
        elif name in self._lists:
            _put(self._root[name][-1], below, self._here)
        elif name in self._tables:
            _put(self._root[name], below, self._here)
        else:
            raise _Beyond


def _put(table: dict[str, Any], key: str, value: object) -> None:
    if key in table:
        raise _Beyond
    table[key] = value


def _value(found: re.Match[str]) -> object:
    """The value of a key."""
    match found.lastgroup:
        case "text" | "prose":
            return found[found.lastgroup]
        case "list":
            return _EACH.findall(found["list"])
        case "number":
            return int(found["number"])
        case "inline":
            return _inline(found["inline"])
    try:
        return date.fromisoformat(found["day"])
    except ValueError:
        raise _Beyond from None


def _inline(text: str) -> dict[str, Any]:
    table: dict[str, Any] = {}
    at = 0
    more = bool(text.strip(" \t"))
    while more:
        found = _PAIR.match(text, at)
        if found is None:
            raise _Beyond
        _put(table, found["key"], _value(found))
        at = found.end()
        more = text[at - 1] == ","
    return table
