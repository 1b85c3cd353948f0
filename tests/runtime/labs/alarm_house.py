"""A device, its remote ends and the links between them, moved on together by a test."""

from collections.abc import Iterable

from alarm_states import SECOND_NS, alarm, state
from lossy_link import LossyLink

from edgeward.alarm.delegation.local import LocalEnd
from edgeward.alarm.delegation.plan import DelegationPlan, Event, News
from edgeward.alarm.delegation.remote import RemoteEnd
from edgeward.alarm.signals import SignalState
from edgeward.alarm.vocabulary import Priority

STEP_NS = SECOND_NS // 10
WARD = ("nurse", "station", "doctor")
PLAN = DelegationPlan(WARD, delegable=(Priority.HIGH, Priority.MEDIUM))
HIGH = state([alarm(Priority.HIGH, 1)])
MEDIUM = state([alarm(Priority.MEDIUM, 2)])
BOTH = state([alarm(Priority.HIGH, 1), alarm(Priority.MEDIUM, 2)])


class House:
    """All of them, with what each end has told."""

    def __init__(
        self, plan: DelegationPlan = PLAN, seed: int = 0, loss: float = 0.0, delay_ns: int = 0
    ) -> None:
        self.now_ns = 0
        self.plan = plan
        self.device = LocalEnd("bed", plan, 1, 0)
        self.ends = {name: RemoteEnd(name, "bed", plan.refresh_ns, 1, 0) for name in plan.receivers}
        self.out = {
            name: LossyLink(seed + k, loss, delay_ns) for k, name in enumerate(plan.receivers)
        }
        self.back = {
            name: LossyLink(seed + k, loss, delay_ns) for k, name in enumerate(plan.receivers, 100)
        }
        self.able = set(plan.receivers)
        self.told: list[Event] = []
        self.told_there: list[tuple[str, Event]] = []

    def step(self, given_state: SignalState) -> None:
        now = self.now_ns
        self.told += self.device.take(given_state, now)
        for name, message in self.device.outgoing(now):
            self.out[name].send(message, now)
        for name, end in self.ends.items():
            there = list(end.tick(now))
            for message in self.out[name].arrived(now):
                there += end.receive(message, now)
            self.told_there += [(name, event) for event in there]
            for message in end.outgoing(now, able=name in self.able):
                self.back[name].send(message, now)
            for message in self.back[name].arrived(now):
                self.told += self.device.receive(message, now)
        self.now_ns += STEP_NS

    def run(self, given_state: SignalState, seconds: float) -> None:
        for _ in range(round(seconds * SECOND_NS / STEP_NS)):
            self.step(given_state)

    def cut(self, names: Iterable[str] = WARD, *, out: bool = True, back: bool = True) -> None:
        for name in names:
            self.out[name].cut = out
            self.back[name].cut = back

    def of(self, *what: News) -> list[Event]:
        return [event for event in self.told if event.what in what]

    def there(self, name: str, what: News) -> list[Event]:
        return [event for at, event in self.told_there if at == name and event.what is what]
