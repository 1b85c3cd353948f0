"""The device as a process: its streams, its end, its state; nothing but the protocol on stdout."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgeward.adapters.link import FileLink
from edgeward.errors import LinkClosedError
from edgeward.limits import DEFAULT
from edgeward.signal.patient import SimulatedPatient

ECG = SimulatedPatient(2).ecg("tachycardia", 10)
Start = Callable[..., Any]


def test_a_whole_conversation(process: Start, b64: Callable[..., str]) -> None:
    peer, popen = process()
    told = peer.result("describe")
    assert told["device"]["epoch"] == 1
    patients = ["alarm", "delegation", "indicators"]
    assert told["capabilities"] == ["core", "infer", "stream", *patients, "resources"]
    assert told["clock"]["simulated"] is False
    window = b64(ECG[:1250])
    assert peer.result("infer", signal="ecg", samples=window)["label"] == "tachycardia"
    peer.open()
    waiting = peer.send("events", wait_ms=60_000)
    pushed = peer.send("stream.push", stream="s1", first=0, samples=window)
    event, answer = peer.receive(), peer.receive()
    assert (event["id"], answer["id"]) == (waiting, pushed)
    assert event["result"]["events"][0]["label"] == "tachycardia"
    used = peer.result("resources")
    assert used["rss_bytes"]["provenance"] == "measured"
    assert used["rss_bytes"]["value"] > 10_000_000
    assert used["cpu_seconds"]["value"] > 0
    assert used["temperature_c"] == {"value": None, "provenance": "unknown"}
    assert peer.error("restart")["code"] == -32601
    assert peer.result("shutdown") == {}
    assert popen.wait(30) == 0
    with pytest.raises(LinkClosedError):
        peer.receive()
    assert popen.stderr.read() == b""


def test_hostile_lines_do_not_end_it(process: Start) -> None:
    peer, popen = process()
    hostile = [
        b"garbage",
        b"\x00\xff",
        b"x" * DEFAULT.line_bytes_max,
        b"y" * (3 * DEFAULT.line_bytes_max),
        b"[" * (DEFAULT.line_bytes_max - 1),
        b'{"jsonrpc":"2.0","method":"shutdown"}',
        b'[{"jsonrpc":"2.0","id":1,"method":"shutdown"}]',
    ]
    for line in hostile:
        peer.raw(line)
        answer = peer.receive()
        assert answer["id"] is None
        assert answer["error"]["code"] in (-32700, -32600)
    assert peer.result("describe")["protocol"] == "1.5"
    peer.link.close()
    assert popen.wait(30) == 0


@pytest.mark.parametrize(
    "option", ["argument", pytest.param("environment", marks=pytest.mark.slow)]
)
def test_state_outlives_a_restart(process: Start, tmp_path: Path, option: str) -> None:
    environment = {"EDGEWARD_STATE": str(tmp_path / "state")} if option == "environment" else {}
    arguments = ["--state", tmp_path / "state"] if option == "argument" else []
    peer, popen = process(*arguments, environment=environment)
    first = peer.result("describe")["device"]
    assert peer.result("restart") == {}
    assert popen.wait(30) == 75
    peer, popen = process(*arguments, environment=environment)
    assert peer.result("describe")["device"] == {**first, "epoch": 2}


def test_a_device_that_cannot_count_its_starts_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "epoch").write_bytes(b"seven")
    told = subprocess.run(
        [sys.executable, "-m", "edgeward.device", "--state", tmp_path],
        input=b"",
        capture_output=True,
        check=False,
    )
    assert told.returncode == 2
    assert told.stdout == b""
    assert told.stderr == b"edgeward: epoch: found b'seven', a count in digits is needed\n"


CHATTY = """
import os, sys
from edgeward.device.device import Device
from edgeward.device.serve import main

class Chatty(Device):
    def describe(self):
        print("a stray print", flush=True)
        os.write(1, b"a native library\\n")
        os.system("echo a child")
        return super().describe()

sys.exit(main(make_device=Chatty))
"""


def test_standard_output_carries_the_protocol_only(process: Start) -> None:
    peer, popen = process(command=[sys.executable, "-c", CHATTY])
    assert peer.result("describe")["protocol"] == "1.5"
    peer.result("shutdown")
    assert popen.wait(30) == 0
    assert popen.stderr.read() == b"a stray print\na native library\na child\n"


def test_interrupt_ends_it_quietly(process: Start) -> None:
    peer, popen = process()
    peer.result("describe")
    popen.send_signal(signal.SIGINT)
    assert popen.wait(30) == 130
    assert popen.stderr.read() == b""


def test_a_reader_that_goes_away_ends_it(process: Start) -> None:
    peer, popen = process()
    peer.result("describe")
    os.close(peer.link._read_fd)
    peer.link._read_fd = None
    peer.send("describe")
    assert popen.wait(30) == 0


def test_nothing_heavy_or_foreign_is_imported(process: Start) -> None:
    code = (
        "import sys; from edgeward.device.serve import main; status = main([]);"
        "banned = {'scipy', 'sklearn', 'onnx', 'pandas', 'pytest', 'edgeward_harness', 'asyncio'};"
        "sys.stderr.write(str(sorted(banned & set(sys.modules)))); sys.exit(status)"
    )
    peer, popen = process(command=[sys.executable, "-c", code])
    peer.result("describe")
    peer.result("shutdown")
    assert popen.wait(30) == 0
    assert popen.stderr.read() == b"[]"


def test_a_socket_serves_one_peer_after_the_other(process: Start, tmp_path: Path) -> None:
    path = tmp_path / "device.sock"
    _, popen = process("--socket", path, "--state", tmp_path / "state")

    def ask(method: str) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as peer:
            wait_until_listening(peer, path, popen)
            descriptor = os.dup(peer.fileno())
            link = FileLink(descriptor, descriptor)
            link.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method}).encode())
            line = link.receive(30 * 10**9)
            link.close()
            assert line is not None
            result: dict[str, Any] = json.loads(line)["result"]
            return result

    assert ask("describe")["device"]["epoch"] == 1
    assert ask("describe")["device"]["epoch"] == 1
    assert ask("restart") == {}
    assert popen.wait(30) == 75
    assert not path.exists()


def wait_until_listening(peer: socket.socket, path: Path, popen: subprocess.Popen[bytes]) -> None:
    """Connect as soon as the device listens; it tells nobody when it does."""
    while True:
        assert popen.poll() is None, "the device has ended"
        try:
            peer.connect(str(path))
            return
        except (FileNotFoundError, ConnectionRefusedError):
            try:
                popen.wait(0.005)
            except subprocess.TimeoutExpired:
                continue
