"""Which model a device runs: the active package of the store it was given, or the shipped one.

On a bench a package may run before there is evidence for it, since evidence comes from running it:
`edgeward agent` does that when asked, and never the daemon that watches patients.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward.errors import PackageError

if TYPE_CHECKING:
    from edgeward.model.engine import InferenceEngine
    from edgeward.model.package.keys import Trust
    from edgeward.model.package.layout import Files
    from edgeward.profile import Profile

NO_KEYS = "--model-trust: found none; accepted: a public key, or a folder of them"


def add_model_store(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the store and the keys its packages are checked with."""
    parser.add_argument(
        "--model-store",
        type=Path,
        metavar="DIR",
        help="the store whose active package runs (default: the model that ships with edgeward)",
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
        raise PackageError(NO_KEYS)
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.model.package.store import ModelStore
    from edgeward.model.package.verify import Terms

    return ModelStore(SystemTree(store)).load(Terms(trusted(keys), profile)).engine


def add_trial(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a package to be verified."""
    parser.add_argument(
        "--model-trial",
        type=Path,
        metavar="PACKAGE",
        help="run this signed package without evidence: on a bench, to make some",
    )


def trial_engine(package: Path, keys: Path | None) -> "InferenceEngine":
    """The engine of a package that is checked in all but its evidence.

    Raises:
        PackageError: it may not run, or no key is trusted.
        StoreError: it cannot be read.
    """
    if keys is None:
        raise PackageError(NO_KEYS)
    from edgeward.model.package.verify import Terms, verify

    return verify(package_files(package), Terms(trusted(keys), None)).engine


def package_files(package: Path) -> "Files":
    """The files of a package: a folder, or the one file that is made of it.

    Raises:
        PackageError: it is none.
        StoreError: it cannot be read.
    """
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.model.package.reading import read_archive, read_folder

    if package.is_dir():
        return read_folder(SystemTree(package))
    return read_archive(SystemTree(package.parent), package.name)


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
