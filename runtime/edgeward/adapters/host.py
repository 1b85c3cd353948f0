"""What this process uses of its host, as far as the host tells, and the files it came from."""

import os
from functools import cache
from pathlib import Path

import edgeward
from edgeward.adapters.sensors import Sensors

_PACKAGE = Path(edgeward.__file__).parent


class Host:
    """The machine this process runs on."""

    __slots__ = ()

    def rss_bytes(self) -> int | None:
        """Resident memory of this process, or None where the system does not tell."""
        try:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):
            return None
        return pages * os.sysconf("SC_PAGE_SIZE")

    def temperature_c(self) -> float | None:
        """The hottest sensor of the machine, or None where it has none."""
        return Sensors().temperature_c()

    def cpu_seconds(self) -> float | None:
        """Processor time of this process, user and system."""
        used = os.times()
        return used.user + used.system


def package_file(relative: str) -> bytes:
    """The bytes of a file shipped in this package.

    Raises:
        OSError: the file is missing or unreadable.
    """
    return (_PACKAGE / relative).read_bytes()


@cache
def build_sha256() -> str:
    """One digest over every file of this package: what runs here, whatever it calls itself."""
    import hashlib  # OpenSSL, 3.5 MB: not before somebody asks

    total = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
