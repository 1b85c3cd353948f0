"""What is settled about telling alarms elsewhere: to whom, within what time, and what for."""

from dataclasses import dataclass
from enum import StrEnum

from edgeward.alarm.vocabulary import Priority
from edgeward.errors import AlarmError

_SECOND_NS = 1_000_000_000
REFRESH_NS_MAX = 60 * _SECOND_NS
UNANSWERED = "delegation_unanswered"
"""The condition of an alarm that nobody has confirmed. It is signalled at the device alone: offered
to those who do not answer, it would keep itself up."""
SENDS_PER_REFRESH = 4
"""How often an end speaks within T, so that single losses do not count as a lost link."""


@dataclass(frozen=True, slots=True)
class DelegationPlan:
    """Disclosed, like every delay of an alarm."""

    receivers: tuple[str, ...]
    """In the order in which they are asked."""
    refresh_ns: int = 4 * _SECOND_NS
    """T: how old the last proof of a link may be."""
    confirm_ns: int = 30 * _SECOND_NS
    """How long a receiver has before the next one is asked too."""
    delay_ns_max: int = 2 * _SECOND_NS
    """The delay to a remote end that is disclosed; what takes longer is counted."""
    delegable: tuple[Priority, ...] = ()
    """Whose sound may be left to a remote end that has taken it over. None unless settled; the
    light is always given here."""

    def __post_init__(self) -> None:
        """Refuse what cannot be, every fault at once."""
        faults = [
            *([] if self.receivers else ["receivers: found none, accepted are 1 or more"]),
            *(
                f"receivers: found {name!r} {'twice' if name else ''}".rstrip()
                + ", accepted are names, each once"
                for name in dict.fromkeys(self.receivers)
                if not name or self.receivers.count(name) > 1
            ),
            *(
                f"{what}: found {found}, accepted are {least} to {most}"
                for what, found, least, most in (
                    ("refresh_ns", self.refresh_ns, SENDS_PER_REFRESH, REFRESH_NS_MAX),
                    ("confirm_ns", self.confirm_ns, 1, 600 * _SECOND_NS),
                    ("delay_ns_max", self.delay_ns_max, 1, REFRESH_NS_MAX),
                )
                if not least <= found <= most
            ),
            *(
                f"delegable: found {each}, accepted are high and medium"
                for each in self.delegable
                if each is Priority.LOW
            ),
        ]
        if faults:
            raise AlarmError(faults)


class News(StrEnum):
    """What an end has to tell."""

    LINK_LOST = "link_lost"
    """Nothing has proved the link within T: a technical alarm is due. At both ends."""
    LINK_BACK = "link_back"
    # At the device.
    OFFERED = "offered"
    """An alarm is offered to the first receiver."""
    ESCALATED = "escalated"
    """Nobody has confirmed it: it is offered to the next receiver too."""
    UNANSWERED = "unanswered"
    """All have been asked, nobody has confirmed: a technical alarm is due. Asking begins again."""
    CONFIRMED = "confirmed"
    """A person at a remote end has confirmed it."""
    SETTLED = "settled"
    """It was acknowledged, or its signals were taken away, at the device."""
    OVER = "over"
    """The alarm has ended, or has become another one."""
    TAKEN_OVER = "taken_over"
    """A remote end gives its signals."""
    RESTORED = "restored"
    """No longer: its signals are given here."""
    # At the remote end; OVER and CONFIRMED as above.
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that has happened at an end."""

    what: News
    at_ns: int
    peer: str
    """The other end it concerns; empty when it concerns none of them."""
    delivery: int = 0
    alarm: str = ""
    who: str = ""
    step: int = 0
    """How often it was escalated before."""
