"""Alarms of other devices that are given here: one end for each of those devices.

Rules:
1. To which devices is listened stands in the scope of this device, so it is there again after a
   restart: a device that is gone meanwhile is missed.
2. What has arrived sounds and shines here until a person has confirmed it, or the other device says
   that it is over. It is never taken away by a pause: that belongs to the patients of this device.
3. Signals are taken over only while every annunciator of this device works.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from edgeward.alarm.change import Alarm, Listened, What
from edgeward.alarm.delegation.messages import Item, read_offer
from edgeward.alarm.delegation.plan import News
from edgeward.alarm.delegation.remote import RemoteEnd
from edgeward.alarm.delegation.technical import of_remote, over
from edgeward.alarm.moment import Moment
from edgeward.alarm.plain import to_plain
from edgeward.alarm.signals import Shown, SignalState, given
from edgeward.alarm.system.system import AlarmSystem
from edgeward.alarm.vocabulary import Activation, Kind, Level, Presence
from edgeward.device.bedside.delegating import ENDS_OF_EPOCH
from edgeward.errors import AlarmError, StreamError

ITEMS_MAX = 512
"""Alarms that one device may have told here at once."""


class Listeners:
    """The ends at which alarms of other devices arrive."""

    def __init__(self, alarms: AlarmSystem, able: Callable[[], bool]) -> None:
        """Follow what is settled; `able` says whether signals are given here at present."""
        self._alarms = alarms
        self._able = able
        self._ends: dict[str, tuple[Listened, RemoteEnd]] = {}
        self._arrived_ns: dict[tuple[str, int], int] = {}
        self._made = 0

    @property
    def active(self) -> bool:
        """Whether there is anybody to listen to."""
        return bool(self._ends)

    def look(self, now: Moment) -> None:
        """Follow what is settled, and let time pass on the links."""
        wanted = {one.device: one for one in self._alarms.state.scope(None).listened}
        for device, (settled, end) in [*self._ends.items()]:
            if wanted.get(device) != settled:
                del self._ends[device]
                for seen in over(of_remote(end, now.mono_ns)):
                    self._alarms.observe(seen, now)
        for device, settled in wanted.items():
            if device not in self._ends:
                self._ends[device] = (settled, self._new(settled, now))
        for _, end in self._ends.values():
            end.tick(now.mono_ns)
            for seen in of_remote(end, now.mono_ns):
                self._alarms.observe(seen, now)

    def take(self, device: str, offer: Any, now: Moment) -> dict[str, Any] | None:  # noqa: ANN401 - any JSON is looked at
        """Take what a device tells, if it does; what is to be brought back, if anything.

        Raises:
            AlarmError: nobody listens to that device.
            StreamError: it is no offer of that device to this one; every fault at once.
        """
        end = self._end(device)
        if offer is not None:
            self._check(offer, end)
            for event in end.receive(offer, now.mono_ns):
                if event.what is News.OVER:
                    self._arrived_ns.pop((device, event.delivery), None)
                elif event.what is News.ARRIVED:
                    self._arrived_ns[device, event.delivery] = event.at_ns
                    self._alarms.note(What.ARRIVED, "", now, text=_told(end, event.delivery))
        self.look(now)
        answers = end.outgoing(now.mono_ns, able=self._able())
        return answers[0] if answers else None

    def confirm(self, device: str | None, alarm: str, who: str, now: Moment) -> None:
        """A person here has taken notice of an alarm of another device, and goes.

        Raises:
            AlarmError: no such alarm has arrived.
        """
        for _, end in self._ends.values():
            number = end.number_of(alarm) if device in (None, end.peer) else None
            if number is not None:
                end.confirm(number, who)
                text = f"{alarm} of {end.peer}"
                self._alarms.note(What.CONFIRMED, "", now, text=text, who=who)
                return
        arrived = ", ".join(item.alarm for _, item in self._items()) or "none"
        raise AlarmError([f"found alarm {alarm!r}; accepted: one that has arrived ({arrived})"])

    def given(self, state: SignalState) -> SignalState:
        """Rule 2: what is to be given here, with what has arrived behind what is as urgent."""
        arrived = [self._shown(device, item) for device, item in self._items()]
        if not arrived:
            return state
        shown = sorted((*state.shown, *arrived), key=lambda each: each.alarm.priority.rank)
        whole = given(None, shown)
        return replace(
            state,
            audible=whole.audible,
            audible_alarm=whole.audible_alarm,
            visible=whole.visible,
            visible_alarm=whole.visible_alarm,
            shown=tuple(shown),
        )

    def shown(self, now_ns: int) -> list[dict[str, Any]]:
        """What has arrived from each device, and whether it can still be heard."""
        return [
            {
                "device": device,
                "name": settled.name,
                "lost": end.lost(now_ns),
                "alarms": [to_plain(item) for item in end.items],
            }
            for device, (settled, end) in self._ends.items()
        ]

    def _new(self, settled: Listened, now: Moment) -> RemoteEnd:
        self._made += 1
        epoch = self._alarms.state.epoch * ENDS_OF_EPOCH + self._made
        return RemoteEnd(settled.name, settled.device, settled.refresh_ns, epoch, now.mono_ns)

    def _end(self, device: str) -> RemoteEnd:
        if device not in self._ends:
            known = ", ".join(self._ends) or "none"
            raise AlarmError(
                [f"found device {device!r}; accepted: one that is heard ({known[:200]})"]
            )
        return self._ends[device][1]

    def _items(self) -> Iterator[tuple[str, Item]]:
        for device, (_, end) in self._ends.items():
            yield from ((device, item) for item in end.items)

    def _shown(self, device: str, item: Item) -> Shown:
        """As an alarm of this device: its id begins with the name of the other one."""
        at_ns = self._arrived_ns.get((device, item.delivery), 0)
        alarm = Alarm(
            id=f"{device}:{item.alarm}",
            patient=item.patient,
            condition=item.condition,
            kind=Kind.TECHNICAL if item.patient is None else Kind.PHYSIOLOGICAL,
            priority=item.priority,
            worst=item.priority,
            level=Level.WARNING,
            presence=Presence.ON if item.open else Presence.ACKNOWLEDGED,
            holds=True,
            undecided=False,
            occurrence=1,
            epoch=self._alarms.state.epoch,
            met_ns=at_ns,
            declared_ns=at_ns,
            signalled_ns=at_ns,
            escalated=False,
            signal_due_ns=at_ns,
            unattended_ns=at_ns,
            acknowledged_until_ns=None,
            value=None,
            unit="",
            limits=(),
            text=item.text,
            source=device,
            model=None,
        )
        return Shown(alarm, Activation.ON, Activation.ON, sounds=item.open, lit=True)

    @staticmethod
    def _check(offer: Any, end: RemoteEnd) -> None:  # noqa: ANN401 - any JSON is looked at
        try:
            items = len(read_offer(offer, end.peer, end.name).items)
        except AlarmError as error:
            raise StreamError(str(error)) from error
        if items > ITEMS_MAX:
            raise StreamError(f"offer.items: found {items} of them; accepted: up to {ITEMS_MAX}")


def _told(end: RemoteEnd, number: int) -> str:
    """What has arrived, in words."""
    item = next(each for each in end.items if each.delivery == number)
    whom = f" of {item.patient}" if item.patient else ""
    return f"{item.alarm} of {end.peer}: {item.priority.value}, {item.condition}{whom}"[:300]
