"""What only the extra `pack` brings: imported when it is needed, and named when it is not there."""

import importlib
from typing import Any

from edgeward_harness.errors import HarnessError

EXTRA = "edgeward-harness[pack]"


def load(module: str) -> Any:  # noqa: ANN401 - libraries without types
    """A library of the extra.

    Raises:
        HarnessError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as fault:
        raise HarnessError(f"{module} is not installed; pip install {EXTRA!r} brings it") from fault
