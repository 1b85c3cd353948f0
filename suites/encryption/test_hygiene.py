"""No key stands where keys do not belong."""

import base64
import contextlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Receiving, receiving, until
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import AT_ONCE, connect
from .kept import Kept
from .recording import count
from .searching import files, forms, leaks
from .storage import KEYS, PAPERS, part_of

WITHIN_S: Final = 15.0
RECORDS: Final = 10
KEY_BYTES: Final = 32
PRIVATE: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*-----", re.DOTALL
)
FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
Secrets = dict[str, Mapping[str, bytes]]


@pytest.mark.case("TC-ENC-009")
def test_hygiene(measure: Measure, rig: Rig) -> None:
    """Keys stand in the files for keys, which nobody else can read, and nowhere else.

    Method: a device keeps and delivers, is asked for what it must refuse, loses its receiver, is
    killed and started again. Then the bench learns its keys: the data keys from the receiver, those
    that wrap them and its private key from the files for them. Everything that it printed, told or
    was told, the arguments and environments of its processes, and every other file of its state is
    searched for each of them, as it is, in hex, and in base64 at each offset. Modes of files and
    folders are read.
    """
    repeats = rig.samples("TC-ENC-009")
    found: list[str] = []
    open_to: list[str] = []
    looked = keys = 0
    for number in range(repeats):
        with (
            tempfile.TemporaryDirectory(prefix="edgeward-state-") as made,
            receiving(rig.seed(f"hygiene {number}")) as rx,
            rig.open_device(state=Path(made)) as device,
        ):
            told = _lived(device, rx)
            hidden = _secrets(rx, Path(made))
            keys += len(hidden)
            faults, times = leaks(_places(device, Path(made), told), hidden)
            found += faults
            looked += times
            open_to += [fault for part in (KEYS, PAPERS) for fault in _modes(Path(made), part)]
        rig.progress(number + 1, repeats)
    measure.check(
        "keys_are_known", keys >= 3 * repeats, observed=f"{keys} keys",
        expected="data keys, keys that wrap them and a private key, to be searched for",
    )  # fmt: skip
    count(measure, "keys_found", found, looked, "no key where keys do not belong")
    count(measure, "key_files_for_others", open_to, 2 * repeats, "0600 in 0700")


def _lived(device: DeviceSession, rx: Receiving) -> bytes:
    """A life with all that usually makes a program talk; what it said and printed."""
    kept = Kept(device.description["device"]["id"])
    rx.enrol(device, **AT_ONCE)
    kept.some(device, RECORDS, "kept", patient="p1")
    device.call_expecting_error("link.connect", {**rx.link(), "receiver_key": "AAAA"})
    device.call_expecting_error("link.connect", {**rx.link(), "certificate": "none"})
    device.call("keys.rotate", {})
    until(lambda: kept.arrived(rx), WITHIN_S)
    rx.stop()
    kept.some(device, RECORDS, "kept without", patient="p2")
    connect(device, rx)
    until(lambda: bool(device.call("outbox.status", {})["link"]["failures"]), WITHIN_S)
    said = [device.stderr_tail(), _answers(device)]
    device.kill()
    rx.start()
    device.restart()
    device.call("keys.erase", {"patient": "p1"})
    kept.some(device, RECORDS, "kept after")
    until(lambda: kept.arrived(rx), WITHIN_S)
    said += [device.stderr_tail(), _answers(device), device.transcript.text().encode()]
    return b"\n".join(said)


def _answers(device: DeviceSession) -> bytes:
    """What it tells of itself."""
    asked = ("describe", "outbox.status", "link.request", "keys.rotate")
    return json.dumps([device.call(method, {}) for method in asked]).encode()


def _secrets(rx: Receiving, state: Path) -> Secrets:
    """Every key there is, by what it is."""
    rows = rx.receiver.ledger.rows("SELECT DISTINCT secret FROM keys")
    hidden = Secrets({f"data key {n}": forms(secret) for n, (secret,) in enumerate(rows)})
    for number, key in enumerate(_wrapping(part_of(state, KEYS))):
        hidden[f"key of the keyring {number}"] = forms(key)
    for number, key in enumerate(_private(part_of(state, PAPERS))):
        hidden[f"private key {number}"] = forms(key)
    return hidden


def _wrapping(folder: Path) -> list[bytes]:
    """Whatever in these files is as long as a key."""
    texts = [text for _, data in files(folder) for text in _texts(json.loads(data))]
    return [key for text in texts for key in _read(text) if len(key) == KEY_BYTES]


def _read(text: str) -> Iterator[bytes]:
    """A text as the bytes that it may stand for."""
    with contextlib.suppress(ValueError):
        yield bytes.fromhex(text)
    with contextlib.suppress(ValueError):
        yield base64.b64decode(text, validate=True)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("digest", "tag"):  # these are told to everybody
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _private(folder: Path) -> Iterator[bytes]:
    """The numbers that private keys are."""
    for _, data in files(folder):
        for pem in PRIVATE.findall(data.decode("utf-8", "replace").replace("\\n", "\n")):
            key = serialization.load_pem_private_key(pem.encode(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                yield key.private_numbers().private_value.to_bytes(KEY_BYTES)
            if isinstance(key, ed25519.Ed25519PrivateKey):
                yield key.private_bytes_raw()


def _places(device: DeviceSession, state: Path, told: bytes) -> Iterator[tuple[str, bytes]]:
    yield "what it printed and told", told
    for pid in device.processes():
        for name in ("cmdline", "environ"):
            yield f"{name} of a process", Path(f"/proc/{pid}/{name}").read_bytes()
    for name, data in files(state):
        if not name.startswith((KEYS, PAPERS)):
            yield name, data


def _modes(state: Path, part: str) -> list[str]:
    folder = part_of(state, part)
    modes = {part: (folder.stat().st_mode & 0o777, FOLDER_MODE)}
    for path in folder.rglob("*"):
        wanted = FOLDER_MODE if path.is_dir() else FILE_MODE
        modes[str(path.relative_to(state))] = (path.stat().st_mode & 0o777, wanted)
    wrong = [f"{name} is {found:04o}" for name, (found, wanted) in modes.items() if found != wanted]
    return ["; ".join(wrong)] if wrong else []
