"""Some recordings of a collection: for what one patient shows, fifty need not be played."""

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np

INDEX = "INDEX.json"


def excerpt(collection: Path, names: Collection[str], place: Path) -> None:
    """Lay out these recordings of a collection in a new folder, and nothing else of it.

    Rules:
    - A recording in files of its own is named by what comes before the dot.
    - One that is kept in an archive of arrays is named by its arrays, before the underscore. Such
      an archive is written anew with these arrays; the index beside it, with their entries. The
      texts that belong to them are there as they are.
    """
    place.mkdir()
    archived = any(collection.glob("*.npz"))
    for part in sorted(collection.iterdir()):
        if part.suffix == ".npz":
            _some_arrays(part, names, place / part.name)
        elif part.name == INDEX:
            entries = [one for one in json.loads(part.read_bytes()) if one["record"] in names]
            (place / INDEX).write_text(json.dumps(entries), encoding="utf-8")
        elif archived or part.name.partition(".")[0] in names:
            (place / part.name).symlink_to(part.resolve())


def _some_arrays(archive: Path, names: Collection[str], path: Path) -> None:
    with np.load(archive, allow_pickle=False) as arrays:
        kept = {key: arrays[key] for key in arrays.files if key.partition("_")[0] in names}
    if kept:
        np.savez(path, **kept)
