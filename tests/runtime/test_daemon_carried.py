"""`edgeward export` and `edgeward import`: beside a daemon, and where none runs."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgeward.adapters.clock import SimulatedClock
from edgeward.adapters.entropy import SystemEntropy
from edgeward.adapters.store import DirectoryStore
from edgeward.comms.outbox.allowance import Allowance
from edgeward.comms.packing.payload import pack_json
from edgeward.comms.record import Offered, RecordClass
from edgeward.device.cli import main
from edgeward.device.daemon.carried_jobs import CarriedJobs
from edgeward.device.daemon.control import NotRunningError, ask_status
from edgeward.device.identity import device_id
from edgeward.device.outgoing.carrying import CarryError, Exported
from edgeward.device.outgoing.layout import records_of_state
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.rpc import Request, RpcError
from edgeward_harness.rig.receiving import Receiving, receiving
from edgeward_harness.rig.sink.carried import bundles_on
from edgeward_harness.rig.sink.opening import read_payload

Told = pytest.CaptureFixture[str]


@pytest.fixture
def here() -> Iterator[Receiving]:
    with receiving(seed=11) as found:
        found.stop()
        yield found


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def state(tmp_path: Path, here: Receiving, capsys: Told) -> Path:
    """The folder of a device that was enrolled by files, and never was online."""
    folder = tmp_path / "state"
    assert main(["link", "--state", str(folder), "request"]) == 0
    request = capsys.readouterr().out
    chain = here.bench.authority("enrol").sign_request(request.encode())
    told = here.link()
    (tmp_path / "authorities.pem").write_text(told["authorities"])
    (tmp_path / "pins.json").write_text(json.dumps(told["pins"]))
    (tmp_path / "device.pem").write_bytes(chain)
    lines = {
        "url": told["url"], "authorities": "authorities.pem", "pins": "pins.json",
        "pin_root": told["pin_root"], "receiver_key": told["receiver_key"],
        "certificate": "device.pem", "connection": "offline",
        "answer_key": here.desk().public_key,
    }  # fmt: skip
    link = tmp_path / "link.toml"
    link.write_text("".join(f'{name} = "{value}"\n' for name, value in lines.items()))
    assert main(["link", "connect", str(link), "--state", str(folder)]) == 0
    return folder


def device_of(state: Path) -> str:
    return device_id(DirectoryStore(state), SystemEntropy())


def kept(state: Path, count: int) -> Outgoing:
    """The device of this folder, with so many records more."""
    folder, clock = records_of_state(state), SimulatedClock()
    way = Outgoing(device_of(state), folder, clock, SystemEntropy(), Allowance(64 << 20))
    for number in range(count):
        way.accept([Offered(RecordClass.EVENT, pack_json({"number": number}), "p1")])
    return way


@pytest.mark.slow
def test_a_device_that_does_not_run_is_emptied_by_hand(
    state: Path, medium: Path, here: Receiving, capsys: Told
) -> None:
    kept(state, 20).close()
    export = ["export", "--state", str(state), "--to", str(medium)]
    assert main(export) == 0
    said = capsys.readouterr().out
    (name,) = bundles_on(medium)
    assert f"{medium}/edgeward-{name}: " in said
    assert "they stay queued until the receiver's answer is imported" in said
    here.desk().take(medium)
    assert main(["import", "--state", str(state), "--from", str(medium)]) == 0
    assert "1 answers: the receiver has 2" in capsys.readouterr().out
    device = device_of(state)
    opened = [read_payload(data).told for data in here.payloads(device).values()]
    assert sorted(one["number"] for one in opened if "number" in one) == list(range(20))
    assert here.account(device).faults() == []
    way = kept(state, 0)
    assert way.outbox.counts()[RecordClass.EVENT].queued == 0
    way.close()


@pytest.mark.slow
def test_a_queue_that_is_open_elsewhere_is_left_alone(
    state: Path, medium: Path, capsys: Told
) -> None:
    way = kept(state, 3)
    export = ["export", "--state", str(state), "--to", str(medium)]
    child = [str(Path(sys.executable).with_name("edgeward")), *export]
    done = subprocess.run(child, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "another process lets go of it" in done.stderr
    assert "nothing is lost" in done.stderr
    assert list(medium.iterdir()) == []
    way.close()
    assert main(export) == 0


@pytest.mark.slow
def test_an_answer_of_a_stranger_is_refused_by_name(
    state: Path, medium: Path, here: Receiving, capsys: Told
) -> None:
    kept(state, 3).close()
    assert main(["export", "--state", str(state), "--to", str(medium)]) == 0
    here.desk().take(medium)
    (file,) = medium.glob("*.answer")
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))  # another byte, whichever it was
    capsys.readouterr()
    assert main(["import", "--state", str(state), "--from", str(medium)]) == 1
    told = capsys.readouterr()
    assert f"{file}: refused: " in told.err
    assert "that none of 1 trusted receivers signed" in told.err
    assert "0 answers: the receiver has 0 records more" in told.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["export", "--to", "nowhere"], 1, "no folder is there; accepted: one of a medium"),
        (["import", "--from", "nowhere"], 1, "no folder is there; accepted: one of a medium"),
        (["export", "--to", ".", "--max-mb", "0"], 2, "--max-mb 0: accepted: 1 or more"),
        (["export", "--to", ".", "--state", "empty"], 1, "no device has kept records there"),
        (["export"], 2, "--to"),
    ],
)
def test_what_cannot_be_done_is_said(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Told,
    options: list[str], status: int, said: str,
) -> None:  # fmt: skip
    kept(state, 1).close()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("EDGEWARD_STATE", str(state))
    assert main(options) == status
    assert said in capsys.readouterr().err


class Slow:
    """Stands for a medium that takes its time: it ends when it is let."""

    def __init__(self, ends: bool = True) -> None:
        self.go = threading.Event()
        self._ends = ends

    def export(self, medium: Path, bytes_max: int | None) -> Exported:
        assert self.go.wait(30)
        if not self._ends:
            raise CarryError(f"{medium}: pulled out")
        return Exported("ab" * 8, 3, 1, bytes_max or 0, cut=False)


def asked(jobs: CarriedJobs, job: str, **more: object) -> dict[str, Any]:
    given = {"job": job, "to": "/stick", **more}
    return jobs.ask(Request(1, "outbox.export", given))


def _until_done(jobs: CarriedJobs, job: str) -> dict[str, Any]:
    while not (told := asked(jobs, job))["done"]:
        pass
    return told


def jobs_of(slow: Slow) -> CarriedJobs:
    return CarriedJobs(lambda: slow, lambda request: {"other": request.method})  # type: ignore[arg-type,return-value]


def test_a_slow_medium_keeps_nobody_waiting() -> None:
    slow = Slow()
    jobs = jobs_of(slow)
    assert asked(jobs, "1" * 16) == {"done": False}
    assert jobs.ask(Request(2, "status", {})) == {"other": "status"}
    with pytest.raises(RpcError, match="is under way"):
        asked(jobs, "2" * 16)
    slow.go.set()
    told = _until_done(jobs, "1" * 16)
    assert told["bundle"] == "ab" * 8
    told = asked(jobs, "1" * 16, bytes_max=7)
    assert told["bytes"] == 7, "its end is told once: this is another job"


def test_a_failure_is_told_and_the_next_job_begins() -> None:
    slow = Slow(ends=False)
    slow.go.set()
    jobs = jobs_of(slow)
    for _ in range(2):
        with pytest.raises(RpcError, match="pulled out"):
            _until_done(jobs, "1" * 16)


def test_a_job_is_asked_for_properly() -> None:
    jobs = jobs_of(Slow())
    for given in ({"job": "x", "to": "/stick"}, {"job": "1" * 16}, {"job": 1, "to": ""}):
        with pytest.raises(RpcError, match="bad parameters"):
            jobs.ask(Request(1, "outbox.export", given))
    nobody = CarriedJobs(lambda: None, lambda _: {})
    with pytest.raises(RpcError, match="keeps no records"):
        asked(nobody, "1" * 16)


@pytest.mark.slow
def test_beside_a_daemon_nothing_stops_and_everything_leaves(
    state: Path, medium: Path, here: Receiving, capsys: Told
) -> None:
    daemon = subprocess.Popen(
        [
            Path(sys.executable).with_name("edgeward"), "run", "--profile", "bedside_monitor",
            "--state", str(state), "--scenario", "asystole", "--patients", "1", "--quiet",
            "--hours", "0.02",
        ],
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline_s = time.monotonic() + 60
        while not _watches(state) and time.monotonic() < deadline_s:
            time.sleep(0.5)
        time.sleep(8)
        assert main(["export", "--state", str(state), "--to", str(medium)]) == 0
        (bundle,) = here.desk().take(medium)
        assert main(["import", "--state", str(state), "--from", str(medium)]) == 0
        main(["status", "--state", str(state)])  # a busy host may make it say more than that
        assert "carried by hand" in capsys.readouterr().out
        assert main(["export", "--state", str(state), "--to", str(medium / "no")]) == 1
        assert "no folder is there" in capsys.readouterr().err
        assert _watches(state)
        daemon.terminate()
        _, said = daemon.communicate(timeout=90)
    finally:
        daemon.kill()
    assert b"Traceback" not in said
    assert here.account(bundle.device).faults() == []
    carried = {record for batch in bundle.batches for record in batch.records}
    assert len(carried) == len(here.received(bundle.device)) > 10


def _watches(state: Path) -> bool:
    try:
        return bool(ask_status(state)["watched"])
    except NotRunningError:
        return False
