"""How a daemon is doing, at one moment: taken by the clinical thread, read by any other.

Everything in a snapshot was copied between two blocks, so the counts in it add up: whoever reads
one never sees a result that was counted and not yet told.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeward.process.latency import Histogram, Path
from edgeward.process.processor import Processor
from edgeward.process.technical import TechnicalEvent

if TYPE_CHECKING:  # loaded where patients are watched
    from edgeward.device.daemon.watched import Watched


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where one stream stands."""

    samples: int
    """The index of the next sample; gaps included."""
    windows: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The processor at one moment."""

    at_ns: int
    streams: dict[str, StreamState]
    counts: dict[str, int]
    blocks: dict[str, int]
    """Offered, taken, given up and waiting; and refused, which were never taken."""
    given_up: dict[str, int]
    """By class and reason."""
    refused: dict[str, int]
    """Arrivals that could not be used, by reason."""
    rung: str
    conditions: tuple[TechnicalEvent, ...]
    times: dict[Path, Histogram]
    handed_over: dict[str, int]
    scheduling: str
    epoch: int
    watched: "Watched | None" = None
    """None: nobody is watched."""

    def conserved(self) -> bool:
        """Whether what must add up does."""
        blocks, counts, handed = self.blocks, self.counts, self.handed_over
        outcomes = counts["answered"] + counts["no_answer"] + counts["declined"]
        return (
            blocks["offered"] == blocks["taken"] + blocks["given_up"] + blocks["waiting"]
            and counts["windows"] == outcomes == counts["told"] + counts["untold"]
            and handed["in_hand"] in (0, 1)
        )

    def to_dict(self) -> dict[str, Any]:
        """The snapshot as `edgeward status --json` prints it."""
        return {
            "at_ns": self.at_ns,
            "epoch": self.epoch,
            "scheduling": self.scheduling,
            "rung": self.rung,
            "streams": {
                name: {"samples": one.samples, "windows": one.windows}
                for name, one in sorted(self.streams.items())
            },
            "windows": self.counts,
            "blocks": self.blocks,
            "given_up": self.given_up,
            "refused": self.refused,
            "handed_over": self.handed_over,
            "latency_ns": {
                path.value: times.quantiles().to_dict() for path, times in self.times.items()
            },
            "conditions": [event.to_dict() for event in self.conditions],
            "watched": None if self.watched is None else self.watched.to_dict(),
        }


def take_snapshot(
    processor: Processor,
    at_ns: int,
    *,
    refused: dict[str, int],
    handed_over: dict[str, int],
    scheduling: str,
    epoch: int,
    watched: "Watched | None" = None,
) -> Snapshot:
    """Copy what there is to know; called by the clinical thread, between two blocks."""
    backlog = processor.backlog
    return Snapshot(
        at_ns=at_ns,
        streams={
            name: StreamState(stream.next_sample, stream.windows)
            for name, stream in processor.streams.items()
        },
        counts=processor.counts.to_dict(),
        blocks={
            "offered": backlog.offered,
            "taken": backlog.taken,
            "given_up": sum(backlog.given_up.values()),
            "waiting": len(backlog),
        },
        given_up={
            f"{stream_class.name.lower()}:{loss.value}": count
            for (stream_class, loss), count in backlog.given_up.items()
        },
        refused=dict(refused),
        rung=processor.ladder.rung.name.lower(),
        conditions=processor.conditions.active(),
        times={path: processor.times.of(path).copy() for path in Path},
        handed_over=handed_over,
        scheduling=scheduling,
        epoch=epoch,
        watched=watched,
    )
