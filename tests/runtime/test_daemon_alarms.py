"""What a person sees of the alarms of a running device, and what they do about them."""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.exposition import generate_latest
from watching_daemon import Sender, device_at, heart, in_time, ran, standstill

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.notify import ServiceManager
from edgeward.device.daemon import alarms, logs
from edgeward.device.daemon.asked import METHODS, Asked
from edgeward.device.daemon.control import Control, RefusedError, ask
from edgeward.device.daemon.daemon import Daemon
from edgeward.device.daemon.journal import Journal
from edgeward.device.daemon.metrics import SnapshotCollector
from edgeward.device.daemon.slow import SlowSide
from edgeward.device.daemon.status import as_text, status_of
from edgeward.device.rpc import Request, RpcError
from edgeward.errors import LimitError
from edgeward.profile import load_profile

PROFILE = load_profile("wearable", [Path(__file__).parents[2] / "device_profiles"]).profile
COMMAND = str(Path(sys.executable).with_name("edgeward"))


@pytest.fixture
def still(tmp_path: Path) -> tuple[Daemon, SlowSide]:
    """One patient whose heart stands still, one who is well, and what was told of them."""
    clock = SimulatedClock()
    daemon = ran(device_at(clock), Sender(clock, in_time(standstill("a"), heart(30, name="b"))))
    slow = SlowSide(daemon, Journal(tmp_path), ServiceManager({}), clock)
    slow.round()
    return daemon, slow


def test_the_status_shows_the_most_urgent_alarm_first_and_every_number(
    still: tuple[Daemon, SlowSide],
) -> None:
    daemon, slow = still
    status = json.loads(json.dumps(status_of(daemon, slow, PROFILE)))
    first = status["watched"]["alarms"][0]
    assert (first["patient"], first["condition"], first["priority"]) == ("a", "asystole", "high")
    said = as_text(status)
    assert "up, the most urgent first; heard: high, lit: high" in said
    assert f"!!! a  asystole, {first['text']}  [{first['id']}]" in said
    assert "b  heart rate 75 /min" in said
    lines = said.splitlines()
    assert lines.index(next(one for one in lines if "asystole" in one)) < lines.index(
        next(one for one in lines if "watched" in one)
    )


def test_a_device_that_watches_nobody_says_so_in_its_status(tmp_path: Path) -> None:
    clock = SimulatedClock()
    daemon = ran(device_at(clock, watched=False), Sender(clock, heart(5)))
    daemon.unwatched = "it was asked for"
    slow = SlowSide(daemon, Journal(tmp_path), ServiceManager({}), clock)
    said = as_text(status_of(daemon, slow, PROFILE))
    assert "alarms     NONE: nobody is watched, it was asked for" in said


def test_the_log_has_each_entry_in_words_and_can_be_asked_for_them_only(
    still: tuple[Daemon, SlowSide], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    logs.configure(parser)
    options = parser.parse_args(["--state", str(tmp_path), "--alarms", "--lines", "1000"])
    assert logs.run(options) == 0
    said = capsys.readouterr().out
    assert "  a ecg  sign asystole begins  " in said
    assert "  a  alarm declared: HIGH asystole, " in said
    assert "  a  heard: high, lit: high" in said
    assert " answered" not in said
    assert " #" not in said  # no result
    assert "{" not in said  # nothing that nobody has words for


def test_the_metrics_count_alarms_and_unknown_numbers(still: tuple[Daemon, SlowSide]) -> None:
    daemon, _ = still
    text = generate_latest(SnapshotCollector(lambda: daemon.snapshot)).decode()
    assert "edgeward_patients_watched 2.0" in text
    assert 'edgeward_alarms{presence="on",priority="high"} 0.0' not in text
    assert 'edgeward_alarms{presence="on",priority="low"} 0.0' in text
    assert 'edgeward_vitals_unknown{vital="temperature"} 0.0' in text
    assert "edgeward_alarm_entries_unrecorded_total 0.0" in text


@contextmanager
def clinical(asked: Asked) -> Iterator[None]:
    """A thread that works off what is asked, as the clinical one does between two blocks."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.001):
            asked.work()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.fixture
def listening(still: tuple[Daemon, SlowSide], tmp_path: Path) -> Iterator[Path]:
    """The folder of a device that answers over its socket."""
    daemon, slow = still
    asked = Asked(daemon.device)

    def status() -> dict[str, Any]:
        assert daemon.device.patients is not None
        found = status_of(daemon, slow, PROFILE)
        return {**found, "watched": daemon.device.patients.watched().to_dict()}

    control = Control(tmp_path, status)
    control.ask = asked.ask
    control.start()
    with clinical(asked):
        yield tmp_path
    control.close()


def typed(folder: Path, *words: str) -> int:
    """The exit status of `edgeward alarms` with these words."""
    parser = argparse.ArgumentParser()
    alarms.configure(parser)
    return alarms.run(parser.parse_args([*words, "--state", str(folder)]))


def test_an_operator_lists_acknowledges_pauses_and_sets_limits(
    listening: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(listening) == 0
    listed = capsys.readouterr().out
    assert "heard: high" in listed.splitlines()[0]
    (line,) = [one for one in listed.splitlines() if "asystole" in one]
    alarm = line.rpartition("[")[2].rstrip("]")
    assert typed(listening, "acknowledge", alarm, "--by", "nurse 7") == 0
    assert typed(listening, "pause", "--patient", "a", "--seconds", "60", "--by", "nurse 7") == 0
    assert typed(
        listening, "limits", "heart_rate", "--unit", "/min", "--patient", "b", "--by", "dr 1",
        "--low-warning", "45", "--high-critical", "off",
    ) == 0  # fmt: skip
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [f"{alarm}: acknowledged", "alarm paused for 60 s"]
    assert "low warning 45, high warning 120, high critical off" in said[2]
    assert typed(listening, "list", "--patient", "a") == 0
    said_after = capsys.readouterr().out
    assert "[ALARM PAUSED, 60 s left] a, by nurse 7" in said_after
    assert "(acknowledged)" in said_after
    assert "b  heart rate" not in said_after
    for words in (("resume", "--patient", "a"), ("reset", "--patient", "a"),
                  ("switch", "pause", "off", "--patient", "b")):  # fmt: skip
        assert typed(listening, *words, "--by", "nurse 7") == 0
    assert typed(listening, "list", "--json") == 0
    assert "SWITCHED" not in capsys.readouterr().err
    who = ask(listening, "patient.state", {"patient": "b"})["inactive"]
    assert [one["switched_off"] for one in who] == [["pause"]]


def test_what_is_refused_is_refused_in_the_words_of_the_alarm_system(
    listening: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(listening, "acknowledge", "9-99", "--by", "nurse 7") == 1
    assert "refuses: found: alarm '9-99'; accepted: one that is up:" in capsys.readouterr().err
    assert typed(listening, "switch", "asystole", "off", "--patient", "a", "--by", "x") == 1
    with pytest.raises(RefusedError, match=r"no method 'patient\.push'; there are status, alarm"):
        ask(listening, "patient.push", {})
    with pytest.raises(RefusedError, match="by: missing"):
        ask(listening, "alarm.acknowledge", {"alarm": "1-1"})


def request(method: str, **params: object) -> Request:
    return Request(7, method, params)


@pytest.mark.slow
def test_who_was_told_that_no_answer_came_is_not_acted_for_later(
    still: tuple[Daemon, SlowSide],
) -> None:
    daemon, _ = still
    assert daemon.device.patients is not None
    up = daemon.device.patients.bedside.alarms.alarms
    (alarm,) = [one for one in up if one.condition == "asystole"]
    asked = Asked(daemon.device, wait_s=0.01)
    with pytest.raises(RpcError, match=r"did not answer within 0\.01 s; nothing is done"):
        asked.ask(request("alarm.acknowledge", alarm=alarm.id, by="nurse 7"))
    asked.work()
    up = daemon.device.patients.bedside.alarms.alarms
    (alarm,) = [one for one in up if one.condition == "asystole"]
    assert alarm.presence == "on"


@pytest.mark.slow
def test_a_defect_in_an_answer_is_told_and_the_device_goes_on(
    still: tuple[Daemon, SlowSide], monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon, _ = still
    asked = Asked(daemon.device)
    assert daemon.device.patients is not None
    monkeypatch.setattr(daemon.device.patients.bedside.alarms, "signals", None)
    with clinical(asked), pytest.raises(RpcError, match="internal error: TypeError"):
        asked.ask(request("patient.state", patient=None))
    assert set(METHODS) == set(asked._methods)


@pytest.mark.slow
def test_more_questions_than_can_wait_are_refused(still: tuple[Daemon, SlowSide]) -> None:
    daemon, _ = still
    asked = Asked(daemon.device, wait_s=0.0)
    refused = []
    for _ in range(20):
        try:
            asked.ask(request("alarm.describe"))
        except (RpcError, LimitError) as error:
            refused.append(str(error))
    assert "16 requests wait already" in refused[-1]


@contextmanager
def running(state: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A daemon, ended at the end."""
    process = subprocess.Popen(
        [COMMAND, "run", "--state", str(state), "--profile", "gateway", "--hours", "0.5", *words],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(
    state: Path, process: subprocess.Popen[str], seen: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """What is shown, as soon as it is what is waited for; after two minutes, as it is then."""
    deadline = time.monotonic() + 120
    found: dict[str, Any] = {}
    while process.poll() is None and time.monotonic() < deadline:
        done = subprocess.run(
            [COMMAND, "status", "--json", "--state", str(state)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        found = json.loads(done.stdout)["watched"] if done.returncode < 2 else {}
        if found and seen(found):
            break
    return found


def fast(watched: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in watched["alarms"] if one["condition"] == "extreme_tachycardia"]


@pytest.mark.slow
def test_what_was_up_and_settled_is_there_again_after_a_kill(tmp_path: Path) -> None:
    heart_races = ("--patients", "1", "--scenario", "rate_250")
    with running(tmp_path, *heart_races) as process:
        (alarm,) = fast(until(tmp_path, process, lambda one: bool(fast(one))))
        given = {"patient": "patient-001", "by": "nurse 7", "unit": "/min", "vital": "spo2"}
        ask(tmp_path, "alarm.acknowledge", {"alarm": alarm["id"], "by": "nurse 7"})
        ask(tmp_path, "alarm.limits", {**given, "unit": "%", "low_warning": 85.0})
        os.kill(process.pid, signal.SIGKILL)  # nothing is written after the answer
        process.wait()
    with running(tmp_path, *heart_races) as process:
        again = until(tmp_path, process, lambda one: bool(fast(one)))
        (kept,) = fast(again)
        assert (kept["id"], kept["presence"]) == (alarm["id"], "acknowledged")
        limits = ask(tmp_path, "alarm.limits", {**given, "unit": "%"})
        assert limits["low_warning"] == 85.0
        seen = until(tmp_path, process, lambda one: not fast(one)[0]["undecided"])
        (kept,) = fast(seen)
        assert (kept["id"], kept["undecided"]) == (alarm["id"], False)  # it is seen again
