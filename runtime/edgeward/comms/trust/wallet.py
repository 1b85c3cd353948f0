"""The papers of a device, and how new ones take the place of old ones.

```
none -> requested -> issued -> trying -> committed
                                  +--> rolled back, after TRIES_MAX refusals
```
Rules:
1. All of it is one blob, replaced in one step: whatever kills the process, the next start finds one
   of these states, with the old papers in it until the new ones are committed.
2. New papers are committed only after a receiver has named their serial number in an answer over a
   connection that was opened with them.
3. A try that was interrupted has not failed: it is made again. One that a receiver refused is
   counted; after the last one the new papers are given up, and the old ones stay.
"""

import json
from enum import StrEnum
from typing import Any

from edgeward.canonical import canonical_json
from edgeward.comms.trust.papers import Papers, issued, make_key, request
from edgeward.comms.trust.secure_time import DAY_NS, Span
from edgeward.errors import DamagedError, TrustError
from edgeward.ports import Store

BLOB = "identity"
TRIES_MAX = 5
LAST_PART = 5
"""New papers are due when a fifth of the life of the old ones is left, at the latest."""


class Stage(StrEnum):
    """Where the way to new papers has come to."""

    NONE = "none"
    """No new papers are asked for."""
    REQUESTED = "requested"
    """There is a new key, and nobody has signed for it yet."""
    ISSUED = "issued"
    """There is a certificate; no receiver has seen it."""
    TRYING = "trying"
    """A connection is being opened with it."""


class Outcome(StrEnum):
    """How the last way to new papers ended."""

    NOTHING = ""
    COMMITTED = "committed"
    ROLLED_BACK = "rolled back"


class Wallet:
    """The papers of one device, in a store that only it can read."""

    __slots__ = (
        "_current", "_device", "_key", "_next", "_store", "_tries", "damage", "outcome", "stage",
    )  # fmt: skip

    def __init__(self, store: Store, device: str) -> None:
        """Go on where the store says.

        Damaged papers are no reason to be cut off for ever: the way begins anew without any, and
        `damage` says what was found. It stays there until new ones are asked for.

        Raises:
            StoreError: the store cannot be read.
        """
        self._store, self._device = store, device
        self._current: Papers | None = None
        self._next: Papers | None = None
        self._key: bytes | None = None
        self._tries = 0
        self.stage, self.outcome = Stage.NONE, Outcome.NOTHING
        self.damage = ""
        data = store.read(BLOB)
        if data is not None:
            try:
                self._restore(data)
            except DamagedError as error:
                self.damage = str(error)
                self._settled(None, Outcome.NOTHING)

    @property
    def current(self) -> Papers | None:
        """The papers in use; None before the first ones are committed."""
        return self._current

    @property
    def candidate(self) -> Papers | None:
        """The new papers, once they are issued."""
        return self._next

    def due(self, span: Span, rotation_days: int) -> bool:
        """Whether new papers are to be asked for: by age, and before the old ones end.

        A time that is not sure counts as the earliest that can be for their age, since nothing is
        renewed without a receiver, and it tells the time; for their end, as the latest.
        """
        if self._current is None:
            return True
        dates = self._current.dates
        last_ns = (dates.end_ns - dates.begin_ns) // LAST_PART
        latest_ns = span.earliest_ns if span.latest_ns is None else span.latest_ns
        old = span.earliest_ns >= dates.begin_ns + rotation_days * DAY_NS
        return old or latest_ns >= dates.end_ns - last_ns

    def begin(self) -> bytes:
        """Ask for new papers: the request to be signed. Asked again, it is for the same key.

        Raises:
            StoreError: the disk refused; nothing was changed.
        """
        if self.stage is Stage.NONE:
            self._become(Stage.REQUESTED, key=make_key())
        assert self._key is not None
        return request(self._key, self._device)

    def issued(self, chain_pem: bytes) -> None:
        """Take what an authority signed.

        Raises:
            TrustError: it is not what was asked for; what was asked for still is.
            StoreError: the disk refused; nothing was changed.
        """
        if self.stage is not Stage.REQUESTED or self._key is None:
            raise TrustError(f"a certificate came while {self.stage.value}; accepted: requested")
        self._become(Stage.ISSUED, papers=issued(self._key, chain_pem, self._device))

    def trying(self) -> Papers:
        """The new papers, for a connection of their own.

        Raises:
            TrustError: there are none.
            StoreError: the disk refused; nothing was changed.
        """
        if self._next is None:
            raise TrustError(f"nothing can be tried while {self.stage.value}")
        if self.stage is not Stage.TRYING:
            self._become(Stage.TRYING)
        return self._next

    def confirmed(self, serial: str) -> None:
        """A receiver has named these papers: rule 2.

        Raises:
            TrustError: it has named others; nothing was changed.
            StoreError: the disk refused; nothing was changed.
        """
        papers = self._next
        if self.stage is not Stage.TRYING or papers is None:
            raise TrustError(f"nothing can be confirmed while {self.stage.value}")
        if serial != papers.serial:
            raise TrustError(f"the receiver saw certificate {serial!r:.80}, not {papers.serial}")
        self._settle(papers, Outcome.COMMITTED)

    def refused(self) -> None:
        """A receiver refused the new papers: rule 3.

        Raises:
            StoreError: the disk refused; nothing was changed.
        """
        if self.stage is not Stage.TRYING:
            raise TrustError(f"nothing can be refused while {self.stage.value}")
        if self._tries + 1 >= TRIES_MAX:
            self._settle(self._current, Outcome.ROLLED_BACK)
        else:
            self._become(Stage.ISSUED, tries=self._tries + 1)

    def _become(
        self,
        stage: Stage,
        *,
        key: bytes | None = None,
        papers: Papers | None = None,
        tries: int | None = None,
    ) -> None:
        key, papers = key or self._key, papers or self._next
        tries = self._tries if tries is None else tries
        self._write(self._current, stage, key, papers, tries, self.outcome)
        self.stage, self._key, self._next, self._tries = stage, key, papers, tries

    def _settle(self, current: Papers | None, outcome: Outcome) -> None:
        self._write(current, Stage.NONE, None, None, 0, outcome)
        self._settled(current, outcome)

    def _settled(self, current: Papers | None, outcome: Outcome) -> None:
        self._current, self.outcome, self.stage = current, outcome, Stage.NONE
        self._key, self._next, self._tries = None, None, 0

    def _write(
        self,
        current: Papers | None,
        stage: Stage,
        key: bytes | None,
        papers: Papers | None,
        tries: int,
        outcome: Outcome,
    ) -> None:
        told = {
            "current": None if current is None else _told(current),
            "stage": stage.value,
            "key": None if key is None else key.decode(),
            "chain": None if papers is None else papers.chain_pem.decode(),
            "tries": tries,
            "outcome": outcome.value,
        }
        self._store.write(BLOB, canonical_json(told))

    def _restore(self, data: bytes) -> None:
        try:
            told = json.loads(data)
            self._current = None if told["current"] is None else _papers(told["current"])
            self._key = None if told["key"] is None else told["key"].encode()
            if told["chain"] is not None and self._key is not None:
                self._next = issued(self._key, told["chain"].encode(), self._device)
            self._tries = int(told["tries"])
            self.stage, self.outcome = Stage(told["stage"]), Outcome(told["outcome"])
        except (KeyError, TypeError, ValueError, AttributeError, TrustError) as error:
            raise DamagedError(f"the device's papers are damaged: {error!r:.120}") from error
        if self.stage is Stage.TRYING:
            self.stage = Stage.ISSUED


def _told(papers: Papers) -> dict[str, str]:
    return {"key": papers.key_pem.decode(), "chain": papers.chain_pem.decode()}


def _papers(told: dict[str, Any]) -> Papers:
    papers = Papers(told["key"].encode(), told["chain"].encode())
    assert papers.serial
    return papers
