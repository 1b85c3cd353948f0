"""Who may sign what: people as a policy names them, and why a signature does not count.

A name in a statement is what the signer typed. It counts only when the policy knows the user id,
prints the same name, gives the role, and knows the key or the root of the certificates.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgeward_harness.approval.certificates import chain_faults
from edgeward_harness.approval.folder import Signed
from edgeward_harness.approval.words import Meaning

AUTHOR = "author"
"""The role of whoever made what is judged: such a person approves nothing of it."""
CLOCK_ERROR_MAX = timedelta(minutes=5)
"""The clocks of two people may differ by this much."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a policy names them: by a key, or by a root and the id in the certificate."""

    id: str
    name: str
    roles: tuple[str, ...]
    key: str = ""
    """The id of their key; empty where a certificate says who they are."""
    ca: str = ""
    """SHA-256 of the root certificate in DER; empty where the key is pinned."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many people of a role must have said something."""

    meaning: Meaning
    role: str
    count: int


def doubts(signed: Signed, people: Iterable[Person], now: datetime) -> tuple[str, ...]:
    """Why a signature is not that of a person who may give it; empty when it is."""
    approval = signed.approval
    person = next((one for one in people if one.id == approval.user), None)
    if person is None:
        return (f"{approval.user} is not among the people of the policy",)
    faults = []
    if approval.name != person.name:
        faults.append(f"signed as {approval.name!r}, the policy knows {person.name!r}")
    if approval.role not in person.roles:
        faults.append(f"{person.id} has not the role {approval.role}")
    if signed.moment > now + CLOCK_ERROR_MAX:
        faults.append(f"signed at {approval.signed_at}, which is yet to come")
    if person.key and signed.keyid != person.key:
        faults.append(f"the key is {signed.keyid}, the policy knows {person.key}")
    if person.ca:
        moments = {signed.moment} if signed.stamped else {signed.moment, now}
        told = (chain_faults(approval.certificates, person.ca, person.id, m) for m in moments)
        faults += dict.fromkeys(fault for each in told for fault in each)
    return tuple(faults)


def wrote_it(signed: Signed, people: Iterable[Person], author_key: str | None) -> str:
    """Why the signer made what is judged; empty when it was somebody else.

    Args:
        signed: the signature.
        people: the people of the policy.
        author_key: the id of the key that sealed the bundle.
    """
    approval = signed.approval
    if signed.keyid == author_key:
        return "the same key signed the run: nobody approves their own work"
    roles = {role for one in people if one.id == approval.user for role in one.roles}
    if AUTHOR in roles:
        return f"{approval.user} is an author: nobody approves their own work"
    return ""
