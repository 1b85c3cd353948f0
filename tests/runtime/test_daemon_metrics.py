"""Metrics: every scrape parses, adds up and only grows, whatever the peers and the names are."""

import builtins
import contextlib
import http.client
import math
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbacks import simulated_patients
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.store import MemoryStore
from edgeward.device.daemon.daemon import Daemon, DaemonDevice
from edgeward.device.daemon.metrics import (
    STREAMS_MAX,
    MetricsError,
    SnapshotCollector,
    start_metrics,
)
from edgeward.device.daemon.metrics_http import MetricsAddressError, MetricsServer, judge
from edgeward.device.daemon.snapshot import Snapshot, StreamState
from edgeward.device.daemon.source import PlaybackSource
from edgeward.device.device import Parts
from edgeward.model.reference import load_reference_model
from edgeward.process.latency import Histogram, Path
from edgeward.process.mode import Mode, Pace

ENGINE = load_reference_model()
Sample = tuple[str, tuple[tuple[str, str], ...]]
Scrape = dict[Sample, float]


def daemon_in(mode: Mode, until_s: float) -> Daemon:
    """A daemon with simulated patients, in simulated time."""
    clock = SimulatedClock()
    device = DaemonDevice(
        Parts(
            clock=clock, store=MemoryStore(), entropy=SeededEntropy(1), engine=ENGINE,
            pace=Pace(mode),
        )
    )  # fmt: skip
    source = PlaybackSource(
        simulated_patients(3, 1, 250), clock, ENGINE.card.input, until_s=until_s
    )
    return Daemon(device, source)


@pytest.fixture(scope="module")
def taken() -> Snapshot:
    """The snapshot of a daemon that has seen a minute of patients."""
    daemon = daemon_in(Mode.STREAMING, 60)
    daemon.run(lambda: False)
    return daemon.snapshot


def parsed(text: str) -> tuple[Scrape, dict[str, str]]:
    """The samples of an exposition, each there once, and the type of each family."""
    samples: Scrape = {}
    kinds = {}
    for family in text_string_to_metric_families(text):
        kinds[family.name] = family.type
        for one in family.samples:
            key = (one.name, tuple(sorted(one.labels.items())))
            assert key not in samples, f"{key} is there twice"
            samples[key] = one.value
    return samples, kinds


def exposed(snapshot: Snapshot) -> Scrape:
    return parsed(generate_latest(SnapshotCollector(lambda: snapshot)).decode())[0]


def total(scrape: Scrape, name: str, **labels: str) -> float:
    found = [
        value for (one, said), value in scrape.items()
        if one == f"edgeward_{name}" and labels.items() <= dict(said).items()
    ]  # fmt: skip
    assert found, f"{name} {labels} is not exported"
    return sum(found)


def broken_laws(scrape: Scrape) -> list[str]:
    """What does not add up."""
    blocks = total(scrape, "blocks_taken_total") + total(scrape, "blocks_given_up_total")
    told = total(scrape, "window_results_total", telling="told")
    sums = {
        "blocks": (
            total(scrape, "blocks_offered_total"), blocks + total(scrape, "blocks_waiting")
        ),
        "outcomes": (total(scrape, "windows_total"), total(scrape, "window_outcomes_total")),
        "told": (total(scrape, "windows_total"), total(scrape, "window_results_total")),
        "records": (
            total(scrape, "records_handed_over_total"),
            total(scrape, "records_fetched_total") + total(scrape, "records_waiting"),
        ),
        **{
            path: (told, total(scrape, "path_latency_seconds_count", path=path))
            for path in map(str, Path)
        },
    }  # fmt: skip
    return [f"{name}: {left} is not {right}" for name, (left, right) in sums.items()
            if left != right]  # fmt: skip


def gone_back(before: Scrape, after: Scrape) -> list[str]:
    """Counters, and buckets, that shrank or vanished."""
    return [
        str(key) for key, value in before.items()
        if key[0].endswith(("_total", "_bucket", "_count", "_sum"))
        and after.get(key, -1) < value
    ]  # fmt: skip


@contextlib.contextmanager
def serving(snapshot: Callable[[], Snapshot]) -> Iterator[MetricsServer]:
    with contextlib.closing(start_metrics("127.0.0.1:0", snapshot)) as server:
        yield server


def scraped(server: MetricsServer, method: str = "GET", path: str = "/metrics") -> tuple[int, str]:
    peer = http.client.HTTPConnection(server.address, timeout=30)
    with contextlib.closing(peer):
        peer.request(method, path)
        answer = peer.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("mode", [Mode.REAL_TIME, Mode.STREAMING])
def test_every_scrape_of_a_running_daemon_adds_up_and_only_grows(mode: Mode) -> None:
    daemon = daemon_in(mode, until_s=10**7)
    stop = threading.Event()
    thread = threading.Thread(target=daemon.run, args=(stop.is_set,))
    scrapes: list[Scrape] = []
    with serving(lambda: daemon.snapshot) as server:
        thread.start()
        try:
            while len(scrapes) < 25 or len({total(one, "windows_total") for one in scrapes}) < 5:
                status, text = scraped(server)
                assert status == 200
                scrapes.append(parsed(text)[0])
        finally:
            stop.set()
            thread.join()
    assert [fault for one in scrapes for fault in broken_laws(one)] == []
    assert [fault for pair in pairwise(scrapes) for fault in gone_back(*pair)] == []
    assert {total(one, "epoch") for one in scrapes} == {1}


@pytest.mark.parametrize(
    ("part", "key", "law"),
    [("blocks", "taken", "blocks"), ("counts", "told", "told"), ("counts", "answered", "outcomes"),
     ("handed_over", "taken", "records")],
)  # fmt: skip
def test_what_does_not_add_up_is_seen(taken: Snapshot, part: str, key: str, law: str) -> None:
    figures = getattr(taken, part)
    changed: dict[str, Any] = {part: {**figures, key: figures[key] + 1}}
    wrong = replace(taken, **changed)
    assert law in [fault.partition(":")[0] for fault in broken_laws(exposed(wrong))]
    assert gone_back(exposed(wrong), exposed(taken)) != []


def test_the_names_have_units_and_types_as_prometheus_expects(taken: Snapshot) -> None:
    busy = replace(taken, refused={"order": 1})
    text = generate_latest(SnapshotCollector(lambda: busy)).decode()
    samples, kinds = parsed(text)
    assert all(name.startswith("edgeward_") for name in kinds)
    counters = {name for name, kind in kinds.items() if kind == "counter"}
    assert {name + "_total" for name in counters} == {
        key[0] for key in samples if key[0].endswith("_total")
    }
    assert [name for name in kinds if "latency" in name and not name.endswith("_seconds")] == []
    assert text.count("# HELP") == text.count("# TYPE") == len(kinds)


@given(st.lists(st.integers(0, 20 * 10**9), max_size=50))
def test_buckets_are_cumulative_and_never_better_than_the_truth(durations_ns: list[int]) -> None:
    times = Histogram()
    for duration_ns in durations_ns:
        times.count(duration_ns)
    snapshot = replace(EMPTY, times=dict.fromkeys(Path, times))
    scrape = exposed(snapshot)
    buckets = sorted(
        (float(dict(labels)["le"]), value) for (name, labels), value in scrape.items()
        if name == "edgeward_path_latency_seconds_bucket" and ("path", "sample_to_told") in labels
    )  # fmt: skip
    assert buckets[-1] == (math.inf, len(durations_ns))
    assert [count for _, count in buckets] == sorted(count for _, count in buckets)
    for bound, count in buckets[:-1]:
        inside = sum(one <= bound * 1e9 for one in durations_ns)
        well_inside = sum(one <= bound * 1e9 / 1.04 for one in durations_ns)
        assert well_inside <= count <= inside
    seconds = total(scrape, "path_latency_seconds_sum", path="sample_to_told")
    assert seconds == pytest.approx(sum(durations_ns) / 1e9)


EMPTY = daemon_in(Mode.REAL_TIME, 1).snapshot


@settings(max_examples=50)
@given(st.sets(st.text(min_size=1, max_size=20), max_size=5))
def test_a_stream_may_be_called_anything(names: set[str]) -> None:
    streams = {name: StreamState(7, 1) for name in names}
    scrape = exposed(replace(EMPTY, streams=streams, refused=dict.fromkeys(names, 1)))
    for name in names:
        said = name.encode("utf-8", "backslashreplace").decode()
        assert total(scrape, "stream_next_sample", stream=said) == 7
        assert total(scrape, "arrivals_refused_total", reason=said) == 1


def test_a_name_that_is_no_text_is_exported_all_the_same() -> None:
    streams = {'a"} 1\nedgeward_epoch 99\n\udcff\\': StreamState(3, 0)}
    scrape = exposed(replace(EMPTY, streams=streams))
    assert total(scrape, "epoch") == 1
    assert total(scrape, "stream_next_sample") == 3


def test_no_more_streams_than_the_limit_are_exported() -> None:
    streams = {f"s{number}": StreamState(1, 0) for number in range(STREAMS_MAX + 7)}
    scrape = exposed(replace(EMPTY, streams=streams))
    assert total(scrape, "stream_next_sample") == STREAMS_MAX
    assert total(scrape, "streams") == STREAMS_MAX + 7
    assert total(scrape, "streams_left_out") == 7


NONSENSE = [
    (b"", b"400"),
    (b"\r\n\r\n", b"400"),
    (b"GET /metrics\r\n\r\n", b"400"),
    (b"GET /metrics HTTP/1.1\r\n", b"400"),
    (b"GET  /metrics HTTP/1.1\r\n\r\n", b"400"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9, b"400"),
    (b"A" * 9000, b"400"),
    (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
    (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", b"404"),
    (b"GET /metrics?x=1 HTTP/1.0\r\nHost: a\r\n\r\n", b"200"),
]


def test_a_snapshot_is_written_out_once() -> None:
    """A change that no snapshot ever undergoes would be seen if it were written out again."""
    first = replace(EMPTY, blocks=dict(EMPTY.blocks))
    latest = [first]
    with serving(lambda: latest[0]) as server:
        before = scraped(server)
        first.blocks["offered"] += 1
        assert scraped(server) == before
        latest[0] = replace(first)
        assert scraped(server) != before


RIGHTS = """
import threading
from edgeward.adapters.scheduling import ThreadScheduling, Wish
from edgeward.device.daemon.metrics_http import MetricsServer
from urllib.request import urlopen
asked = ThreadScheduling().apply(Wish("fifo", 5)).observed
seen = []
def page():
    seen.append(ThreadScheduling().observe())
    return b""
server = MetricsServer(":0", page, "text/plain")
urlopen("http://" + server.address + "/metrics").read()
server.close()
print(asked.policy, asked.priority - seen[0].priority, seen[0].policy == asked.policy)
"""


@pytest.mark.slow
def test_the_thread_is_one_step_below_the_clinical_one() -> None:
    """In a process of its own, with the class where the host grants it and without where not."""
    command = [sys.executable, "-c", RIGHTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout in {"fifo 1 True\n", "other 0 True\n"}


@pytest.mark.parametrize(("request_bytes", "expected"), NONSENSE)
def test_whatever_a_peer_says_the_next_one_is_answered(
    request_bytes: bytes, expected: bytes
) -> None:
    with serving(lambda: EMPTY) as server:
        host, _, port = server.address.partition(":")
        with (
            socket.create_connection((host, int(port)), timeout=30) as peer,
            contextlib.suppress(ConnectionResetError),  # it did not read all of it
        ):
            peer.sendall(request_bytes)
            if not request_bytes.endswith(b"A"):
                peer.shutdown(socket.SHUT_WR)
            assert peer.recv(64).split(b" ")[1] == expected
        assert scraped(server)[0] == 200
        assert scraped(server, "HEAD") == (200, "")


@pytest.mark.slow
def test_peers_that_say_nothing_hold_nobody_up_for_long() -> None:
    with serving(lambda: EMPTY) as server:
        host, _, port = server.address.partition(":")
        silent = [socket.create_connection((host, int(port)), timeout=30) for _ in range(2)]
        assert scraped(server)[0] == 200
        for one in silent:
            assert one.recv(10) == b""  # their second was over
            one.close()


@given(st.binary(max_size=200))
def test_no_request_is_judged_as_anything_but_a_status(request: bytes) -> None:
    assert judge(request)[0] in {200, 400, 404, 405}


def test_a_page_that_fails_is_said_and_the_next_one_is_served() -> None:
    pages = [ZeroDivisionError("secret"), None]

    def snapshot() -> Snapshot:
        if error := pages.pop(0):
            raise error
        return EMPTY

    with serving(snapshot) as server:
        assert scraped(server) == (500, "ZeroDivisionError\n")
        assert scraped(server)[0] == 200
        server.close()
        with pytest.raises(OSError, match="refused"):
            scraped(server)


NO_ADDRESSES = ["", "x", "localhost:", "localhost:http", ":²", ":70000", "[::1]"]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_what_is_no_address_is_refused_in_words(address: str) -> None:
    with pytest.raises(MetricsAddressError, match="accepted: HOST:PORT"):
        start_metrics(address, lambda: EMPTY)


def test_an_address_in_use_is_refused_in_words() -> None:
    with serving(lambda: EMPTY) as server, pytest.raises(MetricsAddressError, match="in use"):
        start_metrics(server.address, lambda: EMPTY)


def test_without_a_host_only_this_machine_is_served() -> None:
    with contextlib.closing(start_metrics(":0", lambda: EMPTY)) as server:
        assert server.address.startswith("127.0.0.1:")


def test_without_its_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Sequence[object]) -> ModuleType:
        if name.startswith("prometheus_client"):
            raise ImportError(name)
        found: ModuleType = real(name, *rest)  # type: ignore[arg-type]
        return found

    for name in [one for one in sys.modules if one.startswith("prometheus_client")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MetricsError, match=r"edgeward\[metrics\]"):
        start_metrics(":0", lambda: EMPTY)
