"""Whatever a device does, the harness says so in a finding with the transcript, and lives."""

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeward_harness.errors import Finding, HarnessError, InputError
from edgeward_harness.profile.unit import Realization
from edgeward_harness.target import DeviceRefused, DeviceSession
from edgeward_harness.target.enforce import Asked
from edgeward_harness.target.process import Command, ProcessDriver

DEVICE = Path(__file__).parent / "hostile" / "device.py"
SHORT_S = 0.15
LONG_S = 20.0


def hostile(
    mode: str,
    asked: Asked | None = None,
    *,
    startup_s: float = LONG_S,
    shutdown_s: float = LONG_S,
) -> DeviceSession:
    """A session with the device that misbehaves like this."""
    command = Command((sys.executable, "-I", "-S", str(DEVICE), mode))
    driver = ProcessDriver(command, asked or Asked(), Realization.EMULATED)
    return DeviceSession(driver, startup_s=startup_s, shutdown_s=shutdown_s)


def transcript(finding: Finding) -> str:
    """The conversation a finding carries."""
    return finding.attachments["transcript.txt"].decode("utf-8")


AT_START = [
    ("hang", "did not answer 'describe' within 0.15 s", ""),
    ("ends_at_once", "ended before it answered 'describe'", "exit status 3"),
    ("crashes_at_once", "ended before it answered 'describe'", "killed by SIGSEGV"),
    ("banner", "sent something that is not an answer", "not JSON"),
    ("notifies", "sent something that is not an answer", "this is a call of 'hello'"),
    ("closes_its_output", "ended before it answered 'describe'", "it still runs"),
    ("floods_at_once", "answered a request nobody made (id 77)", "under way: 1"),
    ("protocol_2", "result of 'describe' is not", "found '2.0', this verifier speaks 1.x"),
    (
        "describes_nothing",
        "result of 'describe' is not",
        "result.protocol: missing\nresult.device:",
    ),
    ("offers_no_core", "result of 'describe' is not", "'core' is missing"),
    ("offers_a_real_clock", "result of 'describe' is not", "a device with a real clock"),
    ("offers_twice", "result of 'describe' is not", "listed twice"),
    ("offers_infer_without_inputs", "result of 'describe' is not", "result.inputs: empty"),
]


@pytest.mark.parametrize(("mode", "title", "detail"), AT_START)
def test_a_device_that_does_not_describe_itself(mode: str, title: str, detail: str) -> None:
    with pytest.raises(Finding) as caught:
        hostile(mode, startup_s=SHORT_S if mode == "hang" else LONG_S)
    assert title in caught.value.title
    assert detail in caught.value.detail
    assert '-> {"jsonrpc":"2.0","id":1,"method":"describe"' in transcript(caught.value)


def test_every_wrong_field_is_told_at_once() -> None:
    with pytest.raises(Finding) as caught:
        hostile("describes_wrong_types")
    assert caught.value.detail.splitlines() == [
        "result.device.model: found 7, expected a string that is not empty",
        "result.device.serial: found '', expected a string that is not empty",
        "result.device.id: found None, expected a string that is not empty",
        "result.device.epoch: found True, expected an integer of at least 0",
        "result.models[0].version: missing",
        "result.models[0].sha256: missing",
        "result.models[0].labels: missing",
        "result.capabilities: found 'core', expected a list",
        "result.clock.now_ns: found 1.5, expected an integer of at least 0",
        "result.clock.simulated: found 0, expected true or false",
    ]


WHEN_ASKED = [
    ("hangs_later", "did not answer 'resources' within", ""),
    ("half_an_answer", "did not answer 'resources' within", ""),
    ("dies_in_a_line", "ended before it answered", 'SIGSEGV\nits last line has no end: {"jsonrpc"'),
    ("dies_when_asked", "ended before it answered 'resources'", "killed by SIGSEGV"),
    ("ends_when_asked", "ended before it answered 'resources'", "exit status 0"),
    ("floods", "answered a request nobody made (id 99)", "under way: 2"),
    ("floods_newlines", "sent something that is not an answer", "not JSON"),
    ("floods_without_newline", "sent a line over the 1 MiB limit", "it begins with xxx"),
    ("one_long_line", "sent a line over the 1 MiB limit", "it begins with yyy"),
    ("garbage", "sent something that is not an answer", "not UTF-8 at byte 0"),
    ("unpaired_bytes", "sent something that is not an answer", "not UTF-8"),
    ("wrong_id", "answered a request nobody made (id 1002)", "under way: 2"),
    ("id_as_text", "sent something that is not an answer", "'id' is '2', not an integer"),
    ("id_as_float", "sent something that is not an answer", "'id' is 2.0, not an integer"),
    ("id_as_true", "sent something that is not an answer", "'id' is True, not an integer"),
    ("no_id", "sent something that is not an answer", "no 'id'"),
    ("null_id", "reported an error nobody caused (id null)", "error -32700: eh"),
    ("both", "sent something that is not an answer", "both of 'result' and 'error'"),
    ("neither", "sent something that is not an answer", "neither of 'result' and 'error'"),
    ("nan", "sent something that is not an answer", "NaN is no JSON value"),
    ("infinity", "sent something that is not an answer", "the number 1e999 overflows"),
    ("million_digits", "sent something that is not an answer", "not JSON"),
    ("too_deep", "sent something that is not an answer", "nested too deeply"),
    ("result_is_a_list", "sent something that is not an answer", "'result' is [], not an object"),
    ("result_is_null", "sent something that is not an answer", "'result' is None, not an object"),
    ("error_is_a_text", "sent something that is not an answer", "error: found 'no'"),
    ("error_without_message", "sent something that is not an answer", "error.message: missing"),
    ("refuses", "refused 'resources'", "error -32001: not now\ndata: {'a': 1}"),
    ("old_json_rpc", "sent something that is not an answer", "'jsonrpc' is None"),
    ("extra_member", "sent something that is not an answer", "unknown members 'mood'"),
    ("a_list", "sent something that is not an answer", "not an object but [1, 2]"),
    ("not_a_reading", "result of 'resources' is not", "result.cpu: found 5, expected an object"),
    ("unknown_but_valued", "result of 'resources' is not", "found 37, not null"),
    ("measured_but_null", "result of 'resources' is not", "found None, expected a finite number"),
]


@pytest.mark.parametrize(("mode", "title", "detail"), WHEN_ASKED)
def test_a_device_that_does_not_answer_as_due(mode: str, title: str, detail: str) -> None:
    quiet = mode in ("hangs_later", "half_an_answer")
    with hostile(mode) as device, pytest.raises(Finding) as caught:
        device.call("resources", timeout_s=SHORT_S if quiet else LONG_S)
    assert title in caught.value.title
    assert detail in caught.value.detail
    assert '-> {"jsonrpc":"2.0","id":2,"method":"resources"' in transcript(caught.value)


def test_a_refusal_is_a_finding_that_can_be_expected() -> None:
    with hostile("refuses") as device:
        with pytest.raises(DeviceRefused) as caught:
            device.call("resources")
        assert caught.value.refusal.code == -32001
        refusal = device.call_expecting_error("resources", codes=(-32001, -32602))
        assert (refusal.message, refusal.data) == ("not now", {"a": 1})
        with pytest.raises(Finding, match="refused with -32001; -32602 was due"):
            device.call_expecting_error("resources", codes=(-32602,))


def test_an_answer_where_an_error_is_due_is_a_finding() -> None:
    with (
        hostile("good") as device,
        pytest.raises(Finding, match="'resources' was answered although -32601 was due"),
    ):
        device.call_expecting_error("resources", codes=(-32601,))


def test_a_second_answer_is_found_at_the_next_request() -> None:
    with hostile("answers_twice") as device:
        device.call("resources")
        with pytest.raises(Finding, match="answered request 2 twice"):
            device.call("describe")


def test_a_late_answer_is_no_second_fault() -> None:
    with hostile("good") as device:
        device.freeze()
        pending = device.send("resources")
        with pytest.raises(Finding, match=r"did not answer 'resources' within 0\.05 s"):
            pending.result(0.05)
        device.thaw()
        assert pending.result(LONG_S)["cpu_seconds"]["value"] == 1.5


def test_standard_error_is_drained_and_only_its_end_kept() -> None:
    with hostile("chatty") as device:
        device.call("resources", timeout_s=LONG_S)
        assert set(device.stderr_tail()) == set(b"e")
        assert len(device.stderr_tail()) == 16 << 10


def test_last_words_are_in_the_transcript_and_cannot_steer_a_terminal() -> None:
    with hostile("dies_when_asked") as device, pytest.raises(Finding) as caught:
        device.call("resources")
    said = transcript(caught.value)
    assert "  last words \\x1b[31m\n" in said
    assert "-- the device ended: killed by SIGSEGV" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("mode", ["floods", "floods_newlines", "floods_without_newline"])
def test_a_flood_does_not_fill_memory(mode: str) -> None:
    with hostile(mode) as device:
        pending = device.send("resources")
        tracemalloc.start()
        with pytest.raises(Finding) as caught:
            pending.result(LONG_S)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < 16 << 20
    assert len(caught.value.attachments["transcript.txt"]) < 200_000


def test_a_device_that_does_not_read_is_not_waited_for_without_end() -> None:
    with hostile("stays_silent") as device:
        device.call("resources")
        line = b"{}" + b" " * (4 << 20)  # more than any pipe holds
        with pytest.raises(Finding, match="did not take 'describe' within") as caught:
            device.send_line(line, SHORT_S, number=-1, method="describe")
    assert "it does not read" in caught.value.detail


AT_THE_END = [
    ("ends_with_3", "must end with status 0 after shutdown", "exit status 3"),
    ("ends_by_signal", "must end with status 0 after shutdown", "killed by SIGKILL"),
    ("stays", "still runs 0.15 s after shutdown", ""),
    ("stays_with_output_closed", "still runs 0.15 s after shutdown", ""),
    ("babbles_at_the_end", "answered request 1 twice", ""),
    ("half_a_line_at_the_end", "sent half a line after shutdown", '{"bye'),
]


@pytest.mark.parametrize(("mode", "title", "detail"), AT_THE_END)
def test_a_device_that_does_not_end_as_due(mode: str, title: str, detail: str) -> None:
    stays = mode.startswith("stays")
    with (
        hostile(mode, shutdown_s=SHORT_S if stays else LONG_S) as device,
        pytest.raises(Finding) as caught,
    ):
        device.shutdown()
    assert title in caught.value.title
    assert detail in caught.value.detail


def test_a_device_that_ends_well() -> None:
    with hostile("good") as device:
        device.shutdown()
        with pytest.raises(HarnessError, match="cannot be asked: it ended after shutdown"):
            device.call("describe")
    with hostile("good") as device:
        device.end_input()


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("outlives_its_input", "still runs 0.15 s after the end of its input"),
        ("ends_its_input_with_4", "must end with status 0 after the end of its input"),
    ],
)
def test_a_device_that_ignores_the_end_of_its_input(mode: str, said: str) -> None:
    shutdown_s = SHORT_S if mode == "outlives_its_input" else LONG_S
    with hostile(mode, shutdown_s=shutdown_s) as device, pytest.raises(Finding, match=said):
        device.end_input()


def test_restart_keeps_the_state_and_counts_the_epoch() -> None:
    with hostile("good") as device:
        first = device.pid
        device.restart()
        assert device.description["device"]["epoch"] == 2
        assert device.pid != first
        device.kill()
        with pytest.raises(HarnessError, match="the harness killed it"):
            device.call("describe")
        device.restart()
        assert device.description["device"]["epoch"] == 3
        device.call("resources")


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("restarts_with_0", "must end with status 75 after restart"),
        ("forgets_its_epoch", "must be one epoch later"),
    ],
)
def test_a_device_that_does_not_restart_as_due(mode: str, said: str) -> None:
    with hostile(mode) as device, pytest.raises(Finding, match=said):
        device.restart()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("no-such-program",), "No such file or directory"),
        ((str(DEVICE.parent),), "Permission denied"),
        ((str(DEVICE),), "Permission denied"),
    ],
)
def test_a_command_that_cannot_be_started_is_not_the_devices_fault(
    words: tuple[str, ...], why: str
) -> None:
    with pytest.raises(InputError, match=f"cannot be started: {why}"):
        DeviceSession(ProcessDriver(Command(words), Asked(), Realization.EMULATED))


def test_a_folder_that_is_none_is_not_the_devices_fault(tmp_path: Path) -> None:
    command = Command((sys.executable,), tmp_path / "none")
    with pytest.raises(InputError, match="is not a folder"):
        DeviceSession(ProcessDriver(command, Asked(), Realization.EMULATED))


@pytest.mark.parametrize(
    "act",
    [
        lambda device: device.call("resources", {"x": float("nan")}),
        lambda device: device.call("resources", {"x": object()}),
        lambda device: device.call("resources", {"x": "y" * (1 << 20)}),
    ],
)
def test_a_request_that_cannot_be_sent_is_our_own_mistake(
    act: Callable[[DeviceSession], object],
) -> None:
    with hostile("good") as device:
        with pytest.raises(HarnessError):
            act(device)
        device.call("resources")
