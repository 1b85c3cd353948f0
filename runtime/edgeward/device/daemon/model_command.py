"""`edgeward model`: make, look into, activate and take back signed model packages.

Exit status: 0 done; 1 the package is refused, and each reason is told; 2 it could not be decided,
such as without a key, a profile or a disk that can be read.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from edgeward.device.daemon.folder import profiles_in
from edgeward.device.daemon.model_options import configure
from edgeward.device.stored_model import package_files, trusted
from edgeward.errors import PackageError

if TYPE_CHECKING:
    from edgeward.model.package.verify import Terms
    from edgeward.profile import Profile

__all__ = ["configure", "run"]


def run(options: argparse.Namespace) -> int:
    """Do what was asked for.

    Raises:
        EdgewardError: a key, the profile or the disk cannot be used.
    """
    action = {
        "inspect": _inspect,
        "sign": _sign,
        "pack": _pack,
        "activate": _activate,
        "rollback": _rollback,
        "list": _list,
    }[options.action]
    return action(options)


def _inspect(options: argparse.Namespace) -> int:
    from edgeward.device.daemon.model_words import as_text
    from edgeward.model.package.verify import faults_of

    trust = None if options.trust is None else trusted(options.trust)
    profile = None if options.profile is None else _profile(options)
    try:
        files = package_files(options.path)
    except PackageError as error:
        return _refused(error)
    print(as_text(files, signed=trust is not None, held=profile is not None))
    faults = faults_of(files, trust, profile)
    return _refused(PackageError(faults)) if faults else 0


def _sign(options: argparse.Namespace) -> int:
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.limits import DEFAULT
    from edgeward.model.package.keys import signing_key
    from edgeward.model.package.reading import sign_folder

    keys = SystemTree(options.key.parent)
    key = signing_key(keys.read(options.key.name, DEFAULT.key_bytes_max) or b"")
    try:
        verified = sign_folder(SystemTree(options.path), key)
    except PackageError as error:
        return _refused(error)
    print(f"signed {verified.digest} with the key {verified.key}")
    return 0


def _pack(options: argparse.Namespace) -> int:
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.model.package.archive import pack
    from edgeward.model.package.layout import package_digest

    try:
        files = package_files(options.path)
    except PackageError as error:
        return _refused(error)
    SystemTree(options.out.parent).create(options.out.name, data := pack(files))
    print(f"packed {package_digest(files)}, {len(data):,} bytes")
    return 0


def _activate(options: argparse.Namespace) -> int:
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.model.package.store import ModelStore

    accepted = _terms(options)
    try:
        verified = ModelStore(SystemTree(options.store)).activate(
            package_files(options.path), accepted
        )
    except PackageError as error:
        return _refused(error)
    card = verified.dossier.model
    golden = f"{verified.golden_windows} golden windows reproduced"
    print(f"active: {card.name} {card.version}, {verified.digest}; {golden}")
    return 0


def _rollback(options: argparse.Namespace) -> int:
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.model.package.store import ModelStore

    accepted = _terms(options)
    try:
        verified = ModelStore(SystemTree(options.store)).rollback(accepted)
    except PackageError as error:
        return _refused(error)
    card = verified.dossier.model
    print(f"active again: {card.name} {card.version}, {verified.digest}")
    return 0


def _list(options: argparse.Namespace) -> int:
    from edgeward.adapters.file_tree import SystemTree
    from edgeward.device.daemon.model_words import listed
    from edgeward.model.package.store import ModelStore

    try:
        print(listed(ModelStore(SystemTree(options.store))))
    except PackageError as error:
        return _refused(error)
    return 0


def _terms(options: argparse.Namespace) -> "Terms":
    from edgeward.model.package.verify import Terms

    return Terms(trusted(options.trust), _profile(options))


def _profile(options: argparse.Namespace) -> "Profile":
    from edgeward.profile import load_profile

    first = [] if options.profiles is None else [options.profiles]
    return load_profile(options.profile, [*first, *profiles_in()]).profile


def _refused(error: PackageError) -> int:
    lines = "".join(f"\n  - {text}" for text in error.faults)
    print(f"edgeward: the package is refused:{lines}", file=sys.stderr)
    return 1
