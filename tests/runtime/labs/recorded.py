"""Where real recordings lie: beside the repository, never in it."""

import os
from pathlib import Path

import pytest

_DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def recordings(*parts: str) -> Path:
    """The path of a recording; skips the test where there are none, and fails it in CI."""
    path = _DATA.joinpath(*parts)
    if not path.exists():
        said = f"no recording at {path}"
        if "CI" in os.environ:
            pytest.fail(said)
        pytest.skip(said)
    return path
