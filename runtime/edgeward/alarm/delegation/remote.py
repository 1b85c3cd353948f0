"""The end at which people are told: what has arrived, what they confirm, and a lost link."""

from typing import Any

from edgeward.alarm.delegation.freshness import Freshness
from edgeward.alarm.delegation.messages import Answer, Item, read_offer, to_message
from edgeward.alarm.delegation.plan import SENDS_PER_REFRESH, Event, News
from edgeward.alarm.vocabulary import Priority
from edgeward.errors import AlarmError


class RemoteEnd:
    """One remote end of one device. It has no clock and no link: time and messages are handed in.

    While its link is lost, what had arrived stays listed: it is better known late than forgotten.
    """

    __slots__ = (
        "_confirmed", "_due", "_interval_ns", "_items", "_link", "_of_boot", "_sent_ns", "name",
        "peer",
    )  # fmt: skip

    def __init__(self, name: str, peer: str, refresh_ns: int, epoch: int, now_ns: int) -> None:
        """Begin to wait for the device `peer`; `epoch` grows with each boot of this end."""
        self.name = name
        self.peer = peer
        self._link = Freshness(epoch, refresh_ns, now_ns)
        self._interval_ns = refresh_ns // SENDS_PER_REFRESH
        self._sent_ns: int | None = None
        self._due = True
        self._of_boot = 0
        self._items: dict[int, Item] = {}
        self._confirmed: dict[int, str] = {}

    @property
    def items(self) -> tuple[Item, ...]:
        """All that has arrived and is not over, in the order of the device."""
        return tuple(self._items.values())

    @property
    def urgent(self) -> Priority | None:
        """The most urgent of those that nobody has confirmed or settled yet."""
        waiting = (each.priority for each in self._items.values() if each.open)
        return min(waiting, key=lambda each: each.rank, default=None)

    def lost(self, now_ns: int) -> bool:
        """Whether the link is lost: what is listed may be old, and new alarms cannot arrive."""
        return self._link.lost(now_ns)

    def tick(self, now_ns: int) -> tuple[Event, ...]:
        """Let time pass."""
        if not self._link.changed(now_ns):
            return ()
        what = News.LINK_LOST if self._link.lost(now_ns) else News.LINK_BACK
        return (Event(what, now_ns, self.peer),)

    def receive(self, document: object, now_ns: int) -> tuple[Event, ...]:
        """Take a message from the link; an older one than is known changes nothing.

        Raises:
            AlarmError: it is no offer of this device to this end; every fault at once.
        """
        offer = read_offer(document, self.peer, self.name)
        before = self.tick(now_ns)
        if not self._link.take(offer.stamp, offer.heard):
            return before
        boot = offer.stamp[0]
        known = self._items if boot == self._of_boot else {}
        events = [
            self._event(News.OVER, item, now_ns)
            for number, item in self._items.items()
            if number not in known or number not in {each.delivery for each in offer.items}
        ]
        for item in offer.items:
            old = known.get(item.delivery)
            if old is None:
                events.append(self._event(News.ARRIVED, item, now_ns))
            if item.confirmed_by and not (old and old.confirmed_by):
                events.append(self._event(News.CONFIRMED, item, now_ns))
        self._items = {item.delivery: item for item in offer.items}
        kept = self._confirmed if boot == self._of_boot else {}
        self._confirmed = {number: who for number, who in kept.items() if number in self._items}
        self._of_boot = boot
        self._due = True
        return (*before, *self.tick(now_ns), *events)

    def number_of(self, alarm: str) -> int | None:
        """The delivery of an alarm that is listed; None when there is none."""
        return next((each.delivery for each in self.items if each.alarm == alarm), None)

    def confirm(self, delivery: int, who: str) -> None:
        """A person has taken notice and goes; it counts once the device has heard of it.

        Raises:
            AlarmError: nothing of that number is listed, or nobody is named.
        """
        listed = ", ".join(map(str, self._items)) or "none"
        faults = [
            *([] if delivery in self._items else [f"delivery: found {delivery}, listed: {listed}"]),
            *([] if who.strip() else ["who: found nobody, accepted is a name"]),
        ]
        if faults:
            raise AlarmError(faults)
        self._confirmed.setdefault(delivery, who)
        self._due = True

    def outgoing(self, now_ns: int, *, able: bool) -> list[dict[str, Any]]:
        """The messages that are due now: one or none.

        `able` says whether this end gives signals at present; one that does not takes none over.
        """
        early = self._sent_ns is not None and now_ns - self._sent_ns < self._interval_ns
        if early and not self._due:
            return []
        self._due, self._sent_ns = False, now_ns
        answer = Answer(
            self.name,
            self.peer,
            self._link.stamp(now_ns),
            self._link.heard,
            tuple(self._items) if able else (),
            tuple(self._confirmed.items()),
        )
        return [to_message(answer)]

    def _event(self, what: News, item: Item, now_ns: int) -> Event:
        return Event(what, now_ns, self.peer, item.delivery, item.alarm, item.confirmed_by)
