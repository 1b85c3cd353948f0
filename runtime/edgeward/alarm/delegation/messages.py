"""The two messages between a device and a remote end. Both are whole states, and plain JSON."""

from dataclasses import dataclass
from typing import Any

from edgeward.alarm.plain import from_plain, to_plain
from edgeward.alarm.vocabulary import Priority
from edgeward.errors import AlarmError

Stamp = tuple[int, int]
"""The boot of an end, and the number of a message since then. A greater one is newer."""


@dataclass(frozen=True, slots=True)
class Item:
    """One alarm as it is offered."""

    delivery: int
    """Its number within the boot of the device; never used twice."""
    alarm: str
    priority: Priority
    patient: str | None
    condition: str
    text: str
    open: bool
    """Whether somebody is still needed."""
    confirmed_by: str
    """Who has confirmed it at a remote end; empty as long as nobody has."""


@dataclass(frozen=True, slots=True)
class Offer:
    """From a device: all that this receiver has to know, the most urgent first."""

    sender: str
    receiver: str
    stamp: Stamp
    heard: Stamp
    """The newest answer that has come from this receiver; (0, 0) for none."""
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """From a remote end: what it gives signals for, and what people there have confirmed."""

    sender: str
    receiver: str
    stamp: Stamp
    heard: Stamp
    """The newest offer that has come; the numbers below are of its boot."""
    taken: tuple[int, ...]
    """Deliveries whose signals are given there now."""
    confirmed: tuple[tuple[int, str], ...]
    """Deliveries that a person has confirmed, and who."""


def to_message(message: Offer | Answer) -> dict[str, Any]:
    """Plain JSON."""
    plain: dict[str, Any] = to_plain(message)
    return plain


def read_offer(document: object, sender: str, receiver: str) -> Offer:
    """An offer for this receiver.

    Raises:
        AlarmError: it is none; every fault at once.
    """
    offer = from_plain(Offer, document)
    _check_ends((offer.sender, offer.receiver), (sender, receiver))
    return offer


def read_answer(document: object, senders: tuple[str, ...], receiver: str) -> Answer:
    """An answer from one of these senders to this device.

    Raises:
        AlarmError: it is none; every fault at once.
    """
    answer = from_plain(Answer, document)
    sender = answer.sender if answer.sender in senders else " or ".join(senders)
    _check_ends((answer.sender, answer.receiver), (sender, receiver))
    return answer


def _check_ends(found: tuple[str, str], expected: tuple[str, str]) -> None:
    faults = [
        f"{name}: found {value!r}, accepted is {right!r}"
        for name, value, right in zip(("sender", "receiver"), found, expected, strict=True)
        if value != right
    ]
    if faults:
        raise AlarmError(faults)
