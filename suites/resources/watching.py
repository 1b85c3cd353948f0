"""What a device uses while it idles, follows its sensors, and is driven as fast as it goes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from edgeward.profile import Profile
from edgeward_harness.measure.level import Level
from edgeward_harness.rig.footprint import Resident, Work, high_water, resident, work_of
from edgeward_harness.target import DeviceSession

from .feed import Feed

MB: Final = 1 << 20
FLAT_OUT_WINDOWS: Final = 25
"""From reading to reading, when the device is driven as fast as it goes."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of a device in its three states."""

    idle: Sequence[Resident]
    following: Sequence[Resident]
    flat_out: Sequence[Resident]
    peak: Resident
    """The most that each of its processes ever held, its start included."""
    idle_work: Work
    following_work: Work
    streams: int
    streams_promised: int
    signal_s: float
    """Seconds of signal of one stream that went in while it followed its sensors."""

    def memory(self) -> list[Level]:
        """All readings, in MB."""
        return in_mb([*self.idle, *self.following, *self.flat_out, self.peak])

    def to_json(self) -> dict[str, object]:
        """The form kept as evidence: bytes at least and at most, and in how many processes."""
        states = {"idle": self.idle, "following": self.following, "flat_out": self.flat_out}
        return {
            **{name: [_row(one) for one in seen] for name, seen in states.items()},
            "peak": _row(self.peak),
        }


def _row(one: Resident) -> list[int]:
    return [one.least_bytes, one.most_bytes, one.processes]


def in_mb(readings: Sequence[Resident]) -> list[Level]:
    """Readings of resident memory as levels in MB."""
    return [Level(one.least_bytes / MB, one.most_bytes / MB) for one in readings]


def watch(
    device: DeviceSession,
    profile: Profile,
    *,
    readings: int,
    seconds: int,
    seed: int,
    progress: Progress,
) -> Watched:
    """Watch a device: idle, then at the pace of all sensors it promises to have, then flat out."""
    idle: list[Resident] = []
    following: list[Resident] = []
    with work_of(device) as idle_work:
        _spread(device, seconds, readings, lambda: idle.append(resident(device)))
    progress(1, 3)
    promised = max(1, profile.network.devices_max)
    feed = Feed(device, seed, streams=promised)
    windows = max(1, round(seconds * promised / feed.hop_s))
    every = max(1, windows // readings)
    with work_of(device) as following_work:
        start_ns = time.monotonic_ns()
        for number in range(windows):
            device.pump_until(start_ns + round(number * feed.hop_s / promised * 1e9))
            feed.cross()
            if number % every == 0:
                following.append(resident(device))
        device.pump_until(start_ns + round(windows * feed.hop_s / promised * 1e9))
    progress(2, 3)
    flat_out = [_after(feed, device) for _ in range(readings)]
    progress(3, 3)
    return Watched(
        idle=idle,
        following=following,
        flat_out=flat_out,
        peak=high_water(device),
        idle_work=idle_work,
        following_work=following_work,
        streams=feed.streams,
        streams_promised=promised,
        signal_s=windows * feed.hop_s,
    )


def _spread(device: DeviceSession, seconds: int, times: int, act: Callable[[], None]) -> None:
    """Act so many times, evenly over so many seconds."""
    start_ns = time.monotonic_ns()
    for number in range(times):
        act()
        device.pump_until(start_ns + (number + 1) * seconds * 1_000_000_000 // times)


def _after(feed: Feed, device: DeviceSession) -> Resident:
    for _ in range(FLAT_OUT_WINDOWS):
        feed.cross()
    return resident(device)
