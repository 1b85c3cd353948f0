"""`edgeward link`, and a daemon that delivers what it observes to a receiver on the bench."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeward.device.cli import main
from edgeward_harness.rig.receiving import Receiving, receiving
from edgeward_harness.rig.sink.opening import read_payload

RUN_S = 20


@pytest.fixture
def here() -> Iterator[Receiving]:
    with receiving(seed=11) as found:
        yield found


def link_file(folder: Path, here: Receiving, chain: bytes | None, **changed: str) -> Path:
    """The files that a person would lay beside each other."""
    told = here.link()
    (folder / "authorities.pem").write_text(told["authorities"])
    (folder / "pins.json").write_text(json.dumps(told["pins"]))
    lines = {
        "url": told["url"], "authorities": "authorities.pem", "pins": "pins.json",
        "pin_root": told["pin_root"], "receiver_key": told["receiver_key"],
    }  # fmt: skip
    if chain is not None:
        (folder / "device.pem").write_bytes(chain)
        lines["certificate"] = "device.pem"
    lines |= changed
    path = folder / "link.toml"
    path.write_text("".join(f'{name} = "{value}"\n' for name, value in lines.items()))
    return path


def enrolled(
    tmp_path: Path, here: Receiving, capsys: pytest.CaptureFixture[str]
) -> tuple[Path, Path]:
    """A folder of a device that has asked, and the file that answers it."""
    state = tmp_path / "state"
    assert main(["link", "--state", str(state), "request"]) == 0
    request = capsys.readouterr().out
    chain = here.bench.authority("enrol").sign_request(request.encode())
    return state, link_file(tmp_path, here, chain)


def test_a_device_is_enrolled_and_says_so(
    tmp_path: Path, here: Receiving, capsys: pytest.CaptureFixture[str]
) -> None:
    state, link = enrolled(tmp_path, here, capsys)
    assert main(["link", "connect", str(link), "--state", str(state)]) == 0
    assert main(["link", "--state", str(state)]) == 0
    told = capsys.readouterr().out
    assert f"delivers to   https://localhost:{here.port}" in told
    assert "renewal       issued" in told
    assert main(["link", "disconnect", "--state", str(state)]) == 0
    assert main(["link", "--state", str(state)]) == 0
    assert "delivers to   nobody" in capsys.readouterr().out
    assert (state / "records" / "trust").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"url": "http://receiver"}, 1, "accepted: https://HOST"),
        ({"receiver_key": "c2hvcnQ="}, 1, "accepted: 32 bytes"),
        ({"connection": "sometimes"}, 1, "accepted: always-online, intermittent, offline"),
        ({"pins": "authorities.pem"}, 2, "cannot be read"),
        ({"certificate": "nowhere.pem"}, 2, "nowhere.pem"),
        ({"authorities": "pins.json"}, 1, "authorities"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_kept(
    tmp_path: Path,
    here: Receiving,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, str],
    status: int,
    said: str,
) -> None:
    state, _ = enrolled(tmp_path, here, capsys)
    link = link_file(tmp_path, here, None, **changed)
    assert main(["link", "connect", str(link), "--state", str(state)]) == status
    assert said in capsys.readouterr().err
    assert main(["link", "--state", str(state)]) == 0
    assert "delivers to   nobody" in capsys.readouterr().out


def test_the_certificate_of_another_key_is_refused(
    tmp_path: Path, here: Receiving, capsys: pytest.CaptureFixture[str]
) -> None:
    state, _ = enrolled(tmp_path, here, capsys)
    link = link_file(tmp_path, here, here.bench.authority("other").client("somebody").pem)
    assert main(["link", "connect", str(link), "--state", str(state)]) == 1
    assert "nobody" not in capsys.readouterr().err


@pytest.mark.slow
def test_the_daemon_delivers_what_it_observes(
    tmp_path: Path, here: Receiving, capsys: pytest.CaptureFixture[str]
) -> None:
    state, link = enrolled(tmp_path, here, capsys)
    assert main(["link", "connect", str(link), "--state", str(state)]) == 0
    daemon = subprocess.Popen(
        [
            Path(sys.executable).with_name("edgeward"), "run", "--profile", "bedside_monitor",
            "--state", str(state), "--scenario", "asystole", "--patients", "1", "--quiet",
            "--hours", str(RUN_S / 3600),
        ],
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        time.sleep(RUN_S / 2)
        assert main(["link", "disconnect", "--state", str(state)]) == 2
        assert "a daemon runs there" in capsys.readouterr().err
        _, said = daemon.communicate(timeout=90)
    finally:
        daemon.kill()
    assert b"Traceback" not in said
    ((device,),) = here.receiver.ledger.rows("SELECT DISTINCT device FROM records")
    assert here.account(device).faults() == []
    kinds = {
        event["kind"]
        for payload in here.payloads(device).values()
        for event in read_payload(payload).told.get("events", ())
    }
    assert {"alarm", "result", "vital"} <= kinds
