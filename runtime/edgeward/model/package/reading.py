"""Reads a package from a folder or from its transport form, and signs one in its folder."""

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from edgeward.errors import PackageError
from edgeward.limits import DEFAULT, Limits
from edgeward.model.package.archive import unpack
from edgeward.model.package.dossier import parse_dossier
from edgeward.model.package.keys import Trust, hint_of
from edgeward.model.package.layout import CARD, NAMES, SIGNATURE, SIGNED, fault, name_faults, told
from edgeward.model.package.signature import sign
from edgeward.model.package.verify import Terms, Verified, verify
from edgeward.ports import FileTree


def read_archive(tree: FileTree, name: str, limits: Limits = DEFAULT) -> dict[str, bytes]:
    """The files of a package in its transport form.

    Raises:
        PackageError: there is none, or it is not what `pack` writes.
        StoreError: it cannot be read, or is longer than any package may be.
    """
    data = tree.read(name, limits.package_bytes_max)
    if data is None:
        raise PackageError(fault(name, None, "a package: a folder, or the file made from one"))
    return unpack(data)


def read_folder(
    tree: FileTree,
    folder: str = "",
    due: tuple[str, ...] = NAMES,
    limits: Limits = DEFAULT,
) -> dict[str, bytes]:
    """The files of a package that lies in a folder.

    Raises:
        PackageError: a file is missing or too many, is a link, or all are too large together.
        StoreError: a file cannot be read.
    """
    entries = tree.entries(folder)
    faults = name_faults({one.name for one in entries}, due)
    faults += [
        told(one.name, f"a {one.kind}, no regular file", "a file, no link and no folder")
        for one in entries
        if one.kind != "file" and one.name in due
    ]
    size = sum(one.size_bytes for one in entries)
    if size > limits.package_bytes_max:
        accepted = f"at most package_bytes_max = {limits.package_bytes_max}"
        faults.append(told("the package", f"{size} bytes", accepted))
    if faults:
        raise PackageError(faults)
    prefix = f"{folder}/" if folder else ""
    return {name: tree.read(f"{prefix}{name}", limits.package_bytes_max) or b"" for name in due}


def sign_folder(tree: FileTree, key: EllipticCurvePrivateKey) -> Verified:
    """Sign the package in a folder, after it was checked as a device would, its answers included.

    A signature that is there is replaced. Evidence is not asked for: that is the device's to do.

    Raises:
        PackageError: no device would accept it; nothing was signed, and each reason is told.
        StoreError: a file cannot be read or written.
    """
    there = {one.name for one in tree.entries("")}
    due = NAMES if SIGNATURE in there else SIGNED
    files = read_folder(tree, due=due)
    dossier, faults = parse_dossier(files[CARD])
    if dossier is None:
        raise PackageError(faults)
    public = key.public_key()
    files[SIGNATURE] = sign(dossier.model.name, files, key)
    verified = verify(files, Terms(Trust({hint_of(public): public}), None))
    fresh = f"{SIGNATURE}.new"
    tree.create(fresh, files[SIGNATURE])
    tree.sync(fresh)
    tree.rename(fresh, SIGNATURE)
    tree.sync("")
    return verified
