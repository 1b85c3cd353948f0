"""Which model a device runs: the active package of the store it was given, or the shipped one."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.errors import PackageError

if TYPE_CHECKING:
    from edgeward.model.engine import InferenceEngine
    from edgeward.model.package.keys import Trust
    from edgeward.profile import Profile


def add_model_store(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the store and the keys its packages are checked with."""
    parser.add_argument(
        "--model-store",
        type=Path,
        metavar="DIR",
        help="run the active package of this store (default: the model that ships with edgeward)",
    )
    parser.add_argument(
        "--model-trust",
        type=Path,
        metavar="KEYS",
        help="the public key, or the folder of them, that the package must be signed with",
    )


def stored_engine(
    store: Path | None, keys: Path | None, profile: "Profile | None"
) -> "InferenceEngine | None":
    """The engine of the active package, checked anew; None where no store was named.

    Without a profile, whether there is evidence for it was checked when the package was activated.

    Raises:
        PackageError: none is active, it may not run, or no key is trusted.
        StoreError: the store cannot be read.
    """
    if store is None:
        return None
    if keys is None:
        raise PackageError("--model-trust: found none; accepted: a public key, or a folder of them")
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.model.package.store import ModelStore
    from edgeward.model.package.verify import Terms

    return ModelStore(SystemTree(store)).load(Terms(trusted(keys), profile)).engine


def trusted(keys: Path) -> "Trust":
    """The keys in a folder, or the one in a file.

    Raises:
        PackageError: there is none, or one of them is no key that is accepted.
        StoreError: a file cannot be read.
    """
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.model.package.keys import read_trust

    if keys.is_dir():
        return read_trust(SystemTree(keys))
    return read_trust(SystemTree(keys.parent), keys.name)
