"""The end at which alarms arise: offers them, asks further, and gives the signals when in doubt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgeward.alarm.delegation.delivery import Delivery, Outcome
from edgeward.alarm.delegation.freshness import Freshness
from edgeward.alarm.delegation.messages import Answer, Offer, read_answer, to_message
from edgeward.alarm.delegation.plan import (
    SENDS_PER_REFRESH,
    UNANSWERED,
    DelegationPlan,
    Event,
    News,
)
from edgeward.alarm.signals import Shown, SignalState
from edgeward.alarm.vocabulary import Activation, Presence, Priority

_TOLD = (Priority.HIGH, Priority.MEDIUM)


@dataclass(frozen=True, slots=True)
class Delays:
    """From the first sending of an alarm to the proof that a remote end gives its signals.

    The proof takes the way back too, so each is an upper bound of the delay to the remote end.
    """

    count: int = 0
    longest_ns: int = 0
    late: int = 0
    """Those above what the plan discloses."""


class _Receiver:
    """A remote end, as seen from here."""

    __slots__ = ("due", "link", "sent_ns", "taken")

    def __init__(self, link: Freshness) -> None:
        self.link = link
        self.taken: frozenset[int] = frozenset()
        self.sent_ns: int | None = None
        self.due = True


class LocalEnd:
    """The device's end of all its links. It has no clock and no link: both are handed in.

    Call `take` with each state and `tick` as time goes on, send what `outgoing` gives, hand in what
    comes, and give the signals of `local(state)`.
    """

    __slots__ = ("_count", "_deliveries", "_known", "_receivers", "delays", "name", "plan")

    def __init__(
        self,
        name: str,
        plan: DelegationPlan,
        epoch: int,
        now_ns: int,
        confirmed: Mapping[tuple[str, int], str] | None = None,
    ) -> None:
        """Begin; `epoch` grows with each boot of the device.

        `confirmed` says who had confirmed which occurrence of which alarm before.
        """
        self._known = dict(confirmed or {})
        self.name = name
        self.plan = plan
        self._receivers = {
            each: _Receiver(Freshness(epoch, plan.refresh_ns, now_ns)) for each in plan.receivers
        }
        self._deliveries: dict[str, Delivery] = {}
        self._count = 0
        self.delays = Delays()

    def take(self, state: SignalState, now_ns: int) -> tuple[Event, ...]:
        """Follow the alarms: begin, settle and end their deliveries; HIGH first."""
        listed = {each.alarm.id: each for each in state.shown}
        events = list(self.tick(now_ns))
        for name, delivery in list(self._deliveries.items()):
            each = listed.get(name)
            if each is None or each.alarm.occurrence != delivery.alarm.occurrence:
                events.append(self._event(News.OVER, delivery, now_ns))
                self._drop(delivery)
        for each in sorted(listed.values(), key=lambda each: each.alarm.priority.rank):
            events += self._follow(each, now_ns)
        return tuple(events)

    def tick(self, now_ns: int) -> tuple[Event, ...]:
        """Let time pass: links that are lost or back, and receivers that have not answered."""
        events = []
        for name, receiver in self._receivers.items():
            if receiver.link.changed(now_ns):
                lost = receiver.link.lost(now_ns)
                events.append(Event(News.LINK_LOST if lost else News.LINK_BACK, now_ns, name))
                receiver.due = True
                events += self._take_over(name, frozenset(), now_ns) if lost else ()
        for delivery in self._in_order():
            events += self._escalate(delivery, now_ns)
        return tuple(events)

    def receive(self, document: object, now_ns: int) -> tuple[Event, ...]:
        """Take a message from a link; an older one than is known changes nothing.

        Raises:
            AlarmError: it is no answer of a receiver to this device; every fault at once.
        """
        answer = read_answer(document, self.plan.receivers, self.name)
        before = self.tick(now_ns)
        receiver = self._receivers[answer.sender]
        if not receiver.link.take(answer.stamp, answer.heard):
            return before
        events = [*before, *self.tick(now_ns)]
        if answer.heard[0] != receiver.link.epoch:
            return tuple(events)  # its numbers are of a boot that is over
        events += self._confirmed(answer, now_ns)
        if not receiver.link.lost(now_ns):
            self._measure(answer, now_ns)
            events += self._take_over(answer.sender, frozenset(answer.taken), now_ns)
        return tuple(events)

    def outgoing(self, now_ns: int, only: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """The messages that are due now, each with its receiver; of one receiver, if named."""
        interval_ns = self.plan.refresh_ns // SENDS_PER_REFRESH
        messages = []
        for name, receiver in self._receivers.items():
            if only not in (None, name):
                continue
            early = receiver.sent_ns is not None and now_ns - receiver.sent_ns < interval_ns
            if early and not receiver.due:
                continue
            receiver.due, receiver.sent_ns = False, now_ns
            messages.append((name, to_message(self._offer(name, receiver, now_ns))))
        return messages

    def local(self, state: SignalState, now_ns: int) -> SignalState:
        """What is to be given here: all of it, but the sound that a remote end gives at present."""
        left = {s.alarm.id for s in state.shown if s.sounds and self._elsewhere(s, now_ns)}
        if not left:
            return state
        shown = tuple(replace(s, sounds=False) if s.alarm.id in left else s for s in state.shown)
        heard = next((s.alarm for s in shown if s.sounds), None)
        return replace(
            state,
            shown=shown,
            audible=heard.priority if heard else None,
            audible_alarm=heard.id if heard else None,
        )

    def lost(self, now_ns: int) -> tuple[str, ...]:
        """The receivers whose link is lost."""
        return tuple(name for name, each in self._receivers.items() if each.link.lost(now_ns))

    def waiting(self) -> tuple[str, ...]:
        """The alarms that nobody has confirmed yet, HIGH first."""
        return tuple(each.alarm.id for each in self._in_order() if each.outcome is Outcome.OPEN)

    def unanswered(self) -> tuple[str, ...]:
        """Those of them that every receiver has been asked about."""
        return tuple(each.alarm.id for each in self._in_order() if self._in_vain(each))

    def elsewhere(self, state: SignalState, now_ns: int) -> tuple[str, ...]:
        """The alarms whose sound is left to a remote end at present."""
        return tuple(s.alarm.id for s in state.shown if self._elsewhere(s, now_ns))

    def _in_vain(self, delivery: Delivery) -> bool:
        """Whether every receiver was asked, and nobody has confirmed it."""
        return delivery.outcome is Outcome.OPEN and delivery.step >= len(self.plan.receivers)

    def _follow(self, each: Shown, now_ns: int) -> Iterator[Event]:
        alarm, delivery = each.alarm, self._deliveries.get(each.alarm.id)
        calls = _calls(each)
        if delivery is None:
            if calls and alarm.priority in _TOLD and alarm.condition != UNANSWERED:
                yield self._begin(each, now_ns)
            return
        grown = alarm.priority.above(delivery.priority)
        if calls and (grown or delivery.outcome is Outcome.SETTLED):
            yield self._event(News.OVER, delivery, now_ns)
            self._drop(delivery)
            yield self._begin(each, now_ns)
            return
        if alarm != delivery.alarm:
            delivery.alarm = alarm
            self._tell()
        if not calls and delivery.outcome is Outcome.OPEN:
            delivery.outcome = Outcome.SETTLED
            self._tell()
            yield self._event(News.SETTLED, delivery, now_ns)

    def _begin(self, each: Shown, now_ns: int) -> Event:
        self._count += 1
        delivery = Delivery(self._count, each.alarm, now_ns)
        self._deliveries[each.alarm.id] = delivery
        who = self._known.pop((each.alarm.id, each.alarm.occurrence), None)
        if who is not None:
            delivery.outcome, delivery.confirmed_by = Outcome.CONFIRMED, who
        self._tell()
        return self._event(News.OFFERED, delivery, now_ns, peer=delivery.asked(self.plan.receivers))

    def _escalate(self, delivery: Delivery, now_ns: int) -> Iterator[Event]:
        """Ask one receiver more, when the last one had its time or cannot be reached."""
        receivers = self.plan.receivers
        if delivery.outcome is not Outcome.OPEN:
            return
        timed_out = now_ns - delivery.step_since_ns >= self.plan.confirm_ns
        later = receivers[delivery.step % len(receivers) + 1 :]
        cut_off = self._is_lost(delivery.asked(receivers), now_ns) and not all(
            self._is_lost(name, now_ns) for name in later
        )
        if not (timed_out or cut_off):
            return
        delivery.step += 1
        delivery.step_since_ns = now_ns
        self._tell()
        if delivery.step % len(receivers) == 0:
            yield self._event(News.UNANSWERED, delivery, now_ns)
        yield self._event(News.ESCALATED, delivery, now_ns, peer=delivery.asked(receivers))

    def _confirmed(self, answer: Answer, now_ns: int) -> Iterator[Event]:
        by_number = {each.number: each for each in self._deliveries.values()}
        for number, who in answer.confirmed:
            delivery = by_number.get(number)
            if delivery is None or not who.strip() or delivery.outcome is Outcome.CONFIRMED:
                continue
            if answer.sender not in delivery.reached(self.plan.receivers):
                continue
            delivery.outcome, delivery.confirmed_by = Outcome.CONFIRMED, who
            self._tell()
            yield self._event(News.CONFIRMED, delivery, now_ns, peer=answer.sender)

    def _take_over(self, name: str, taken: frozenset[int], now_ns: int) -> list[Event]:
        """Remember what a remote end gives signals for; tell what may be left to it, or is back."""
        receiver = self._receivers[name]
        before, receiver.taken = receiver.taken, taken
        return [
            self._event(
                News.TAKEN_OVER if each.number in taken else News.RESTORED, each, now_ns, peer=name
            )
            for each in self._in_order()
            if each.number in before ^ taken and each.priority in self.plan.delegable
        ]

    def _measure(self, answer: Answer, now_ns: int) -> None:
        for each in self._in_order():
            sent_ns = each.offered_ns.get(answer.sender)
            if each.number not in answer.taken or sent_ns is None:
                continue
            each.offered_ns[answer.sender] = _ARRIVED
            if sent_ns == _ARRIVED:
                continue
            took_ns = now_ns - sent_ns
            self.delays = Delays(
                self.delays.count + 1,
                max(self.delays.longest_ns, took_ns),
                self.delays.late + (took_ns > self.plan.delay_ns_max),
            )

    def _offer(self, name: str, receiver: _Receiver, now_ns: int) -> Offer:
        reached = [each for each in self._in_order() if name in each.reached(self.plan.receivers)]
        for each in reached:
            each.offered_ns.setdefault(name, now_ns)
        items = tuple(each.item() for each in reached)
        stamp = receiver.link.stamp(now_ns)
        return Offer(self.name, name, stamp, receiver.link.heard, items)

    def _elsewhere(self, each: Shown, now_ns: int) -> bool:
        """Whether a remote end gives its sound, as proved within T (rule 1 of the package)."""
        delivery = self._deliveries.get(each.alarm.id)
        if delivery is None or each.alarm.priority not in self.plan.delegable:
            return False
        if each.alarm.occurrence != delivery.alarm.occurrence or self._in_vain(delivery):
            return False
        if each.alarm.priority.above(delivery.priority):
            return False
        return any(
            delivery.number in receiver.taken and not receiver.link.lost(now_ns)
            for receiver in self._receivers.values()
        )

    def _is_lost(self, name: str, now_ns: int) -> bool:
        return self._receivers[name].link.lost(now_ns)

    def _in_order(self) -> list[Delivery]:
        return sorted(self._deliveries.values(), key=lambda each: each.urgency)

    def _drop(self, delivery: Delivery) -> None:
        del self._deliveries[delivery.alarm.id]
        self._tell()

    def _tell(self) -> None:
        """Something has changed: speak at once."""
        for receiver in self._receivers.values():
            receiver.due = True

    def _event(self, what: News, delivery: Delivery, now_ns: int, peer: str = "") -> Event:
        return Event(
            what, now_ns, peer, delivery.number, delivery.alarm.id, delivery.confirmed_by,
            delivery.step,
        )  # fmt: skip


_ARRIVED = -1
"""In place of an instant: its delay has been measured."""


def _calls(each: Shown) -> bool:
    """Whether an alarm calls for somebody: not acknowledged, not taken away, not a mere trace."""
    if not each.lit or each.alarm.presence not in (Presence.ON, Presence.LATCHED):
        return False
    silent = not each.sounds and each.audible is Activation.ON
    return each.alarm.presence is Presence.ON or not silent
