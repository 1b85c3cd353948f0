"""What each end tells its own alarm system, again and again: a lost link, and that nobody came."""

from dataclasses import replace

from edgeward.alarm.delegation.local import LocalEnd
from edgeward.alarm.delegation.plan import UNANSWERED
from edgeward.alarm.delegation.remote import RemoteEnd
from edgeward.alarm.observation import Observation
from edgeward.alarm.standard_conditions import LINK_LOST


def of_device(end: LocalEnd, now_ns: int) -> tuple[Observation, ...]:
    """Of each link, and whether every receiver was asked about an alarm and nobody confirmed it."""
    lost = end.lost(now_ns)
    unanswered = end.unanswered()
    return (
        *(_link(end.name, name, now_ns, lost=name in lost) for name in end.plan.receivers),
        Observation(
            None, UNANSWERED, bool(unanswered), now_ns,
            text=f"alarms: {', '.join(unanswered)}" if unanswered else "", source=end.name,
        ),
    )  # fmt: skip


def of_remote(end: RemoteEnd, now_ns: int) -> tuple[Observation, ...]:
    """Of the link to its device: an alarm there may stay unheard here."""
    return (_link(end.name, end.peer, now_ns, lost=end.lost(now_ns)),)


def over(seen: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """The same of an end that is no more: nothing of it is wrong."""
    return tuple(replace(each, present=False, text="") for each in seen)


def _link(end: str, peer: str, now_ns: int, *, lost: bool) -> Observation:
    """By both ends: one receiver may be told of several patients."""
    text = f"no link to {peer}" if lost else ""
    return Observation(None, LINK_LOST, lost, now_ns, text=text, source=f"{end} to {peer}")
