"""What commands that look at bundles are told to expect of them, checked before it is relied on."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from edgeward_harness import resources
from edgeward_harness.errors import InputError

Parser = argparse.ArgumentParser | argparse._ArgumentGroup


def add_keys(parser: Parser) -> None:
    """Add the option that says whom to trust."""
    parser.add_argument(
        "--key",
        metavar="PUB",
        type=Path,
        action="append",
        default=[],
        help="a public key to trust (PEM; repeatable)",
    )


def add_profiles(parser: Parser) -> None:
    """Add the option that says where the profiles lie whose promises count."""
    parser.add_argument(
        "--profiles",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="profiles whose promises count (repeatable); the shipped ones come last",
    )


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


def profile_folders(given: list[Path]) -> list[Path]:
    """The folders of profiles that are given, and the shipped one last.

    Raises:
        InputError: one of them is no folder.
    """
    faults = [f"found {str(path)!r}, accepted: a folder" for path in given if not path.is_dir()]
    if faults:
        raise InputError("--profiles", faults)
    return [*given, resources.device_profiles()]
