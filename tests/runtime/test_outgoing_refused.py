"""The disk refuses what a delivery has to write: the delivery goes on."""

from pathlib import Path

import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.delivery.courier import Courier
from edgeward.comms.outbox.allowance import Allowance
from edgeward.device.outgoing.outgoing import CARE_NS, Outgoing
from edgeward.errors import StoreError


def test_a_delivery_that_cannot_be_written_down_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = iter((StoreError("no space left on device"), 0))

    def once(_: Courier) -> int:
        found = next(rounds)
        if isinstance(found, StoreError):
            raise found
        return found

    monkeypatch.setattr(Courier, "round", once)
    way = Outgoing("m", tmp_path, SimulatedClock(), SeededEntropy(1), Allowance(1 << 20))
    courier = Courier.__new__(Courier)
    assert way._round(courier) == CARE_NS
    assert way._round(courier) == 0
    way.close()
