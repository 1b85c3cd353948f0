"""From a channel's description to what draws its samples, stretch by stretch."""

from collections.abc import Callable
from typing import NamedTuple
from zlib import crc32

import numpy as np

from edgeward.signal.channel import Channel, Signal
from edgeward.signal.ring import Samples
from edgeward.signal.simulation.body import Numbers, chest, chest_noise
from edgeward.signal.simulation.disturb import Disturber
from edgeward.signal.simulation.ecg import Lead
from edgeward.signal.simulation.epoch import EPOCH_S, Epoch
from edgeward.signal.simulation.lane import F64
from edgeward.signal.simulation.movement import Body
from edgeward.signal.simulation.noise import broad
from edgeward.signal.simulation.script import Script
from edgeward.signal.simulation.vessels import Vessels

Source = Callable[[Epoch], Samples]
_PRESSURE_NOISE_MMHG = 0.2


class _Asked(NamedTuple):
    """Whose signal, how often; the key is 0 for the channel that the script describes."""

    script: Script
    seed: int
    rate_hz: int
    key: int


class _Drawn(NamedTuple):
    """How a signal is drawn: as it is, and the noise on it; its usual height; its range."""

    clean: Callable[[Epoch], F64]
    noise: Callable[[Epoch], F64 | float]
    height: float
    range: float = np.inf


def source_of(channel: Channel, script: Script, seed: int) -> Source:
    """What gives the samples of this channel, in its unit. Stretches are asked for in order."""
    name, rate_hz = channel.name, channel.rate_hz
    key = 0 if name == channel.signal else 1000 * (1 + crc32(name.encode()) % 1_000_000)
    drawn = _DRAWN[channel.signal](_Asked(script, seed, rate_hz, key))
    wave = channel.signal not in (Signal.SPO2, Signal.TEMPERATURE)
    disturber = Disturber(script.faults, name, rate_hz, drawn.height, wave=wave)
    conversion = channel.acceptance.units[channel.unit]
    scale, offset = float(conversion.scale), float(conversion.offset)

    def samples(epoch: Epoch) -> Samples:
        noise = np.asarray(drawn.noise(epoch), dtype=np.float64)
        signal = disturber.applied(epoch, drawn.clean(epoch), noise)
        signal = np.clip(signal, -drawn.range, drawn.range)
        return ((signal - offset) / scale).astype(np.float32)

    return samples


def _ecg(asked: _Asked) -> _Drawn:
    script, rate_hz = asked.script, asked.rate_hz
    lead = Lead(script.person, asked.seed, asked.key)
    return _Drawn(
        lambda epoch: lead.clean(epoch, rate_hz),
        lambda epoch: lead.noise(epoch, rate_hz) + lead.spikes(epoch, rate_hz),
        lead.height_mv,
        script.person.range_mv,
    )


def _ppg(asked: _Asked) -> _Drawn:
    vessels = Vessels(asked.script, asked.seed)
    return _Drawn(
        lambda epoch: vessels.light(epoch, asked.rate_hz),
        lambda epoch: vessels.light_noise(epoch, asked.rate_hz, asked.key),
        asked.script.person.perfusion,
    )


def _pressure(asked: _Asked) -> _Drawn:
    vessels = Vessels(asked.script, asked.seed)

    def noise(epoch: Epoch) -> F64:
        count = EPOCH_S * asked.rate_hz
        return _PRESSURE_NOISE_MMHG * broad(asked.seed, 990 + asked.key, epoch.number, count)

    return _Drawn(lambda epoch: vessels.pressure(epoch, asked.rate_hz), noise, 45.0)


def _respiration(asked: _Asked) -> _Drawn:
    return _Drawn(
        lambda epoch: chest(epoch, asked.rate_hz),
        lambda epoch: chest_noise(epoch, asked.rate_hz, asked.key),
        1.0,
    )


def _acceleration(asked: _Asked) -> _Drawn:
    body = Body(asked.script, asked.seed)
    return _Drawn(
        lambda epoch: body.acceleration(epoch, asked.rate_hz, asked.key), lambda _: 0.0, 1.0
    )


def _spo2(asked: _Asked) -> _Drawn:
    numbers = Numbers(asked.script)
    return _Drawn(
        lambda epoch: numbers.saturation(epoch, asked.rate_hz, asked.key), lambda _: 0.0, 2.0
    )


def _temperature(asked: _Asked) -> _Drawn:
    numbers = Numbers(asked.script)
    return _Drawn(
        lambda epoch: numbers.temperature(epoch, asked.rate_hz, asked.key), lambda _: 0.0, 1.0
    )


_DRAWN: dict[Signal, Callable[[_Asked], _Drawn]] = {
    Signal.ECG: _ecg,
    Signal.PPG: _ppg,
    Signal.PRESSURE: _pressure,
    Signal.RESPIRATION: _respiration,
    Signal.ACCELERATION: _acceleration,
    Signal.SPO2: _spo2,
    Signal.TEMPERATURE: _temperature,
}
