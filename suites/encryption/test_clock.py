"""The clock on the wall may say what it likes: who was refused stays refused, who was right is."""

import contextlib
from collections.abc import Iterator
from typing import Final

import pytest

from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.receiving import Receiving, receiving
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .hearing import connect
from .kept import Kept
from .peers import CELLS, HELLO, Peers
from .recording import count

S_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * S_NS
SETTINGS_DAYS: Final = (0, -5, -3650, 3650, 0)
"""Of the wall clock, before or after the right time. Five days ago the one that ended had not."""
STEP_NS: Final = 5 * S_NS
STEPS: Final = 4
RECORDS: Final = 5
EXPIRED: Final = next(cell for cell in CELLS if cell.name == "expired")


@pytest.mark.case("TC-ENC-010")
def test_clock(measure: Measure, rig: Rig) -> None:
    """Ten years on the wall clock let no expired receiver in, and shut no right one out.

    Method: a device whose clock is in our hands has delivered once. Its wall clock is set days and
    years back, and years on; at each setting it is led to a receiver whose certificate has ended,
    of which it must keep silent, and then to the right one, where its records must arrive. Then it
    is killed and started with the wrong clock, and asked the same before anybody tells it the time:
    all that an expired receiver may then get is the one question for it.
    """
    repeats = rig.samples("TC-ENC-010")
    faults: dict[str, list[str]] = {"expired": [], "right": []}
    trials = 0
    for number in range(repeats):
        with (
            receiving(rig.seed(f"clock {number}")) as rx,
            rig.open_device(simulated_clock=True) as device,
        ):
            trial = _Trial(device, rx, faults)
            for days in SETTINGS_DAYS:
                trial.set_clock(days)
                trial.asked(f"{days} days", may_be_asked="")
                device.kill()
                device.restart()
                trial.asked(f"started at {days} days", may_be_asked=HELLO)
                trials += 2
            changed = trial.kept.judged(rx)
            faults["right"] += changed
        rig.progress(number + 1, repeats)
    count(
        measure, "expired_receivers_heard", faults["expired"], trials,
        "a certificate that has ended is refused at every setting of the clock",
    )  # fmt: skip
    count(
        measure, "right_receivers_refused", faults["right"], trials,
        "a certificate that is right is accepted at every setting of the clock",
    )  # fmt: skip


class _Trial:
    """One device, led to one receiver and to the other."""

    def __init__(self, device: DeviceSession, rx: Receiving, faults: dict[str, list[str]]) -> None:
        self._device, self._rx, self._faults = device, rx, faults
        self._peers = Peers(rx)
        self.kept = Kept(device.description["device"]["id"])
        self.kept.some(device, RECORDS, "first")
        rx.enrol(device, **self._peers.link)
        self._passes()

    def set_clock(self, days: int) -> None:
        """Set the wall clock so many days before or after the right time."""
        wall_ns = int(self._rx.bench.now.timestamp()) * S_NS + days * DAY_NS
        self._device.advance(0, wall_ns - self._device.wall_ns)

    def asked(self, when: str, *, may_be_asked: str) -> None:
        """Lead it to the wrong one, then to the right one."""
        self.kept.some(self._device, RECORDS, when)
        held = self._rx.received(self.kept.device)
        with self._wrong(may_be_asked) as faults:
            self._passes()
        if self._rx.received(self.kept.device) - held:
            faults.append("it got records")
        self._faults["expired"] += [f"{when}: {', '.join(faults)}"] if faults else []
        connect(self._device, self._rx, **self._peers.link)
        self._passes()
        if not self.kept.arrived(self._rx):
            self._faults["right"].append(f"{when}: records did not come")

    @contextlib.contextmanager
    def _wrong(self, may_be_asked: str) -> Iterator[list[str]]:
        """The expired receiver, and what it heard that it must not."""
        faults: list[str] = []
        with self._peers.wrong(EXPIRED) as (hearing, wire):
            connect(self._device, self._rx, **{**self._peers.link, "url": wire.url})
            yield faults
            if not wire.proxy.connections:
                faults.append("nobody came")
            faults += [f"{one.path} was asked" for one in hearing.asked if one.path != may_be_asked]
            if not may_be_asked and wire.said()["application"]:
                faults.append("something was said")

    def _passes(self) -> None:
        for _ in range(STEPS):
            self._device.advance(STEP_NS)
