"""The name of a stream: whose sensor it is, and what it measures.

`bed-7` alone is a stream of what the model takes. `bed-7/ppg@125` is another channel of the device
`bed-7`: a signal at a rate, in its canonical unit; `bed-7/ecg-2@250` is a second lead. What a name
does not say is not guessed: one that is written like a channel and is none is refused.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from edgeward.device.rpc import shown
from edgeward.errors import StreamError
from edgeward.limits import DEFAULT
from edgeward.model.card import ModelInput
from edgeward.signal.channel import ACCEPTED, Channel, Signal

_CHANNEL = re.compile(r"(?P<device>.+)/(?P<name>(?P<signal>[A-Za-z0-9]+)[\w-]*)@(?P<rate>\d{1,5})")
_REMEMBERED = 4096
ACCEPTED_NAME = f"DEVICE, or DEVICE/SIGNAL@HZ with a signal of {', '.join(Signal)}"


@dataclass(frozen=True, slots=True)
class StreamName:
    """What the name of a stream says."""

    device: str
    channel: Channel | None
    """None: it is something that nobody can be watched by."""
    judged: bool
    """Whether the model takes it."""


@lru_cache(_REMEMBERED)
def read_name(name: str, taken: ModelInput) -> StreamName:
    """What a stream of this name carries, on a device whose model takes this.

    Raises:
        StreamError: it is written like a channel and is none, or names no device.
    """
    found = _CHANNEL.fullmatch(name)
    device = name if found is None else found["device"]
    longest = DEFAULT.stream_name_chars_max
    if not 0 < len(device) <= longest or not name.isprintable():
        raise StreamError(
            f"found the stream name {shown(name)}; accepted: 1 to {longest} printable characters"
        )
    if found is None:
        return StreamName(device, _taken(taken), judged=True)
    try:
        signal = Signal(found["signal"])
        unit = ACCEPTED[signal].unit
        channel = Channel(found["name"], signal, unit, int(found["rate"]))
    except (ValueError, StreamError) as error:
        raise StreamError(
            f"found the stream {shown(name)}: {error}; accepted: {ACCEPTED_NAME}"
        ) from error
    alike = (channel.signal.value, channel.unit, channel.rate_hz)
    return StreamName(device, channel, alike == (taken.signal, taken.unit, taken.rate_hz))


def _taken(taken: ModelInput) -> Channel | None:
    """What the model takes, as a channel of a patient."""
    try:
        return Channel(taken.signal, Signal(taken.signal), taken.unit, taken.rate_hz)
    except (ValueError, StreamError):
        return None
