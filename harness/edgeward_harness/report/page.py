"""What every page that is one file needs: its own style and script, a policy that allows them only.

A page allows its style and its script by digest and nothing else; a template that fails is told
with its file and line.
"""

import base64
import hashlib
import io
import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness.errors import HarnessError

if TYPE_CHECKING:  # imported where it is used: no other command needs it
    from jinja2 import Environment


def page_source(environment: "Environment", name: str) -> str:
    """Style or script, refused if it would end the element it is put into.

    Raises:
        HarnessError: it holds an end tag.
    """
    assert environment.loader is not None
    source = environment.loader.get_source(environment, name)[0]
    if re.search(r"</(style|script)", source, re.IGNORECASE):
        raise HarnessError(f"{name}: holds an end tag, which would end it in the page")
    return source


def page_policy(css: str, script: str, more: str = "") -> str:
    """What the page may do: this style, this script, what is named besides, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_sri(css)}'; script-src '{_sri(script)}'; {more}"
        "base-uri 'none'; form-action 'none'"
    )


def _sri(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def page_bytes(pieces: Iterable[str]) -> bytes:
    """The page in one buffer: millions of pieces in a list would weigh more than it."""
    buffer = io.BytesIO()
    for piece in pieces:
        buffer.write(piece.encode("utf-8", "replace"))
    return buffer.getvalue()


def located(fault: Exception, page: str) -> str:
    """What went wrong in a template, with its file and line."""
    place = getattr(fault, "name", None) or page
    line = getattr(fault, "lineno", None)
    for frame, number in traceback.walk_tb(fault.__traceback__):
        if frame.f_code.co_filename.endswith(".j2"):
            place, line = Path(frame.f_code.co_filename).name, number
    return f"{place}{f', line {line}' if line else ''}: {type(fault).__name__}: {fault}"
