"""Signs of a heart, told once the patient's other channels were heard about them.

Rules:
1. A sign is judged when every channel that comes in time has come as far as it was known: blocks of
   several channels arrive one after the other. A channel that is `WAIT_NS` and a block behind the
   newest is not waited for.
2. A sign of several leads is open once, for the lead that told it first; when that one ends it, the
   next one that still sees it has it judged anew.
3. What is contradicted by strong evidence is told as a sign that is not there, with the reason:
   whoever keeps a log sees what was held back. It is told as present when the evidence fades.
4. That a sign is over or cannot be decided is told at once.
5. What is judged are signs of an ECG, and a pulse that stopped in an arterial line or was lost in
   the light of a finger: a cuff on the same arm takes either away, and the other one goes on.
6. A pulse that stops while a lead tells a pause waits `PAUSE_NS` for what becomes of it: a lead
   tells a standstill a little later than a pulse does, and it is the same happening.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from edgeward.signal.channel import Signal
from edgeward.signal.detect.rhythm.corroborate import Corroboration, Judgement
from edgeward.signal.detect.rhythm.corroborate_witness import Kind, Witness
from edgeward.signal.findings import Beat, Sign, SignChange
from edgeward.signal.vitals.channel_vitals import ChannelVitals, Told

WAIT_NS = 500_000_000
PAUSE_NS = 800_000_000
"""A lead tells of a beat so late, at most."""
KINDS = {Signal.ECG: Kind.LEAD, Signal.PPG: Kind.PULSE, Signal.PRESSURE: Kind.PULSE}
JUDGED: Mapping[Signal, frozenset[Sign]] = {
    Signal.ECG: frozenset(
        {
            Sign.ASYSTOLE,
            Sign.PAUSE,
            Sign.VENTRICULAR_FIBRILLATION,
            Sign.VENTRICULAR_TACHYCARDIA,
            Sign.EXTREME_TACHYCARDIA,
            Sign.EXTREME_BRADYCARDIA,
        }
    ),
    Signal.PRESSURE: frozenset({Sign.NO_PULSE}),
    Signal.PPG: frozenset({Sign.NO_PULSE}),
}
"""Rule 5."""


class Court:
    """Hears the channels of one patient."""

    def __init__(self) -> None:
        """Begin without a channel."""
        self._corroboration = Corroboration()
        self._witnesses: dict[str, Witness] = {}
        self._waiting: list[Told] = []
        self._put_off: set[str] = set()  # channels whose pulse has waited for a pause
        self._seen: dict[Sign, dict[str, Told]] = {}

    def attach(self, channel: ChannelVitals, lag_ns: int) -> None:
        """Hear one more channel, if it can tell anything about the heart."""
        kind = KINDS.get(channel.channel.signal)
        name = channel.channel.name
        if kind is not None and name not in self._witnesses:
            self._witnesses[name] = self._corroboration.witness(name, kind, lag_ns)

    def hear(self, told: list[Told]) -> list[Told]:
        """What is told of what a channel found; signs that are judged wait for that."""
        passed: list[Told] = []
        for one in told:
            found = one.finding
            witness = self._witnesses.get(one.channel)
            if isinstance(found, Beat) and witness is not None:
                witness.beat(one.since_ns, one.at_ns, found.height)
            if isinstance(found, SignChange) and found.sign in JUDGED.get(one.signal, ()):
                if found.present:
                    self._waiting.append(one)
                    continue
                self._over(found.sign, one)
            passed.append(one)
        return passed

    def unread(self, channel: str, first_ns: int, end_ns: int) -> None:
        """A channel could not be read in this time."""
        if channel in self._witnesses:
            self._witnesses[channel].unread(first_ns, end_ns)

    def judge(self, reached_ns: int) -> Iterator[Told]:
        """Rule 1: what is told by now, when all channels have come so far."""
        while due := [one for one in self._waiting if one.at_ns <= reached_ns]:
            one = min(due, key=lambda each: each.at_ns)
            assert isinstance(one.finding, SignChange)
            self._waiting.remove(one)
            if self._in_a_pause(one):
                self._put_off.add(one.channel)
                self._waiting.append(replace(one, at_ns=one.at_ns + PAUSE_NS))
                continue
            self._seen.setdefault(one.finding.sign, {})[one.channel] = one
            yield from self._told(self._begin(one))
        yield from self._told(self._corroboration.advance(reached_ns))

    def _begin(self, one: Told) -> list[Judgement]:
        assert isinstance(one.finding, SignChange)
        return self._corroboration.begin(
            one.finding.sign, one.since_ns, one.at_ns, apart_from=one.channel
        )

    def _in_a_pause(self, one: Told) -> bool:
        """Rule 6; of a long block the standstill may have come already, and the pause be over."""
        if _sign(one) is not Sign.NO_PULSE or one.channel in self._put_off:
            return False
        coming = any(_sign(each) is Sign.ASYSTOLE for each in self._waiting)
        return coming or bool(self._seen.get(Sign.PAUSE))

    def _over(self, sign: Sign, one: Told) -> None:
        """Rule 2."""
        if sign is Sign.NO_PULSE:
            self._put_off.discard(one.channel)
        self._waiting = [
            each for each in self._waiting if (each.channel, _sign(each)) != (one.channel, sign)
        ]
        seen = self._seen.get(sign, {})
        first = next(iter(seen), None)
        seen.pop(one.channel, None)
        if first == one.channel:
            self._corroboration.end(sign)
            for other in seen.values():
                self._waiting.append(replace(other, at_ns=one.at_ns))
            seen.clear()

    def _told(self, judgements: list[Judgement]) -> Iterator[Told]:
        """Rule 3."""
        for judgement in judgements:
            one = next(iter(self._seen.get(judgement.sign, {}).values()), None)
            if one is None:
                continue
            assert isinstance(one.finding, SignChange)
            text = one.finding.text
            if not judgement.stands:
                text = f"held back: {judgement.text}"
            change = replace(one.finding, present=judgement.stands, text=text)
            yield replace(one, finding=change, at_ns=judgement.at_ns)


def _sign(one: Told) -> Sign | None:
    return one.finding.sign if isinstance(one.finding, SignChange) else None
