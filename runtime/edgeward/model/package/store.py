"""The packages on a device: which one is active, and which one was before.

Rules:
1. One small file, the pointer, says both. It is replaced in one step, and only after all that it
   names is checked, written, synced and read back. So whatever kills the process or the power, the
   next start finds the old package active or the new one, never a part of one and never none.
2. Whatever the pointer does not name is a leftover; it is removed at the next start or activation,
   and only once the pointer itself is surely on the disk.
3. Going back is an activation like any other, with every check again.
4. What lies on the disk is trusted no more than what arrives: it is checked whenever it is loaded.
"""

import contextlib

from edgeward.errors import PackageError, StoreError
from edgeward.limits import DEFAULT, Limits
from edgeward.model.package.layout import Files
from edgeward.model.package.pointer import DIGEST, POINTER, Pointer, parse_pointer, pointer_bytes
from edgeward.model.package.reading import read_folder
from edgeward.model.package.verify import Terms, Verified, verify
from edgeward.ports import FileTree

_POINTER_NEW = "active.new"
_PACKAGES = "packages"
_POINTER_BYTES_MAX = 4096


class ModelStore:
    """The folder with a device's packages. One process at a time changes it."""

    __slots__ = ("_limits", "_tree")

    def __init__(self, tree: FileTree, limits: Limits = DEFAULT) -> None:
        """Keep the packages in this tree."""
        self._tree = tree
        self._limits = limits

    def pointer(self) -> Pointer | None:
        """What is active; None where nothing ever was.

        Raises:
            PackageError: the pointer holds something that was never written here.
            StoreError: it cannot be read.
        """
        data = self._tree.read(POINTER, _POINTER_BYTES_MAX)
        return None if data is None else parse_pointer(data)

    def digests(self) -> tuple[str, ...]:
        """The packages that lie there, leftovers included."""
        names = [one.name for one in self._tree.entries(_PACKAGES)]
        return tuple(name for name in names if DIGEST.fullmatch(name))

    def activate(self, files: Files, terms: Terms) -> Verified:
        """Check a package on this device, keep it, and make it the active one.

        Raises:
            PackageError: it may not run here, and nothing was changed; each reason is told.
            StoreError: the disk refused, or somebody else activates: the old one is active. Only
                when the very last step fails, a sync, may it be the new one already.
        """
        if terms.profile is None:
            raise PackageError("profile: found none; accepted: the device profile it has to fit")
        with self._tree.claim():
            pointer = self._clear()
            verified = verify(files, terms)
            self._place(verified.digest, files)
            self._point(pointer, verified.digest, terms.profile.name)
        return verified

    def rollback(self, terms: Terms) -> Verified:
        """Make the package before the active one; the active one is then the one before.

        Raises:
            PackageError: there is none, or it may not run here (any more).
            StoreError: as of `activate`.
        """
        pointer = self.pointer()
        if pointer is None or pointer.before is None:
            raise PackageError("the package before: found none; accepted: one that was active once")
        return self.activate(self.files(pointer.before), terms)

    def load(self, terms: Terms) -> Verified:
        """The active package, checked anew; leftovers are cleared where the folder allows it.

        Raises:
            PackageError: none is active, or it may not run.
            StoreError: it cannot be read.
        """
        with contextlib.suppress(StoreError), self._tree.claim():
            self._clear()
        return self.active(terms)

    def active(self, terms: Terms) -> Verified:
        """The active package, checked anew; nothing in the folder is touched.

        Raises:
            PackageError: as `load`.
            StoreError: as `load`.
        """
        pointer = self.pointer()
        if pointer is None:
            raise PackageError("the active package: found none; accepted: one that was activated")
        return verify(self.files(pointer.active), terms)

    def files(self, digest: str) -> dict[str, bytes]:
        """The package of this digest, as it lies there: nothing of it is checked.

        Raises:
            PackageError: a file is missing or too many.
            StoreError: a file cannot be read.
        """
        return read_folder(self._tree, f"{_PACKAGES}/{digest}", limits=self._limits)

    def _place(self, digest: str, files: Files) -> None:
        """Rule 1 for the files: they are under their name, whole and durable, when this returns."""
        target, fresh = f"{_PACKAGES}/{digest}", f"{_PACKAGES}/.new-{digest}"
        there = digest in self.digests()
        if there and self._holds(digest, files):
            return
        self._tree.make_folder(_PACKAGES)
        self._tree.sync("")
        self._tree.make_folder(fresh)
        for name, data in sorted(files.items()):
            self._tree.create(f"{fresh}/{name}", data)
            self._tree.sync(f"{fresh}/{name}")
        self._tree.sync(fresh)
        if read_folder(self._tree, fresh, limits=self._limits) != dict(files):
            raise StoreError(f"{fresh}: the disk gives back other bytes than were written")
        if there:  # damaged on the disk, so it could not have been loaded
            self._tree.rename(target, f"{_PACKAGES}/.damaged-{digest}")
        self._tree.rename(fresh, target)
        self._tree.sync(_PACKAGES)

    def _holds(self, digest: str, files: Files) -> bool:
        try:
            return self.files(digest) == dict(files)
        except (PackageError, StoreError):
            return False

    def _point(self, old: Pointer | None, digest: str, profile: str) -> None:
        """Rule 1 for the pointer."""
        before = None if old is None else old.active
        if old is not None and old.active == digest:
            before = old.before
        new = Pointer(digest, before, profile)
        if new == old:
            return
        self._tree.create(_POINTER_NEW, pointer_bytes(new))
        self._tree.sync(_POINTER_NEW)
        self._tree.rename(_POINTER_NEW, POINTER)
        self._tree.sync("")

    def _clear(self) -> Pointer | None:
        """Rule 2; what is active. A pointer that cannot be read lets nothing be removed."""
        pointer = self.pointer()
        named = set() if pointer is None else {pointer.active, pointer.before}
        root = [one.name for one in self._tree.entries("") if one.name == _POINTER_NEW]
        unnamed = [one for one in self._tree.entries(_PACKAGES) if one.name not in named]
        if not root and not unnamed:
            return pointer
        self._tree.sync("")
        for name in root:
            self._tree.remove(name)
        for one in unnamed:
            self._remove(f"{_PACKAGES}/{one.name}", one.kind)
        return pointer

    def _remove(self, path: str, kind: str) -> None:
        """A leftover; a folder holds files at most."""
        for one in self._tree.entries(path) if kind == "folder" else ():
            self._tree.remove(f"{path}/{one.name}")
        self._tree.remove(path)
