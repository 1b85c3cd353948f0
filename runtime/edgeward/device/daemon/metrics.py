"""Prometheus metrics of a daemon: a snapshot in the names and units that Prometheus expects.

Rules:
1. Everything in one exposition comes from one snapshot. What adds up there adds up in every scrape:
   blocks offered = taken + given up + waiting; windows = answered + no answer + declined = told +
   untold; results told = what each path's histogram has counted.
2. A counter starts at 0 with the device and only grows; `edgeward_epoch` says which start it was.
   What can go back, such as the figures of a stream that began anew, is a gauge.
3. A time is never better than the truth: a duration whose fine bucket reaches beyond a bound is
   counted above it (at most 3.2 % of the bound).
4. A snapshot is written out once, however often it is asked for: a busy scraper costs no more than
   one for each snapshot.
5. The names of streams come from outside. They are escaped, and at most so many are exported.

Needs the extra `metrics`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import edgeward
from edgeward.alarm.vocabulary import Presence, Priority
from edgeward.device.daemon.metrics_http import MetricsServer
from edgeward.device.daemon.snapshot import Snapshot
from edgeward.errors import EdgewardError
from edgeward.process.backlog import Loss, StreamClass
from edgeward.process.ladder import Rung
from edgeward.process.latency import Histogram
from edgeward.process.technical import Condition
from edgeward.signal.findings import Vital

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily, Metric

STREAMS_MAX = 256
"""Streams exported by name; a device has far fewer, and each costs the scraper four series."""
BOUNDS_NS = tuple(
    round(step * 10**power) for power in range(5, 10) for step in (1, 2.5, 5)
)  # 100 us to 5 s
_OUTCOMES = ("answered", "no_answer", "declined")
_TELLINGS = ("told", "untold")


class MetricsError(EdgewardError):
    """Metrics cannot be served."""


def start_metrics(address: str, snapshot: Callable[[], Snapshot]) -> MetricsServer:
    """Serve the metrics of the latest snapshot on HOST:PORT, from a thread of its own.

    Raises:
        MetricsError: prometheus-client is not installed.
        MetricsAddressError: it is no such address, or cannot be listened on.
    """
    try:
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
    except ImportError as error:
        raise MetricsError(
            "metrics need prometheus-client; install it with: pip install 'edgeward[metrics]'"
        ) from error
    written: tuple[Snapshot | None, bytes] = (None, b"")

    def page() -> bytes:  # rule 4
        nonlocal written
        latest = snapshot()
        if latest is not written[0]:
            written = latest, generate_latest(SnapshotCollector(lambda: latest))
        return written[1]

    return MetricsServer(address, page, CONTENT_TYPE_LATEST)


class SnapshotCollector:
    """Gives the families of one snapshot for each scrape (rule 1)."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        """Ask this for the latest snapshot."""
        self._snapshot = snapshot

    def collect(self) -> Iterator["Metric"]:
        """Every family, all of the same moment."""
        snapshot = self._snapshot()
        yield from _device(snapshot)
        yield from _blocks(snapshot)
        yield from _windows(snapshot)
        yield from _handed_over(snapshot)
        yield from _streams(snapshot)
        yield from _watched(snapshot)


def _counter(name: str, said: str, label: str, values: dict[str, int]) -> "Metric":
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"edgeward_{name}", said, labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([_text(key)] if label else [], value)
    return family


def _gauge(name: str, said: str, label: str, values: dict[str, float]) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"edgeward_{name}", said, labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([_text(key)] if label else [], value)
    return family


def _text(name: str) -> str:
    """A label's value that can be encoded; prometheus-client escapes the rest (rule 5)."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _device(snapshot: Snapshot) -> Iterator["Metric"]:
    from prometheus_client.core import InfoMetricFamily

    info = InfoMetricFamily("edgeward_device", "What runs, and how the system schedules it.")
    said = {"version": edgeward.__version__, "scheduling": _text(snapshot.scheduling)}
    info.add_metric([], said)
    yield info
    yield _gauge("epoch", "Which start of the device this is.", "", {"": snapshot.epoch})
    yield _gauge(
        "snapshot_monotonic_seconds",
        "When these figures were taken, on the device's monotonic clock.",
        "",
        {"": snapshot.at_ns / 1e9},
    )
    rungs = {rung.name.lower(): float(rung.name.lower() == snapshot.rung) for rung in Rung}
    yield _gauge("ladder_rung", "1 for the rung of the degradation ladder.", "rung", rungs)
    active = {one.value: 0.0 for one in Condition}
    for event in snapshot.conditions:
        active[event.condition.value] += 1
    yield _gauge("conditions", "Technical conditions that hold.", "condition", active)


def _blocks(snapshot: Snapshot) -> Iterator["Metric"]:
    from prometheus_client.core import CounterMetricFamily

    blocks = snapshot.blocks
    yield _counter("blocks_offered", "Blocks of samples offered.", "", {"": blocks["offered"]})
    yield _counter("blocks_taken", "Blocks worked off.", "", {"": blocks["taken"]})
    lost = CounterMetricFamily(
        "edgeward_blocks_given_up", "Blocks not judged, to keep up.", labels=["class", "reason"]
    )
    for one in StreamClass:
        for loss in Loss:
            name = one.name.lower()
            lost.add_metric([name, loss.value], snapshot.given_up.get(f"{name}:{loss.value}", 0))
    yield lost
    yield _gauge("blocks_waiting", "Blocks that wait.", "", {"": blocks["waiting"]})
    yield _counter(
        "arrivals_refused", "Arrivals that could not be used.", "reason", snapshot.refused
    )


def _windows(snapshot: Snapshot) -> Iterator["Metric"]:
    from prometheus_client.core import HistogramMetricFamily

    counts = snapshot.counts
    yield _counter("windows", "Complete windows.", "", {"": counts["windows"]})
    outcomes = {name: counts[name] for name in _OUTCOMES}
    yield _counter("window_outcomes", "Windows by what came of them.", "outcome", outcomes)
    tellings = {name: counts[name] for name in _TELLINGS}
    yield _counter("window_results", "Results by whether they were told.", "telling", tellings)
    yield _counter("results_late", "Results later than the profile allows.", "", {
        "": counts["late"]
    })  # fmt: skip
    latency = HistogramMetricFamily(
        "edgeward_path_latency_seconds", "Duration of each path of a told result.", labels=["path"]
    )
    for path, times in snapshot.times.items():
        _add_histogram(latency, path.value, times)
    yield latency
    longest = {path.value: times.max_ns / 1e9 for path, times in snapshot.times.items()}
    yield _gauge("path_latency_max_seconds", "Longest duration of each path.", "path", longest)


def _add_histogram(family: "HistogramMetricFamily", path: str, times: Histogram) -> None:
    """Rule 3: cumulative counts at the coarse bounds."""
    fine = list(times.buckets())
    buckets = [
        (str(bound_ns / 1e9), sum(count for edge_ns, count in fine if edge_ns <= bound_ns))
        for bound_ns in BOUNDS_NS
    ]
    family.add_metric([path], [*buckets, ("+Inf", times.n)], times.sum_ns / 1e9)


def _handed_over(snapshot: Snapshot) -> Iterator["Metric"]:
    handed = snapshot.handed_over
    yield _counter("records_handed_over", "Records for the log.", "", {"": handed["put"]})
    yield _counter("records_fetched", "Records the log has fetched.", "", {"": handed["taken"]})
    lost = {"results": handed["lost_results"], "others": handed["lost_others"]}
    yield _counter("records_lost", "Records the log had no room for.", "kind", lost)
    waiting = handed["waiting"] + handed["in_hand"]
    yield _gauge("records_waiting", "Records not yet fetched.", "", {"": waiting})


def _streams(snapshot: Snapshot) -> Iterator["Metric"]:
    """Rule 2: a stream can begin anew, so its figures are gauges."""
    shown = dict(islice(snapshot.streams.items(), STREAMS_MAX))
    left_out = len(snapshot.streams) - len(shown)
    yield _gauge("streams", "Open streams.", "", {"": len(snapshot.streams)})
    yield _gauge("streams_left_out", "Open streams not exported.", "", {"": left_out})
    samples = {name: float(one.samples) for name, one in shown.items()}
    yield _gauge("stream_next_sample", "Index of a stream's next sample.", "stream", samples)
    windows = {name: float(one.windows) for name, one in shown.items()}
    yield _gauge("stream_windows", "Windows since a stream was opened.", "stream", windows)


def _watched(snapshot: Snapshot) -> Iterator["Metric"]:
    """Alarms and unknown numbers; all of them at 0 where nobody is watched, and that is told."""
    from prometheus_client.core import GaugeMetricFamily

    watched = snapshot.watched
    shown = () if watched is None else watched.state.shown
    readings = {} if watched is None else watched.readings
    yield _gauge("patients_watched", "Patients who are watched.", "", {"": len(readings)})
    up = Counter((one.alarm.priority, one.alarm.presence) for one in shown)
    alarms = GaugeMetricFamily(
        "edgeward_alarms", "Alarms that are up.", labels=["priority", "presence"]
    )
    for priority in Priority:
        for presence in Presence:
            alarms.add_metric([priority.value, presence.value], up[priority, presence])
    yield alarms
    undecided = sum(one.alarm.undecided for one in shown)
    said = "Alarms that are up and cannot be seen at present."
    yield _gauge("alarms_undecided", said, "", {"": undecided})
    unknown = Counter(
        event.reading.vital
        for newest in readings.values()
        for event in newest
        if event.reading.value is None
    )
    counts = {vital.value: float(unknown[vital]) for vital in Vital}
    yield _gauge("vitals_unknown", "Patients whose number is not known.", "vital", counts)
    lost = 0 if watched is None else watched.unrecorded
    yield _counter("alarm_entries_unrecorded", "Entries the alarm journal had no room for.", "", {
        "": lost
    })  # fmt: skip
