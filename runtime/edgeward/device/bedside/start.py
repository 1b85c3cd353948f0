"""The bedside put together: its journal opened, its alarms as they were before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeward.alarm.annunciation.port import Annunciator, Annunciators
from edgeward.alarm.change import AlarmChange
from edgeward.alarm.moment import Moment
from edgeward.alarm.system.system import AlarmSystem
from edgeward.device.bedside.bedside import Bedside, Taken
from edgeward.device.bedside.indicators import EmulatedOutputs, Indicators
from edgeward.device.bedside.media import Media
from edgeward.device.bedside.recorder import Recorder, changes
from edgeward.device.bedside.telling import BedsideEvent
from edgeward.limits import Limits
from edgeward.ports import Clock

if TYPE_CHECKING:
    from edgeward.model.engine import InferenceEngine

_END = {True: "the device had ended in order", False: "the device had ended without notice"}


@dataclass(frozen=True, slots=True)
class Started:
    """The bedside, and what runs beside it."""

    bedside: Bedside
    recorder: Recorder
    indicators: Indicators


def start_bedside(
    clock: Clock,
    limits: Limits,
    epoch: int,
    tell: Callable[[BedsideEvent], None],
    media: Media,
    annunciators: Mapping[str, Annunciator],
    name: str = "device",
    engine: "InferenceEngine | None" = None,
    beat_engine: "InferenceEngine | None" = None,
    taken: Taken | None = None,
) -> Started:
    """The bedside and its journal; what was up before is up again.

    Raises:
        StoreError: another process holds the place of the journal.
    """
    log, box, boot = media.open()
    recorder = Recorder(log, box, clock, boot)
    before = changes(recorder.recovered)

    def start(now: Moment, take: Callable[[AlarmChange], None]) -> AlarmSystem:
        if not before:
            return AlarmSystem(epoch=epoch, now=now, tell=take)
        known, life = recorder.recovered, recorder.recovered.last_life
        return AlarmSystem.restore(
            before,
            epoch=epoch,
            now=now,
            tell=take,
            alive=None if life is None else Moment(life.monotonic_ns, life.wall_ns),
            outage="" if known.outage is None else _END[known.outage.in_order],
            damage=[f"{one.where}: {one.text}" for one in known.damage if not one.benign],
        )

    indicators = Indicators(clock.monotonic_ns(), EmulatedOutputs())
    bedside = Bedside(
        clock, limits, tell, start, recorder.record, recorder.beat,
        Annunciators({**indicators.annunciators, **annunciators}), name, indicators,
        engine, beat_engine, taken,
    )  # fmt: skip
    bedside.settle()
    return Started(bedside, recorder, indicators)
