"""A medium in the wrong hands: it tells nothing, and brings what one hand has signed."""

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeward_harness.errors import Finding
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Put, Receiving, put, receiving
from edgeward_harness.rig.sink.carried import BadBundleError, Bundle, lay_answer
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .keeping import Records, count, device_name, kept

AT_ONCE: Final = 12
PATIENT: Final = "patient-of-the-medium"
EVERYTHING: Final = 1 << 40
WORD: Final = slice(20, 44)
"""The bytes of each payload that are looked for on the medium: drawn ones, which no other has."""
Answers = list[dict[str, Any]]


@pytest.mark.case("TC-OFF-016")
def test_wrong_hands(measure: Measure, rig: Rig) -> None:
    """A medium tells nothing of what it carries, and only its receiver's own answer ends anything.

    Method: a device that is never online exports records of a patient. No file on the medium may
    hold the name of the device or of the patient, a batch, or words of a record as they are. Then
    answers come back that are none: signed by a stranger or by nobody, changed, cut, about another
    device or another bundle, to batches that were never carried, or for more than was carried; and
    one that was done before comes again. After each of them another medium is exported to, and must
    still hold every record that no true answer has ended. A wrong signature must be told. The true
    answer comes last, and must end all of them.
    """
    repeats = rig.samples("TC-OFF-016")
    told: list[str] = []
    believed: list[str] = []
    files = trials = 0
    for done in range(repeats):
        seed = rig.seed(f"TC-OFF-016/{done}")
        with (
            receiving(seed) as here,
            rig.open_device(simulated_clock=True) as device,
            media() as fresh,
        ):
            hands = _Hands(device, here, fresh, seed)
            found = hands.looked_at()
            files += len(found)
            told += [fault for faults in found.values() for fault in faults]
            for said, way in WAYS.items():
                believed += [f"{said}: {fault}" for fault in hands.brought(way)]
                trials += 1
            believed += hands.ended()
            trials += 1
        rig.progress(done + 1, repeats)
    count(
        measure, "files_that_tell_something", told, files,
        "no name, no batch and no word of a record on a medium",
    )  # fmt: skip
    count(
        measure, "wrong_answers_believed", believed, trials,
        "a record is exported until the receiver's own answer to it came",
    )  # fmt: skip


@contextmanager
def media() -> Iterator[Callable[[], Path]]:
    """Gives an empty medium each time."""
    with tempfile.TemporaryDirectory(prefix="edgeward-media-") as folder:
        numbers = iter(range(1_000_000))

        def fresh() -> Path:
            path = Path(folder) / f"stick-{next(numbers)}"
            path.mkdir()
            return path

        yield fresh


class _Hands:
    """One device, its receiver, and who has the media in between."""

    def __init__(
        self, device: DeviceSession, here: Receiving, fresh: Callable[[], Path], seed: int
    ) -> None:
        self.device, self.here, self.fresh = device, here, fresh
        self.draw = random.Random(seed)  # noqa: S311 - a schedule, no secret
        self._records = Records(seed)
        self.name, self.desk = device_name(device), here.desk()
        here.enrol(device, connection="offline")
        here.stop()
        self._all: list[Put] = []
        self.export_anew()
        self.answer_before = self.lay(self.answers()).read_bytes()
        self.earlier = self.bundle
        self.imported(self.medium)

    def export_anew(self) -> None:
        """Records more, to an empty medium; this is the bundle that answers are about."""
        self.puts, self.medium = self.some(), self.fresh()
        told = self.device.call("outbox.export", {"to": str(self.medium)})
        self.bundle = str(told["bundle"])

    def some(self) -> list[Put]:
        """Records more, of the patient."""
        records = [self._records.one("trend", 400) for _ in range(AT_ONCE)]
        puts = kept(put(self.device, records, PATIENT))
        self._all += puts
        return puts

    def imported(self, medium: Path) -> dict[str, Any]:
        """What the device says of the answers there."""
        return dict(self.device.call("outbox.import", {"from": str(medium)}))

    def answers(self) -> Answers:
        """What the receiver would say, were it asked."""
        return self.desk.keep(self.read(self.medium, self.bundle))

    def read(self, medium: Path, name: str) -> Bundle:
        """A bundle, as the receiver reads it."""
        try:
            return self.desk.read(medium, name)
        except BadBundleError as error:
            raise Finding(f"What was exported is no bundle: {error}") from error

    def lay(self, answers: Answers, **other: Any) -> Path:  # noqa: ANN401 - of what is other
        """Lay an answer on the medium; with another device or key where one is given."""
        about = {"device": self.name, "key": self.desk.key, **other}
        return lay_answer(self.medium, self.bundle, about["device"], answers, about["key"])

    def looked_at(self) -> dict[str, list[str]]:
        """For each file on a medium, what it tells to everybody."""
        self.export_anew()
        words = {"the device": self.name.encode(), "the patient": PATIENT.encode()}
        for one in self.puts:
            words[f"record {one.sequence}"] = one.payload[WORD]
        return {
            path.name: _tells(path.name, path.read_bytes(), words)
            for path in sorted(self.medium.rglob("*"))
            if path.is_file()
        }

    def brought(self, way: "Callable[[_Hands], bool]") -> list[str]:
        """What a wrong answer did: records that are exported no more, and whether it was told."""
        self.export_anew()
        must_be_told = way(self)
        told = self.imported(self.medium)
        faults = [f"{one} is exported no more" for one in self._missing()]
        if must_be_told and not told["refused"]:
            faults.append("it was not told as refused")
        return faults

    def ended(self) -> list[str]:
        """What is exported still after the true answer to all."""
        self.export_anew()
        self.lay(self.answers())
        told = self.imported(self.medium)
        self.puts = self._all
        left = len(self.puts) - len(self._missing())
        faults = [f"the true answer was refused: {told['refused']}"] if told["refused"] else []
        return [*faults, f"{left} records are exported after their answer"] if left else faults

    def _missing(self) -> list[str]:
        """Records that a new medium does not hold."""
        medium = self.fresh()
        name = self.device.call("outbox.export", {"to": str(medium)})["bundle"]
        held = set()
        if name is not None:
            batches = self.read(medium, str(name)).batches
            held = {(one.token.hex(), one.sequence) for each in batches for one in each.records}
        return [f"record {one.sequence}" for one in self.puts if one.identity not in held]


def _by_a_stranger(hands: _Hands) -> bool:
    """Another key than the one it was told signed it."""
    hands.lay(hands.answers(), key=Ed25519PrivateKey.generate())
    return True


def _by_nobody(hands: _Hands) -> bool:
    """Where the signature belongs there are zeros."""
    told = {"format": 1, "device": hands.name, "bundle": hands.bundle, "answers": hands.answers()}
    path = hands.medium / f"edgeward-{hands.bundle}.answer"
    path.write_bytes(b"EWA1" + json.dumps(told).encode() + bytes(64))
    return True


def _changed(hands: _Hands) -> bool:
    """One bit of it is another one."""
    path = hands.lay(hands.answers())
    data = bytearray(path.read_bytes())
    data[hands.draw.randrange(len(data))] ^= 1 << hands.draw.randrange(8)
    path.write_bytes(data)
    return True


def _cut(hands: _Hands) -> bool:
    """It ends somewhere."""
    path = hands.lay(hands.answers())
    path.write_bytes(path.read_bytes()[: hands.draw.randrange(path.stat().st_size)])
    return True


def _of_another_device(hands: _Hands) -> bool:
    """The receiver signed it, for somebody else."""
    hands.lay(hands.answers(), device="0" * 32)
    return True


def _of_another_bundle(hands: _Hands) -> bool:
    """The receiver signed it, and somebody gave the file this name."""
    path = lay_answer(hands.medium, "0" * 16, hands.name, hands.answers(), hands.desk.key)
    path.rename(hands.medium / f"edgeward-{hands.bundle}.answer")
    return True


def _done_before(hands: _Hands) -> bool:
    """The answer of before, to a bundle that is done."""
    (hands.medium / f"edgeward-{hands.earlier}.answer").write_bytes(hands.answer_before)
    return False


def _to_other_batches(hands: _Hands) -> bool:
    """The receiver signed it; no batch of this bundle has such a name."""
    hands.lay([{**one, "batch": "0" * 32} for one in hands.answers()])
    return False


def _for_more(hands: _Hands) -> bool:
    """It claims to hold all there ever will be; what came after the export was never carried."""
    answers = hands.answers()
    carried, hands.puts = hands.puts, hands.some()
    epochs = {one.epoch for one in (*carried, *hands.puts)}
    ranges = [[epoch, 1, EVERYTHING] for epoch in epochs]
    hands.lay([{**one, "durable": ranges} for one in answers])
    return False


WAYS: Final = {
    "signed by a stranger": _by_a_stranger,
    "signed by nobody": _by_nobody,
    "changed": _changed,
    "cut": _cut,
    "about another device": _of_another_device,
    "about another bundle": _of_another_bundle,
    "done before": _done_before,
    "to other batches": _to_other_batches,
    "for more than was carried": _for_more,
}


def _tells(name: str, data: bytes, words: dict[str, bytes]) -> list[str]:
    faults = [f"{name} names {what}" for what, word in words.items() if word in data]
    if b"EWB1" in data[:8]:
        faults.append(f"{name} is a batch as it is")
    return faults
