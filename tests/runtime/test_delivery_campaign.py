"""Days of one device on a bad network, each drawn from one integer."""

import random
from dataclasses import replace

import pytest
from roads import AT_ONCE, Road, answer_of_another

from edgeward.adapters.entropy import SeededEntropy
from edgeward.comms.delivery.courier import Courier
from edgeward.comms.delivery.pace import SECOND_NS
from edgeward.comms.delivery.transport import StrangerError, TooLargeError, UnreachableError
from edgeward.comms.record import Identity, RecordClass

EVENT = RecordClass.EVENT


class Campaign:
    """A day of one device on a bad network, drawn from one integer."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.road = Road(replace(AT_ONCE, retry_max_ns=20 * SECOND_NS), seed)
        self.accepted: list[Identity] = []
        self.bad: set[Identity] = set()
        receiver = self.road.receiver
        receiver.before, receiver.after = self._before, self._after
        receiver.greeting = self._greeting
        receiver.exchange_takes_ns = lambda size: size * self.draw.choice((10, 1000, 80_000))
        self.hostile = True
        self.just_refused = False

    def _greeting(self) -> None:
        if self.hostile and self.draw.random() < 0.3:
            raise self.draw.choice((UnreachableError("x"), StrangerError("y")))

    def _before(self, batch: bytes) -> bytes | None:
        chance = self.draw.random()
        if not self.hostile or chance > 0.5:
            return None
        if chance < 0.1 and not self.just_refused:
            self.just_refused = True
            raise TooLargeError("413")
        self.just_refused = False
        if chance < 0.2:
            return answer_of_another(batch)
        if chance < 0.25:
            self.road.receiver.keys.clear()
            return None
        raise UnreachableError("503", retry_after_ns=SECOND_NS)

    def _after(self, _: bytes) -> None:
        if self.hostile and self.draw.random() < 0.3:
            raise UnreachableError("reset before the answer")

    def step(self) -> None:
        """Accept something, or let time pass, or start again."""
        road = self.road
        for _ in range(self.draw.randrange(30)):
            kind = self.draw.choice(list(RecordClass))
            one = road.source.accept(kind, self.draw.choice((20, 200, 5000)))
            self.accepted.append(one)
            if self.draw.random() < 0.005:
                self.bad.add(one)
                road.receiver.poison.add((one.epoch.token, one.sequence))
        if self.draw.random() < 0.05:
            road.source.reopened()
            road.courier = Courier(
                "bed 3", road.source, road.source, road.receiver, road.clock,
                SeededEntropy(self.draw.randrange(1 << 30)), road.courier.pace,
            )  # fmt: skip
        road.run(self.draw.choice((0, 1, 5)))


@pytest.mark.parametrize("seed", range(12))
def test_a_day_on_a_bad_network_loses_doubles_and_misorders_nothing(seed: int) -> None:
    campaign = Campaign(seed)
    for _ in range(40):
        campaign.step()
    campaign.hostile = False
    campaign.accepted.append(campaign.road.source.accept(EVENT))
    campaign.road.run(120)
    campaign.accepted.append(campaign.road.source.accept(EVENT))  # who convicts the last suspect
    campaign.road.run(120)
    road = campaign.road
    wanted = {(one.epoch.token, one.sequence) for one in campaign.accepted}
    bad = {(one.epoch.token, one.sequence) for one in campaign.bad}
    assert road.source.waiting == []
    assert road.receiver.records.keys() == wanted - bad
    assert road.source.aside.keys() == campaign.bad
    lanes: dict[tuple[bytes, int, bool], list[int]] = {}
    for _, token, sequence, kind, historical, _ in road.receiver.arrivals:
        lanes.setdefault((token, kind, historical), []).append(sequence)
    assert all(told == sorted(told) for told in lanes.values())
