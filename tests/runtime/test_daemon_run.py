"""The daemon as a whole: in simulated time, and as the process that people start."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playbacks import simulated_patients

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SeededEntropy
from edgeward.adapters.notify import ServiceManager
from edgeward.adapters.sensors import Sensors
from edgeward.adapters.store import MemoryStore
from edgeward.device.daemon.daemon import Advice, Daemon, DaemonDevice
from edgeward.device.daemon.frames import encode
from edgeward.device.daemon.journal import FILE, Journal
from edgeward.device.daemon.slow import SlowSide
from edgeward.device.daemon.source import Arrival, PlaybackSource
from edgeward.device.device import Parts
from edgeward.limits import DEFAULT, Limits
from edgeward.model.reference import load_reference_model
from edgeward.monitor.monitor import Monitor
from edgeward.process.ladder import Rung
from edgeward.process.mode import PACE, Mode, Pace
from edgeward.process.stream import Block
from edgeward.process.technical import Condition
from edgeward.profile import load_profile

ENGINE = load_reference_model()
PROFILES = Path(__file__).parents[2] / "device_profiles"
COMMAND = str(Path(sys.executable).with_name("edgeward"))
S = 1_000_000_000


def device_at(clock: SimulatedClock, pace: Pace = PACE, limits: Limits = DEFAULT) -> DaemonDevice:
    return DaemonDevice(
        Parts(
            clock=clock, store=MemoryStore(), entropy=SeededEntropy(1), engine=ENGINE, pace=pace,
            limits=limits,
        )
    )  # fmt: skip


class Script:
    """A source that gives what a test wrote down."""

    said = "a script"
    streams_expected: int | None = None

    def __init__(self, clock: SimulatedClock, arrivals: list[Arrival]) -> None:
        self.clock, self.arrivals = clock, arrivals
        self.refused: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        return not self.arrivals

    def receive(self, until_ns: int) -> list[Arrival]:
        self.clock.advance(max(0, until_ns - self.clock.monotonic_ns()))
        return [self.arrivals.pop(0)]

    def close(self) -> None:
        self.arrivals = []


def told(daemon: Daemon) -> list[dict[str, Any]]:
    return [record.to_dict() for record in daemon.device.handover.take(100_000)]


@pytest.mark.parametrize("mode", [*Mode])
def test_minutes_of_patients_pass_in_no_time_and_every_window_is_told(mode: Mode) -> None:
    clock = SimulatedClock()
    device = device_at(clock, Pace(mode))
    taken = ENGINE.card.input
    source = PlaybackSource(simulated_patients(3, 1, 250), clock, taken, until_s=60)
    daemon = Daemon(device, source)
    daemon.run(lambda: False)
    assert daemon.snapshot.conserved()
    windows = (15_000 - 1250) // 250 + 1
    assert daemon.snapshot.counts["windows"] == 3 * windows
    results = [one for one in told(daemon) if one["kind"] == "result"]
    for name in ("patient-001", "patient-002", "patient-003"):
        indices = [one["window"]["index"] for one in results if one["stream"] == name]
        assert indices == list(range(windows))
    assert 59 * S < clock.monotonic_ns() < 62 * S


def test_what_cannot_be_taken_is_counted_said_and_does_not_stop_the_rest() -> None:
    clock = SimulatedClock()
    device = device_at(clock, limits=Limits(streams_max=2, gap_samples_max=5000))
    x = np.zeros(500, dtype=np.float32)

    def block(first: int, count: int = 500) -> Block:
        return Block(first, x[:count], None, clock.monotonic_ns())

    arrivals: list[Arrival] = [
        ("a", block(1000)),  # a stream may begin anywhere
        ("b", block(0)),
        ("c", block(0)),  # one too many
        ("a", block(1200)),  # goes back
        ("a", block(1500)),
        ("a", block(50_000)),  # a hole too large: begins anew
        ("a", block(50_500)),
        ("a", block(51_000)),
    ]
    daemon = Daemon(device, Script(clock, arrivals))
    daemon.run(lambda: False)
    assert daemon.snapshot.refused == {"limit": 1, "order": 1}
    assert daemon.snapshot.streams["a"].samples == 51_500
    records = told(daemon)
    results = [one for one in records if one["kind"] == "result"]
    firsts = [(one["stream"], one["window"]["first"]) for one in results]
    assert firsts == [("a", 50_000), ("a", 50_250)]
    technical = [one for one in records if one["kind"] == "technical"]
    said = [(one["condition"], one["stream"], one["raised"]) for one in technical]
    assert said == [
        ("refused", "c", True), ("refused", "a", True), ("refused", "a", False),
        ("refused", "a", True), ("refused", "a", False),
    ]  # fmt: skip


def test_advice_from_outside_reaches_the_ladder() -> None:
    clock = SimulatedClock()
    arrival = ("a", Block(0, np.zeros(5, np.float32), None, 0))
    daemon = Daemon(device_at(clock), Script(clock, [arrival]))
    daemon.advice.append(Advice("thermal", Rung.THROTTLED))
    daemon.run(lambda: False)
    assert daemon.snapshot.rung == "throttled"
    assert [event.condition for event in daemon.snapshot.conditions] == [Condition.DEGRADED]


def test_the_manager_is_told_that_it_lives_only_while_the_clinical_thread_does(
    tmp_path: Path,
) -> None:
    clock = SimulatedClock(start_monotonic_ns=100 * S)
    daemon = Daemon(device_at(clock), Script(clock, []))
    name = str(tmp_path / "notify")
    journal = Journal(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name)
        listening.setblocking(False)
        manager = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "4000000"})
        slow = SlowSide(daemon, journal, manager, clock)
        slow.round()
        assert listening.recv(50) == b"WATCHDOG=1"
        slow.round()
        daemon.device.processor.watchdog.begin()
        clock.advance(3 * S)
        slow.round()
        slow.round()
        with pytest.raises(BlockingIOError):
            listening.recv(50)
        daemon.device.processor.watchdog.end()
        slow.round()
        assert listening.recv(50) == b"WATCHDOG=1"
    assert slow.counts.stalls == 1
    journal.close()
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert [(one["condition"], one["raised"]) for one in lines] == [
        ("stalled", True), ("stalled", False),
    ]  # fmt: skip


def test_a_sensor_that_comes_back_does_not_hide_that_it_is_still_too_hot(tmp_path: Path) -> None:
    clock = SimulatedClock(start_monotonic_ns=S)
    daemon = Daemon(device_at(clock), Script(clock, []))
    zone = tmp_path / "sys" / "class" / "thermal" / "thermal_zone0" / "temp"
    zone.parent.mkdir(parents=True)
    profile = load_profile("wearable", [PROFILES]).profile
    journal = Journal(tmp_path)
    slow = SlowSide(daemon, journal, ServiceManager({}), clock)
    slow.monitor = Monitor(Sensors(tmp_path, tmp_path / "sys"), profile, clock, tmp_path)
    wrong = []
    for text in ("80000", "", "80000"):
        zone.write_text(text)
        slow.round()
        wrong.append({event.stream for event in slow.active()})
        clock.advance(S)
    hot, unknown = "temperature_c", "temperature_c unknown"
    assert wrong == [{hot}, {hot, unknown}, {hot}]
    journal.close()


def test_a_log_that_the_disk_refuses_is_counted_and_said(tmp_path: Path) -> None:
    clock = SimulatedClock()
    daemon = Daemon(device_at(clock), Script(clock, []))
    journal = Journal(tmp_path)
    kept = os.dup(journal._fd)
    os.dup2(os.open("/dev/full", os.O_WRONLY), journal._fd)
    slow = SlowSide(daemon, journal, ServiceManager({}), clock)
    daemon.device.processor.conditions.raise_(Condition.LATE, "a", "")
    slow.round()
    assert (slow.counts.logged, slow.counts.unlogged) == (0, 1)
    assert [event.condition for event in slow.active()] == [Condition.LOG_LOST]
    os.dup2(kept, journal._fd)
    slow.round()
    assert slow.counts.logged == 1  # that the log was lost
    slow.round()
    assert slow.active() == ()
    journal.close()
    os.close(kept)


def edgeward(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *map(str, words)], capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@contextmanager
def running(state: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """A daemon that answers; it is ended at the end."""
    process = subprocess.Popen(
        [COMMAND, "run", "--state", str(state), *map(str, words)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        while edgeward("status", "--state", state).returncode == 2 and process.poll() is None:
            pass
        yield process
    finally:
        process.kill()
        process.communicate()


def asked(state: Path, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The status, as soon as it is what was waited for; after a minute, as it is then."""
    deadline = time.monotonic() + 60
    while True:
        seen: dict[str, Any] = json.loads(edgeward("status", "--state", state, "--json").stdout)
        if until(seen) or time.monotonic() > deadline:
            return seen


@pytest.mark.slow
def test_a_person_starts_it_asks_it_reads_its_log_and_ends_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running(state, "--profile", "gateway", "--patients", 4, "--speed", 20) as process:
        seen = asked(state, lambda status: len(status["streams"]) == 4)
        assert (seen["schema"], seen["profile"]["name"]) == (1, "gateway")
        while not (state / FILE).stat().st_size:
            time.sleep(0.05)
        assert "4 simulated patients, busy_day, 4 streams, mode real_time" in edgeward(
            "status", "--state", state
        ).stdout  # fmt: skip
        assert "patient-00" in edgeward("logs", "--state", state, "--lines", 5).stdout
        again = edgeward("run", "--state", state, "--profile", "gateway")
        assert again.returncode == 2
        assert "cannot be listened on" in again.stderr
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 1)  # 1: a busy host made a result late
    assert "sums       add up" in said
    assert "budget     50 / 100 / 250 ms" in said
    after = edgeward("status", "--state", state)
    assert after.returncode == 2
    assert f"no daemon runs here; start one with `edgeward run --state {state}`" in after.stderr


@pytest.mark.slow
@pytest.mark.alone
def test_a_sensor_sends_datagrams_and_results_come(tmp_path: Path) -> None:
    state, path = tmp_path / "state", tmp_path / "samples"
    patient = simulated_patients(1, 3, 250)[0]
    with (
        running(state, "--profile", "wearable", "--source", f"unix:{path}"),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sensor,
    ):
        for first in range(0, 2500, 250):
            samples = patient.samples[first : first + 250]
            sensor.sendto(encode("bed-7", first, samples, None, 0), str(path))
        sensor.sendto(b"nonsense", str(path))
        seen = asked(state, lambda one: one["windows"]["windows"] == 6 and bool(one["refused"]))
    assert seen["windows"]["answered"] == 6
    assert seen["refused"] == {"found 8 bytes": 1}
    assert seen["streams"] == {"bed-7": {"samples": 2500, "windows": 6}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--profile", "gatway"], 'did you mean "gateway"?'),
        (["--profile", "gateway", "--patients", "0"], "--patients 0: accepted: above 0"),
        (["--profile", "gateway", "--speed", "-1", "--hours", "0"], "--hours 0.0: accepted"),
        (["--profile", "gateway", "--source", "udp:x"], "udp:x: cannot be listened on"),
        (["--profile", "gateway", "--source", "none.hea"], "none.hea: cannot be read"),
        (["--profile", "gateway", "--speed", "9000"], "50 patients cannot be judged in time"),
        (["--profile", "gateway", "--rules", "none.toml"], "none.toml"),
        (["--profile", "gateway", "--output", "lamp"], "--output lamp: accepted: NAME=PATH"),
    ],
)
def test_what_cannot_be_run_is_refused_in_words(
    tmp_path: Path, words: list[str], said: str
) -> None:
    done = edgeward("run", "--state", tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


RULES = """
[rule.tall]
kind = "threshold"
signal = "ecg"
unit = "mV"
side = "above"
low = 1.0
high = 2.0
persistence_samples = 2
clear_samples = 5
on_invalid = "reset"
cannot_judge_samples = 250
action = "lamp"
"""


@pytest.mark.slow
def test_a_rule_switches_an_output_while_its_condition_holds(tmp_path: Path) -> None:
    state, path, lamp = tmp_path / "state", tmp_path / "samples", tmp_path / "lamp"
    (tmp_path / "rules.toml").write_text(RULES)
    words = ("--source", f"unix:{path}", "--rules", tmp_path / "rules.toml")
    with (
        running(state, "--profile", "wearable", *words, "--output", f"lamp={lamp}"),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sensor,
    ):
        assert lamp.read_text() == "0"
        for number, value in enumerate([0.0, 3.0, 3.0, 0.0]):
            samples = np.full(10, value, dtype=np.float32)
            sensor.sendto(encode("bed-7", 70_000 + number * 10, samples, None, 0), str(path))
            expected = "1" if value else "0"
            deadline = time.monotonic() + 30
            while lamp.read_text() != expected and time.monotonic() < deadline:
                time.sleep(0.01)
            assert lamp.read_text() == expected
        log = ""
        deadline = time.monotonic() + 60
        while "rule tall holds: ends" not in log and time.monotonic() < deadline:
            log = edgeward("logs", "--state", state).stdout
    assert "bed-7 @70011  rule tall holds: BEGINS  3 mV" in log
    assert "bed-7 @70034  rule tall holds: ends  0 mV" in log


@pytest.mark.slow
@pytest.mark.alone
def test_a_recording_is_played_as_fast_as_it_goes(tmp_path: Path) -> None:
    samples = simulated_patients(1, 3, 250)[0].samples
    (tmp_path / "r.hea").write_text(f"r 1 250 {len(samples)}\nr.dat 16 1000/mV 16 0 0 0 0 II\n")
    (tmp_path / "r.dat").write_bytes((samples * 1000).astype("<i2").tobytes())
    done = edgeward(
        "run", "--state", tmp_path, "--profile", "bedside_monitor", "--speed", 200, "--hours", 0.1,
        "--source", tmp_path / "r", "--mode", "batch",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "r, 1 recorded channels" in done.stderr
    assert "results    356: 356 answered" in done.stderr
