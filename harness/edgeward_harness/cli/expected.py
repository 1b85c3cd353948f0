"""What commands that look at bundles are told to expect of them, checked before it is relied on."""

from collections.abc import Sequence
from pathlib import Path

from edgeward_harness.errors import InputError


def check_keys(keys: Sequence[Path], bundles: Sequence[Path]) -> None:
    """Refuse a key that lies in a bundle: it would make every bundle its own witness.

    Raises:
        InputError: a key lies in one of the bundles, links followed.
    """
    faults = [
        f"{key} lies inside the bundle {bundle}, and whoever made the bundle chose it; accepted: a "
        "key that came another way"
        for key in keys
        for bundle in bundles
        if key.resolve().is_relative_to(bundle.resolve())
    ]
    if faults:
        raise InputError("--key", faults)


def check_build(text: str | None) -> str:
    """The digest given with `--build`, or an empty text.

    Raises:
        InputError: it is none.
    """
    from edgeward_harness.gate.kinds import is_digest

    if text is not None and not is_digest(text):
        raise InputError("--build", [f"found {text!r}, accepted: 64 digits 0-9 and a-f"])
    return text or ""
