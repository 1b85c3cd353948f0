"""`edgeward logs`: what a device has told, line by line, and what it goes on to tell."""

import argparse
import json
import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgeward.adapters.clock import SystemClock
from edgeward.device.daemon.alarm_words import entry_line, sign_line, vital_line
from edgeward.device.daemon.folder import add_state, state_of
from edgeward.device.daemon.journal import FILE
from edgeward.errors import EdgewardError

_POLL_NS = 200_000_000
LINES = 20


class LogError(EdgewardError):
    """There is no log to read."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_state(parser)
    parser.add_argument(
        "--lines", type=int, default=LINES, metavar="N", help=f"the last N lines (default {LINES})"
    )
    parser.add_argument("--follow", action="store_true", help="go on as the device goes on")
    parser.add_argument(
        "--technical", action="store_true", help="only what is wrong with the device itself"
    )
    parser.add_argument(
        "--alarms", action="store_true", help="only alarms, and signs before they are alarms"
    )
    parser.add_argument("--json", action="store_true", help="the lines as they were written")


def run(options: argparse.Namespace) -> int:
    """Print the log.

    Raises:
        LogError: there is none.
    """
    path = state_of(options) / FILE
    if not path.exists():
        raise LogError(f"{path}: there is no log; a device writes it while `edgeward run` runs")
    wanted = max(0, options.lines)
    kinds = _kinds(options)
    last = deque(_kept(_stored(path), kinds), maxlen=wanted)
    for line in last:
        _print(line, as_json=options.json)
    if options.follow:
        for line in _kept(_following(path), kinds):
            _print(line, as_json=options.json)
    return 0


def _stored(path: Path) -> Iterator[bytes]:
    """Every whole line there is, the older file first."""
    for one in (path.with_name(f"{FILE}.1"), path):
        with suppress(FileNotFoundError), one.open("rb") as file:
            yield from (line for line in file if line.endswith(b"\n"))


def _following(path: Path) -> Iterator[bytes]:
    """Every line that is written from now on, into the next file too when this one is full."""
    clock = SystemClock()
    file = path.open("rb")
    file.seek(0, os.SEEK_END)
    torn = b""
    while True:
        for piece in iter(file.readline, b""):
            torn += piece
            if torn.endswith(b"\n"):
                yield torn
                torn = b""
        with suppress(OSError):
            if os.fstat(file.fileno()).st_ino != path.stat().st_ino:
                file.close()
                file, torn = path.open("rb"), b""
                continue
        clock.sleep_ns(_POLL_NS)


def _kinds(options: argparse.Namespace) -> tuple[bytes, ...]:
    """What marks the lines that are asked for; none of it: all are."""
    kinds = ["technical"] * options.technical + ["alarm", "sign"] * options.alarms
    return tuple(f'"kind":"{kind}"'.encode() for kind in kinds)


def _kept(lines: Iterator[bytes], kinds: tuple[bytes, ...]) -> Iterator[bytes]:
    return (line for line in lines if not kinds or any(kind in line for kind in kinds))


def _print(line: bytes, *, as_json: bool) -> None:
    text = line.decode("utf-8", "replace").rstrip("\n")
    print(text if as_json else as_text(text), flush=True)


def as_text(line: str) -> str:
    """A line of the log for a person; one that cannot be read as it is."""
    try:
        record: dict[str, Any] = json.loads(line)
        told = datetime.fromtimestamp(record["wall_ns"] / 1e9, UTC)
        when = told.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        return f"{when}  {_SAID[record['kind']](record)}"
    except (ValueError, KeyError, TypeError, OverflowError):
        return line


def _result(record: dict[str, Any]) -> str:
    delay_ms = (record["decision_ns"] - record["last_sample_ns"]) / 1e6
    if record["outcome"] == "answer":
        label = record["label"]
        said = f"{label} {record['probabilities'][label]:.0%}"
    else:
        said = f"no answer: {record['reason']}"
    late = "  LATE" if record["late"] else ""
    return f"{record['stream']} #{record['window']['index']}  {said}  {delay_ms:.2f} ms{late}"


def _technical(record: dict[str, Any]) -> str:
    what = "BEGINS" if record["raised"] else "ends"
    where = f" of {record['stream']}" if record["stream"] else ""
    return f"{what} {record['condition']}{where}  {record['text']}"


def _rule(record: dict[str, Any]) -> str:
    what = "BEGINS" if record["raised"] else "ends"
    said = "cannot judge" if record["what"] == "cannot_judge" else "holds"
    value = "" if record["value"] is None else f"  {record['value']:g} {record['unit']}"
    return f"{record['stream']} @{record['sample']}  rule {record['rule']} {said}: {what}{value}"


_SAID = {
    "result": _result,
    "technical": _technical,
    "rule": _rule,
    "alarm": entry_line,
    "vital": vital_line,
    "sign": sign_line,
}
