"""Recordings that were kept as arrays: alarms of the CinC Challenge 2015, BIDMC, EC13, noise."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgeward.signal.channel import Signal
from edgeward.signal.ring import Samples
from edgeward_harness.errors import InputError
from edgeward_harness.rig.recordings.manifest import Manifest
from edgeward_harness.rig.recordings.recording import BedsideAlarm, Recording, Wave
from edgeward_harness.rig.recordings.wfdb_folder import signal_of

CHALLENGE_RATE_HZ = 250
BIDMC_RATE_HZ = 125
EC13_RATE_HZ = 720
_NOT_RECORDED = -(1 << 15)


class _Folder:
    """A folder whose files are read through the manifest, and remembered with their digests."""

    def __init__(self, root: Path, folder: Path, manifest: Manifest) -> None:
        self.path = folder
        self._root = root
        self._manifest = manifest
        self.files: dict[str, str] = {}

    def bytes(self, name: str) -> bytes:
        path = self.path / name
        data, digest = self._manifest.read(self._root, path)
        self.files[path.relative_to(self._root).as_posix()] = digest
        return data

    def arrays(self, name: str) -> Mapping[str, Any]:
        try:
            archive = np.load(io.BytesIO(self.bytes(name)), allow_pickle=False)
            return {key: archive[key] for key in archive.files}
        except (ValueError, OSError, KeyError) as error:
            fault = f"is no archive of arrays: {error}"
            raise InputError(str(self.path / name), [fault]) from error

    def digests(self, *names: str) -> dict[str, str]:
        return {key: digest for key, digest in self.files.items() if key.endswith(names)}


def read_challenge(root: Path, folder: Path, manifest: Manifest) -> Iterator[Recording]:
    """The 30 s before each alarm, in the order of the index.

    Raises:
        InputError: a file cannot be read, or says something else than the index.
    """
    given = _Folder(root, folder, manifest)
    index = json.loads(given.bytes("INDEX.json"))
    archives: dict[str, Mapping[str, Any]] = {}
    for entry in index:
        file = f"{entry['alarm']}_30s.npz"
        if file not in archives:
            archives[file] = given.arrays(file)
        stored = archives[file].get(entry["record"])
        if stored is None or len(stored) != len(entry["channels"]):
            fault = f"{entry['record']}: not there as the index says it is"
            raise InputError(str(folder / file), [fault])
        yield Recording(
            collection="cinc2015",
            name=entry["record"],
            patient=f"cinc2015/{entry['record']}",
            waves=tuple(_challenge_waves(entry, stored)),
            files=given.digests("INDEX.json", file),
            alarm=BedsideAlarm(entry["alarm"], bool(entry["true"])),
        )


def _challenge_waves(entry: Mapping[str, Any], stored: Any) -> Iterator[Wave]:  # noqa: ANN401 - int16
    for name, gain, values in zip(entry["channels"], entry["gain"], stored, strict=True):
        factor, _, unit = gain.partition("/")
        kind = signal_of(name, unit)
        if kind is not None:
            samples = (values / float(factor)).astype(np.float32)
            samples[values == _NOT_RECORDED] = np.nan
            yield Wave(name, kind[0], kind[1], CHALLENGE_RATE_HZ, samples)


def read_bidmc(root: Path, folder: Path, manifest: Manifest) -> Iterator[Recording]:
    """PPG, ECG and respiration with breaths and a monitor's numbers, in the order of the names.

    Raises:
        InputError: a file cannot be read.
    """
    given = _Folder(root, folder, manifest)
    archive = "signals_125hz.npz"
    arrays = given.arrays(archive)
    for number in sorted({key.partition("_")[0] for key in arrays}):
        breaths, numbers = f"bidmc_{number}_Breaths.csv", f"bidmc_{number}_Numerics.csv"
        yield Recording(
            collection="bidmc",
            name=f"bidmc{number}",
            patient=f"bidmc/{number}",
            waves=tuple(_bidmc_waves(number, arrays)),
            breaths=_breaths(given.bytes(breaths)),
            numbers=_numbers(given.bytes(numbers)),
            files=given.digests(archive, breaths, numbers),
        )


def _bidmc_waves(number: str, arrays: Mapping[str, Samples]) -> Iterator[Wave]:
    for key, signal, unit in (
        ("II", Signal.ECG, "mV"),
        ("PLETH", Signal.PPG, "1"),
        ("RESP", Signal.RESPIRATION, "1"),
    ):
        if f"{number}_{key}" in arrays:
            yield Wave(key, signal, unit, BIDMC_RATE_HZ, arrays[f"{number}_{key}"])


def _breaths(data: bytes) -> tuple[tuple[int, ...], ...]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"))))[1:]
    columns = ([row[place].strip() for row in rows if row[place:]] for place in range(2))
    return tuple(tuple(int(one) for one in column if one.isdigit()) for column in columns)


def _numbers(data: bytes) -> dict[str, tuple[float, ...]]:
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8")), skipinitialspace=True))
    names = [name for name in rows[0] if name and not name.startswith("Time")]
    return {name: tuple(_number(row[name]) for row in rows) for name in names}


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return math.nan


def read_ec13(root: Path, folder: Path, manifest: Manifest) -> Iterator[Recording]:
    """The waveforms of EC13, in the order of their names.

    Raises:
        InputError: a file cannot be read.
    """
    given = _Folder(root, folder, manifest)
    for path in sorted(folder.glob("*.npz")):
        name = path.stem.partition("_")[0]
        millivolts = given.arrays(path.name)["mv"]
        yield Recording(
            collection="aami_ec13",
            name=name,
            patient=f"aami_ec13/{name}",
            waves=(Wave("ECG", Signal.ECG, "mV", EC13_RATE_HZ, millivolts),),
            files=given.digests(path.name),
        )


def read_noise(root: Path, folder: Path, manifest: Manifest) -> Iterator[Recording]:
    """Noise of electrodes beside the records of a folder, kept in steps of a converter.

    Raises:
        InputError: a file cannot be read, or lacks its steps, their rate or their gain.
    """
    given = _Folder(root, folder, manifest)
    for path in sorted(folder.glob("*.npz")):
        arrays = given.arrays(path.name)
        absent = [key for key in ("adu", "fs", "gain") if key not in arrays]
        if absent:
            raise InputError(str(path), [f"found no {', '.join(absent)}; expected adu, fs, gain"])
        name, rate_hz = path.stem.partition("_")[0], int(arrays["fs"])
        steps = np.atleast_2d(arrays["adu"].T)
        yield Recording(
            collection=folder.name,
            name=name,
            patient=f"{folder.name}/{name}",
            waves=tuple(
                Wave(f"noise{place}", Signal.ECG, "mV", rate_hz, row.astype(np.float32))
                for place, row in enumerate(steps / float(arrays["gain"]), start=1)
            ),
            files=given.digests(path.name),
        )
