"""Simulated records and streams: any channels of one patient, from a script and one integer.

Rules:
1. The same script, seed and channel give the same bytes: whatever other channels are asked for,
   and however a stream is cut into blocks.
2. A stream needs the memory of one stretch (30 s) and of one block, however long the script is.
3. Everything says where it comes from. It is software's exercise: no patient, and no claim about
   patients may rest on it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.checks import ScriptError
from edgeward.signal.simulation.epoch import EPOCH_S
from edgeward.signal.simulation.script import Script
from edgeward.signal.simulation.sources import source_of
from edgeward.signal.simulation.timeline import epochs
from edgeward.signal.simulation.truth import Provenance, Truth, truth_of

CHANNELS = (
    Channel("ecg", Signal.ECG, "mV", 250),
    Channel("ppg", Signal.PPG, "1", 125),
    Channel("respiration", Signal.RESPIRATION, "1", 25),
    Channel("acceleration", Signal.ACCELERATION, "g", 100),
    Channel("pressure", Signal.PRESSURE, "mmHg", 125),
    Channel("spo2", Signal.SPO2, "%", 1),
    Channel("temperature", Signal.TEMPERATURE, "Cel", 1),
)
"""One of each kind. A channel with the name of its signal is the one that a script describes;
others of its kind see the same body from elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class SignalBlock:
    """What all channels show in one stretch of time: sample `first[name]` and on."""

    start_s: float
    first: Mapping[str, int]
    signals: Mapping[str, Samples]
    provenance: Provenance = Provenance.SIMULATED


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedRecord:
    """What all channels show, and what is true."""

    channels: tuple[Channel, ...]
    signals: Mapping[str, Samples]
    truth: Truth

    @property
    def provenance(self) -> Provenance:
        """Where it comes from."""
        return self.truth.provenance

    def channel(self, name: str) -> Channel:
        """The channel of that name.

        Raises:
            ScriptError: there is none; the message names all there are.
        """
        for channel in self.channels:
            if channel.name == name:
                return channel
        names = ", ".join(channel.name for channel in self.channels)
        raise ScriptError(f"found the channel {name!r}; accepted: {names}")


def simulate(
    script: Script, seed: int, channels: tuple[Channel, ...] = CHANNELS
) -> SimulatedRecord:
    """The whole script at once.

    Raises:
        ScriptError: a fault is meant for a channel that is not there, or the seed is negative.
    """
    (whole,) = stream(script, seed, channels, seconds=script.seconds)
    return SimulatedRecord(channels, whole.signals, truth_of(script, seed))


def stream(
    script: Script,
    seed: int,
    channels: tuple[Channel, ...] = CHANNELS,
    seconds: float = 1.0,
) -> Iterator[SignalBlock]:
    """The script in blocks of so many seconds; the last one may be shorter.

    A channel with no sample in a block has an empty array there.

    Raises:
        ScriptError: as for `simulate`, or the block has no length.
    """
    _check(script, seed, channels, seconds)
    coming = _stretches(script, seed, channels)
    kept = {channel.name: np.zeros(_shape(channel), np.float32) for channel in channels}
    done = dict.fromkeys(kept, 0)
    drawn_s = 0.0
    for number in range(ceil(script.seconds / seconds - 1e-9)):
        end_s = min((number + 1) * seconds, script.seconds)
        fresh = [kept]
        while drawn_s < end_s:
            fresh.append(next(coming))
            drawn_s += EPOCH_S
        kept = {name: np.concatenate([one[name] for one in fresh]) for name in kept}
        counts = {
            channel.name: ceil(end_s * channel.rate_hz - 1e-6) - done[channel.name]
            for channel in channels
        }
        block = {name: kept[name][:count] for name, count in counts.items()}
        yield SignalBlock(number * seconds, dict(done), block)
        kept = {name: kept[name][count:] for name, count in counts.items()}
        done = {name: done[name] + count for name, count in counts.items()}


def _stretches(
    script: Script, seed: int, channels: tuple[Channel, ...]
) -> Iterator[dict[str, Samples]]:
    """Every channel, stretch by stretch."""
    sources = {channel.name: source_of(channel, script, seed) for channel in channels}
    for epoch in epochs(script, seed):
        yield {name: source(epoch) for name, source in sources.items()}


def _shape(channel: Channel) -> tuple[int, ...]:
    """No sample of this channel."""
    axes = channel.acceptance.axes
    return (0,) if axes == 1 else (0, axes)


def _check(script: Script, seed: int, channels: tuple[Channel, ...], seconds: float) -> None:
    """Refuse what cannot be simulated, with every fault."""
    names = [channel.name for channel in channels]
    faults = [
        f"Fault {fault.kind}: found the channel {fault.channel!r}; accepted: {', '.join(names)}"
        for fault in script.faults
        if fault.channel not in names
    ]
    faults += [f"found the channel {name!r} twice" for name in set(names) if names.count(name) > 1]
    if seed < 0:
        faults.append(f"found the seed {seed}; accepted: 0 or more")
    if not seconds > 0:
        faults.append(f"found blocks of {seconds} s; accepted: above 0")
    if faults:
        raise ScriptError("\n".join(faults))
