"""The ways in which a device is connected, and what is asked of it whichever it is."""

import contextlib
import json
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.network.proxy import FaultProxy
from edgeward_harness.rig.network.weather import Act, Drawn, Kind
from edgeward_harness.rig.receiving import Put, Receiving, put
from edgeward_harness.rig.sink.carried import Bundle
from edgeward_harness.rig.sink.decode import CLASSES as CODES
from edgeward_harness.rig.sink.decode import HISTORICAL
from edgeward_harness.target import DeviceSession

from .keeping import NS, Records, device_name, driven, faults_of, kept, passes
from .owning import keys_shared

ROUGH: Final = (Kind.CLEAR, Kind.DELAY, Kind.STALL, Kind.THROTTLE, Kind.RESET, Kind.TRUNCATE)
PATIENTS: Final = ("patient-1", "patient-2", None)
AT_ONCE: Final = 8
"""Records of each patient in a round."""
TRIPS_MAX: Final = 12
Owned = tuple[str, Put]


class Way(Protocol):
    """How what waits gets to the receiver."""

    faults: list[str]
    """What was seen on the way that must not be."""

    def enrol(self) -> None:
        """Let the device know its receiver, and how it is connected."""
        ...

    def bring(self) -> None:
        """Give what waits a chance to leave; something may go wrong."""
        ...

    def brought(self, puts: Sequence[Put]) -> bool:
        """Nothing goes wrong any more: whether all of these come, and are let go."""
        ...


class Linked:
    """A link that stands."""

    connection = "always-online"

    def __init__(self, device: DeviceSession, here: Receiving) -> None:
        self.faults: list[str] = []
        self._device, self._here = device, here

    def enrol(self) -> None:
        """Over the link itself."""
        self._here.enrol(self._device, connection=self.connection)

    def bring(self) -> None:
        """Longer than a trend waits for company."""
        passes(self._device, 40 * NS)

    def brought(self, puts: Sequence[Put]) -> bool:
        """As long as something comes."""
        return driven(self._device, self._here, puts)


class Tide:
    """Rough weather while the link is there, and no link otherwise."""

    def __init__(self, seed: int) -> None:
        self.up = True
        self._rough = Drawn(seed, ROUGH)

    def act(self, number: int) -> Act:
        """What happens to this connection."""
        return self._rough.act(number) if self.up else Act(Kind.REFUSE)


class ComingAndGoing(Linked):
    """A link that is there for some seconds, and breaks."""

    connection = "intermittent"

    def __init__(
        self, device: DeviceSession, here: Receiving, proxy: FaultProxy, tide: Tide
    ) -> None:
        super().__init__(device, here)
        self._proxy, self._tide = proxy, tide

    def bring(self) -> None:
        """There for twenty seconds, away for forty."""
        self._tide.up = True
        passes(self._device, 20 * NS)
        self._tide.up = False
        self._proxy.reset_all()
        passes(self._device, 40 * NS)

    def brought(self, puts: Sequence[Put]) -> bool:
        """It comes back."""
        self._tide.up = True
        return super().brought(puts)


class Carried:
    """No link at all: a medium goes back and forth, and things happen to it."""

    def __init__(
        self, device: DeviceSession, here: Receiving, medium: Path, draw: random.Random
    ) -> None:
        self.faults: list[str] = []
        self._device, self._here, self._medium, self._draw = device, here, medium, draw
        self._drawer: list[tuple[str, bytes]] = []
        """Answers that somebody forgot to bring back."""

    def enrol(self) -> None:
        """The receiver listens to nobody."""
        self._here.enrol(self._device, connection="offline")
        self._here.stop()

    def bring(self) -> None:
        """One trip, on which something goes wrong as often as not."""
        mishap = self._draw.choice((None, self._pulled, self._lost, self._forgot, self._late))
        self._export()
        if mishap is None:
            self._desk()
        else:
            mishap()
        self._import()

    def brought(self, puts: Sequence[Put]) -> bool:
        """Whether a device that had its answers exports none of these any more."""
        wanted = {one.identity for one in puts}
        for _ in range(TRIPS_MAX):
            self._export()
            sent = {
                (record.token.hex(), record.sequence)
                for bundle in self._desk()
                for batch in bundle.batches
                for record in batch.records
            }
            self._import()
            if not wanted & sent:
                return wanted <= self._here.received(device_name(self._device))
        return False

    def _export(self) -> None:
        self._device.call("outbox.export", {"to": str(self._medium)})

    def _import(self) -> None:
        told = self._device.call("outbox.import", {"from": str(self._medium)})
        self.faults += [f"a true answer was refused: {one['reason']}" for one in told["refused"]]

    def _desk(self) -> list[Bundle]:
        """The medium is at the receiver's."""
        taken = self._here.desk().take(self._medium)
        self.faults += [fault for bundle in taken for fault in _disorder(bundle)]
        return taken

    def _pulled(self) -> None:
        """Pulled out before its end: no manifest, and a part that is not whole."""
        for part in self._medium.glob("edgeward-*/part-*"):
            part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
        for manifest in self._medium.glob("edgeward-*/manifest"):
            manifest.unlink()
        self._desk()

    def _lost(self) -> None:
        """Never seen again: another medium takes its place."""
        shutil.rmtree(self._medium)
        self._medium.mkdir()

    def _forgot(self) -> None:
        """What it held was taken, and nobody brings the answer back."""
        self._desk()
        for answer in self._medium.glob("*.answer"):
            self._drawer.append((answer.name, answer.read_bytes()))
            answer.unlink()

    def _late(self) -> None:
        """The answers of before come now, and some that were done come again."""
        self._desk()
        for name, data in self._drawer:
            (self._medium / name).write_bytes(data)


def _disorder(bundle: Bundle) -> list[str]:
    """An alarm behind something else, or a record that says it is live."""
    records = [record for batch in bundle.batches for record in batch.records]
    alarms = [record.kind == CODES["alarm"] for record in records]
    faults = (
        [] if alarms == sorted(alarms, reverse=True) else ["an alarm lies behind other records"]
    )
    live = sum(not record.flags & HISTORICAL for record in records)
    return faults + [f"{live} records that were carried are told as live"] * bool(live)


@contextlib.contextmanager
def coming_and_going(device: DeviceSession, here: Receiving, seed: int) -> Iterator[Way]:
    """A way through a proxy."""
    tide = Tide(seed)
    with FaultProxy(("127.0.0.1", here.own_port), tide) as proxy:
        here.port = proxy.port
        yield ComingAndGoing(device, here, proxy, tide)


@contextlib.contextmanager
def carried(device: DeviceSession, here: Receiving, seed: int) -> Iterator[Way]:
    """A way on a medium."""
    with tempfile.TemporaryDirectory(prefix="edgeward-medium-") as folder:
        medium = Path(folder) / "stick"
        medium.mkdir()
        yield Carried(device, here, medium, random.Random(seed))  # noqa: S311 - a schedule


def asked_of(
    rig: Rig, case: str, device: DeviceSession, here: Receiving, way: Way
) -> tuple[list[str], int]:
    """What is asked in each way, with the same records: the faults, and of how many records."""
    records = Records(rig.seed("the same records in each way"))
    name = device_name(device)
    puts = _round(device, records)
    way.enrol()
    refused = next(one for _, one in puts if one.kind == "event")
    assert refused.sequence is not None
    here.receiver.faults.refuse = frozenset({refused.sequence})
    puts += _round(device, records)
    way.bring()
    good = [(owner, one) for owner, one in puts if one is not refused]
    way.brought([one for _, one in good])
    good += _round(device, records)
    way.brought([one for _, one in good])  # now others were taken beside it: it is set aside
    here.receiver.faults.clear()
    rounds = rig.samples(case)
    for done in range(rounds):
        good += _round(device, records)
        if done % 3 == 0:
            device.restart()
            good += _round(device, records)
        way.bring()
        rig.progress(done + 1, rounds)
    faults = way.faults
    if not way.brought([one for _, one in good]):
        faults.append("some never came, or were never let go")
    faults += _told_as_gap(here, name, refused)
    faults += [
        one for one in faults_of(here, name, [one for _, one in good]) if "unread" not in one
    ]
    return faults + keys_shared(here, name, good), len(good)


def _round(device: DeviceSession, records: Records) -> list[Owned]:
    """Records of each patient, and of nobody."""
    return [
        (patient or "nobody", one)
        for patient in PATIENTS
        for one in kept(put(device, records.some(AT_ONCE), patient))
    ]


def _told_as_gap(here: Receiving, name: str, refused: Put) -> list[str]:
    """What is wrong with the one that was refused, or with any that was not."""
    faults = []
    gaps: list[dict[str, Any]] = [
        gap
        for epoch in here.account(name).epochs
        if epoch.token == refused.epoch
        for gap in epoch.gaps
    ]
    if not any(gap["first"] <= (refused.sequence or 0) <= gap["last"] for gap in gaps):
        faults.append("a record that was refused is told by no gap")
    for what, told in here.receiver.ledger.rows(
        "SELECT what, told FROM refusals WHERE device = ? AND what IN ('unreadable', 'key')", name
    ):
        if what == "key" or json.loads(told)[:2] != [refused.epoch, refused.sequence]:
            faults.append(f"the receiver could not read {told}")
    return faults
