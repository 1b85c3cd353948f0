"""Raw data beside the records, named by the SHA-256 of its content.

Several processes may store the same bytes at once; whoever comes second finds the file in place.
"""

import os
from pathlib import Path

from edgeward.canonical import sha256_hex
from edgeward_harness.evidence.files import refusal, sync_folder, write_new

FOLDER = "artifacts"


def store_artifact(bundle: Path, data: bytes) -> str:
    """Keep bytes in a bundle and return their digest; they are on the disk when this returns.

    Raises:
        HarnessError: the disk refused; nothing of these bytes was kept.
    """
    digest = sha256_hex(data)
    folder = bundle / FOLDER
    target = folder / digest
    beside = folder / f".{digest}.{os.getpid()}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists():
            return digest
        try:
            write_new(beside, data)
            beside.replace(target)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        sync_folder(folder)
    except OSError as fault:
        raise refusal(target, fault, "nothing of it was kept") from fault
    return digest
