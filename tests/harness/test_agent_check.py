"""`edgeward agent-check`: what speaks the protocol passes, and each check can fail.

The examples pass. Each mutant is the Python example with one line changed, and is found by the
check that stands for the rule it breaks.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeward.profile import load_profile
from edgeward_harness.profile.unit import Driver, Realization, Unit, load_units
from edgeward_harness.resources import device_profiles
from edgeward_harness.target import DeviceSession, open_device
from edgeward_harness.target.conformance import CHECKS, Outcome, Verdict, run_checks, try_check
from edgeward_harness.target.enforce import Asked
from edgeward_harness.target.process import Command, ProcessDriver
from edgeward_harness.target.trial import Trial

EXAMPLES = Path(__file__).parents[2] / "examples"
HOSTILE = Path(__file__).parent / "hostile" / "device.py"
PYTHON_EXAMPLE = (sys.executable, "-I", "-S", str(EXAMPLES / "minimal_device.py"))
ABOUT_PATIENTS = {"alarm-beats", "alarm-cuff", "delegation", "indicators"}
NOT_OFFERED = {"clock-advance", "restart", *ABOUT_PATIENTS}
SIMULATED_ONLY = {"clock-advance"}
TIMEOUT_S = 20.0


def trial_of(*words: str, shutdown_s: float = 5.0) -> Trial:
    """A trial of a command."""

    def start() -> DeviceSession:
        driver = ProcessDriver(Command(words), Asked(), Realization.EMULATED)
        return DeviceSession(driver, shutdown_s=shutdown_s)

    profile = load_profile("workstation", [device_profiles()]).profile
    return Trial(start, profile.to_dict(), TIMEOUT_S)


def verdicts(outcomes: list[Outcome]) -> dict[str, Verdict]:
    failed = [f"{o.check.name}: {o.seen}" for o in outcomes if o.verdict is Verdict.FAIL]
    assert not failed, "\n".join(failed)
    return {outcome.check.name: outcome.verdict for outcome in outcomes}


def expect_all_but(outcomes: list[Outcome], missing: set[str]) -> None:
    found = verdicts(outcomes)
    assert list(found) == [check.name for check in CHECKS]
    assert {name for name, verdict in found.items() if verdict is not Verdict.PASS} == missing
    assert {found[name] for name in missing} == {Verdict.NOT_APPLICABLE}


def test_the_python_example_speaks_the_protocol() -> None:
    expect_all_but(list(run_checks(trial_of(*PYTHON_EXAMPLE))), NOT_OFFERED)


@pytest.mark.slow
def test_a_device_in_another_language_speaks_the_protocol() -> None:
    if shutil.which("perl") is None:
        pytest.skip("perl is not installed; a skip is a failure under CI")
    words = ("perl", str(EXAMPLES / "minimal_device.pl"))
    expect_all_but(list(run_checks(trial_of(*words))), NOT_OFFERED)


def test_the_examples_are_bench_units() -> None:
    units = load_units(EXAMPLES / "bench.toml")
    with open_device(units["minimal-python"]) as device:
        assert device.description["device"]["model"] == "minimal"
    assert units["minimal-perl"].command == ("perl", "minimal_device.pl")


@pytest.mark.parametrize("name", ["minimal_device.py", "minimal_device.pl"])
def test_an_example_needs_nothing_of_ours(name: str) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    used = re.findall(r"^(?:import|from|use) +([\w:]+)", text, re.MULTILINE)
    allowed = sys.stdlib_module_names | {
        "strict", "warnings", "B", "Digest::SHA", "JSON::PP", "List::Util", "MIME::Base64",
        "Time::HiRes",
    }  # fmt: skip
    assert used
    assert set(used) <= allowed


@pytest.mark.slow
def test_the_reference_device_speaks_the_protocol() -> None:
    outcomes = list(run_checks(trial_of(sys.executable, "-m", "edgeward.device")))
    expect_all_but(outcomes, SIMULATED_ONLY)


def test_a_simulated_device_speaks_the_protocol() -> None:
    unit = Unit("simulated", Driver.INPROCESS, realization=Realization.SIMULATED)
    profile = load_profile("workstation", [device_profiles()]).profile
    trial = Trial(lambda: open_device(unit, clock_hint="simulated"), profile.to_dict(), TIMEOUT_S)
    names = ("describe", "clock-reading", "configure-digest", "stream-windows", "clock-advance")
    checks = [check for check in CHECKS if check.name in names]
    try:
        found = verdicts([try_check(trial, check) for check in checks])
    finally:
        trial.drop()
    assert set(found.values()) == {Verdict.PASS}


ALONE = [pytest.mark.slow, pytest.mark.alone]
MUTANTS = [
    ("clock-reading", 'time.monotonic_ns(), "simulated"', '7, "simulated"', "stands still"),
    ("unknown-method", "RefusedError(-32601", "RefusedError(-32603", "refused with -32603"),
    ("capability-honesty", '"infer", "stream", "resources"]', '"infer", "stream"]', "'resources'"),
    ("unknown-parameter", "if missing or unknown", "if missing", "unknown parameter"),
    ("missing-parameter", "if missing or unknown", "if unknown", "without 'profile'"),
    ("not-json", ", parse_constant=self.no_constant", "", "answered a request nobody made"),
    ("not-json", 'RefusedError(-32700, "a line', 'RefusedError(-32600, "a line', "-32600; -32700"),
    ("not-json", 'line.decode("utf-8")', 'line.decode("latin-1")', "nobody made"),
    (
        "not-a-request",
        'RefusedError(-32600, "a request is an',
        'RefusedError(1, "',
        "refused with 1",
    ),
    ("longest-line", "1 << 20\n", "1 << 19\n", "id null"),
    ("over-long-line", "1 << 20\n", "1 << 22\n", "nobody made"),
    ("pipelining", "for line in lines:", "for line in lines[:1]:", "did not answer"),
    ("large-id", '"result": result}', '"result": result, **self.odd(number)}', "nobody made"),
    ("configure-digest", "sort_keys=True, ", "", "digest of its profile is wrong"),
    ("configure-digest", ", ensure_ascii=False", "", "digest of its profile is wrong"),
    ("configure-type", "if not isinstance(profile, dict):", "if profile is None:", "profile 5"),
    ("infer-window", '"label": label', '"label": "fine"', "label that was not described"),
    (
        "infer-window",
        'model = {"model_sha256": FILE_SHA256}',
        'model = {"model_sha256": "0" * 64}',
        "model that was not described",
    ),
    ("infer-invalid", "if valid < len(samples):", "if False:", "A window of NaN"),
    ("infer-invalid", "if m and math.isfinite(v)", "if math.isfinite(v)", "masked as invalid"),
    (
        "infer-parameters",
        "if len(window) != WINDOW:",
        "if len(window) < WINDOW:",
        "one sample long",
    ),
    ("infer-parameters", ", validate=True)", ")", "foreign character"),
    ("infer-parameters", 'if signal != "ecg":', "if False:", "an unknown signal"),
    ("late-unconfigured", "late = None\n", "late = False\n", "'late' is not null"),
    ("stream-windows", "del at.kept[:HOP]", "del at.kept[: HOP + 1]", "not exactly one for each"),
    ("stream-windows", '"last": first + WINDOW - 1', '"last": first + WINDOW', "not exactly one"),
    (
        "stream-windows",
        "for event in self.events if",
        "for event in [*self.events][::-1] if",
        "oldest first",
    ),
    ("stream-gap", "[NAN] * gap", "[0.0] * gap", "not exactly one for each"),
    ("stream-gap", "if valid < len(samples):", "if not valid:", "samples missing got an answer"),
    ("stream-mask", "if m and math.isfinite(v)", "if math.isfinite(v)", "not exactly one for each"),
    ("stream-past", "if gap < 0:", "if gap < -2:", "a second time: not refused"),
    (
        "stream-past",
        'gap = an_integer(first, "first") - at.next\n',
        'gap = an_integer(first, "first") - at.next\n        at.next += gap < 0\n',
        "is expected; nothing",
    ),
    ("stream-states", "if stream in self.streams:", "if False:", "open twice"),
    ("stream-states", "if self.streams:", "if False:", "open stream: not refused"),
    ("stream-parameters", "} != TAKEN:", "} == 0:", "rate_hz 500"),
    ("late-configured", "> self.late_ms * 1e6", "> self.late_ms * 1e9", "contradicts"),
    (
        "late-configured",
        'acquired_ns is None else an_integer(acquired_ns, "acquired_ns")',
        "True else 0",
        "is not 'acquired_ns'",
    ),
    (
        "event-instants",
        "decision_ns = time.monotonic_ns()",
        "decision_ns = last_sample_ns - 1",
        "not between the requests",
    ),
    ("events-cursor", "[: min(limit, EVENTS_TOLD_MAX)]", "", "limit of 1"),
    (
        "events-cursor",
        '"next": told[-1]["cursor"] if told else after',
        '"next": self.cursor',
        "The rest is not",
    ),
    ("event-kinds", '"kind": "result"', '"kind": "results"', "no kind the protocol has"),
    ("events-wait", "if patience_ms == 0 or", "if True or", "before there was an event"),
    ("events-wait", "self.device.cursor > after or now_ns", "now_ns", "outlasts the event"),
    ("events-wait", "patience_ms * 1_000_000", "patience_ms * 1", "before there was an event"),
    ("resources", '"provenance": "measured"}', '"provenance": "guessed"}', "provenance"),
    ("shutdown", "self.ended = True\n", "sys.exit(3)\n", "ended before it answered"),
    (
        "shutdown",
        "        Agent(Device()).serve()\n",
        "        Agent(Device()).serve()\n        os.abort()\n",
        "must end with status 0 after shutdown",
    ),
    (
        "end-of-input",
        ":= os.read(0, 1 << 16)):\n                return",
        ":= os.read(0, 1 << 16)):\n                sys.exit(1)",
        "must end with status 0",
    ),
]
TWITCHES = [
    ("        self.cursor += 1\n", "        self.twitch()\n        self.cursor += 1\n"),
    ('"protocol": "1.0",', '"protocol": self.twitch(),'),
    (
        "    def stream_close(",
        '''    def twitch(self) -> str:
        """Tell an event of another kind."""
        self.cursor += 1
        self.events.append({"cursor": self.cursor, "kind": "twitch"})
        return PROTOCOL

    def stream_close(''',
    ),
]
"""Changes that make the example tell further events: with each window, and whenever it is asked to
describe itself, so that a request that waits for a result is woken by another event."""
ODD = '''
    def odd(self, number: int) -> dict[str, int]:
        """An id that went through single precision."""
        return {"id": int(array.array("f", [number])[0]) if number > 1 << 24 else number}

    def refuse'''


def mutant(folder: Path, old: str, new: str) -> Path:
    """The Python example with one change."""
    text = (EXAMPLES / "minimal_device.py").read_text(encoding="utf-8")
    assert old in text, f"the example has changed; {old!r} is not in it"
    if "self.odd" in new:
        text = text.replace("\n    def send(", ODD.replace("def refuse", "def send("), 1)
    path = folder / "mutant.py"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [pytest.param(*m, marks=ALONE if "outlasts" in m[3] else []) for m in MUTANTS],
)
def test_a_broken_rule_is_found_by_its_check(
    name: str, old: str, new: str, said: str, tmp_path: Path
) -> None:
    trial = trial_of(sys.executable, "-I", "-S", str(mutant(tmp_path, old, new)))
    if name == "pipelining":
        trial.timeout_s = 0.5
    (check,) = [check for check in CHECKS if check.name == name]
    try:
        outcome = try_check(trial, check)
    finally:
        trial.drop()
    assert outcome.verdict is Verdict.FAIL
    assert said in outcome.seen
    assert "describe" in outcome.transcript


def with_twitches(folder: Path, protocol: str) -> Trial:
    """The Python example, announcing this version and telling events of a kind it has not."""
    text = (EXAMPLES / "minimal_device.py").read_text(encoding="utf-8")
    for old, new in TWITCHES:
        assert text.count(old) == 1, f"the example has changed; {old!r} is not in it"
        text = text.replace(old, new.replace("PROTOCOL", repr(protocol)))
    path = folder / "twitches.py"
    path.write_text(text, encoding="utf-8")
    return trial_of(sys.executable, "-I", "-S", str(path))


@pytest.mark.slow
def test_an_unknown_kind_of_a_later_minor_is_counted_and_is_no_fault(tmp_path: Path) -> None:
    outcomes = list(run_checks(with_twitches(tmp_path, "1.9")))
    expect_all_but(outcomes, NOT_OFFERED)
    seen = {outcome.check.name: outcome.seen for outcome in outcomes}
    assert re.fullmatch(r"1 of a known kind; \d+ unknown, of a later minor", seen["event-kinds"])


@pytest.mark.slow
def test_an_unknown_kind_of_a_minor_that_is_known_is_a_misfit(tmp_path: Path) -> None:
    outcomes = {o.check.name: o for o in run_checks(with_twitches(tmp_path, "1.0"))}
    assert outcomes["event-kinds"].verdict is Verdict.FAIL
    said = "An event is of no kind the protocol has\n'twitch'; protocol 1.0 was announced"
    assert outcomes["event-kinds"].seen == said
    assert outcomes["events-wait"].verdict is Verdict.FAIL


def test_every_check_has_a_mutant_it_finds() -> None:
    elsewhere = {"describe", "clock-advance", "restart", *ABOUT_PATIENTS}
    assert {name for name, *_ in OF_PATIENTS} == ABOUT_PATIENTS
    assert {name for name, *_ in MUTANTS} == {check.name for check in CHECKS} - elsewhere


ODD_BEDSIDE = Path(__file__).parent / "hostile" / "bedside.py"
OF_PATIENTS = [
    ("alarm-beats", "beats_unasked", "Beats are told that nobody asked for"),
    ("alarm-beats", "beats_backwards", "each after the one before"),
    ("alarm-beats", "beats_of_anything", "not refused as due"),
    ("alarm-cuff", "cuff_swapped", "not those that were measured"),
    ("delegation", "believes_anybody", "another's answer: not refused as due"),
    ("delegation", "never_ends", "nothing is delegated: not refused as due"),
    ("indicators", "invents_a_colour", "The light must have a colour for each sample"),
    ("indicators", "too_wide", "The display does not fit"),
]
AT_ONCE = {"cuff_swapped", "too_wide"}
"""Those that are quick tests; each starts a whole device."""


@pytest.mark.parametrize(
    ("name", "defect", "said"),
    [pytest.param(*o, marks=[] if o[1] in AT_ONCE else pytest.mark.slow) for o in OF_PATIENTS],
)
def test_a_broken_rule_about_patients_is_found_by_its_check(
    name: str, defect: str, said: str
) -> None:
    trial = trial_of(sys.executable, str(ODD_BEDSIDE), defect)
    (check,) = [check for check in CHECKS if check.name == name]
    try:
        outcome = try_check(trial, check)
    finally:
        trial.drop()
    assert outcome.verdict is Verdict.FAIL
    assert said in outcome.seen


@pytest.mark.parametrize("mode", ["forgets_its_epoch", "restarts_with_0"])
def test_a_device_that_does_not_restart_well_is_found(mode: str) -> None:
    trial = trial_of(sys.executable, "-I", "-S", str(HOSTILE), mode)
    (check,) = [check for check in CHECKS if check.name == "restart"]
    trial.device.description = {**trial.device.description}
    outcome = try_check(trial, check)
    assert outcome.verdict is Verdict.FAIL


def agent_check(*words: str) -> subprocess.CompletedProcess[str]:
    """The command as a user types it."""
    code = "import sys; from edgeward.device.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, "agent-check", *words],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def test_the_command_prints_a_table_and_leaves_with_0() -> None:
    done = agent_check("--profile", "wearable", "--", *PYTHON_EXAMPLE)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("PASS    describe            minimal, minimal 1.0, protocol 1.0")
    assert "n/a     restart             'restart' is not offered" in lines
    assert any(line.split()[:2] == ["held", "cores:"] for line in lines)
    assert lines[-1] == f"{len(CHECKS) - len(NOT_OFFERED)} PASS, {len(NOT_OFFERED)} n/a"


@pytest.mark.slow
def test_the_command_says_what_failed_and_leaves_with_1(tmp_path: Path) -> None:
    path = mutant(tmp_path, "RefusedError(-32601", "RefusedError(-32603")
    done = agent_check("--transcripts", "--", sys.executable, str(path))
    assert done.returncode == 1
    assert "FAIL    unknown-method      expected: error -32601\n" in done.stdout
    assert "'no.such.method' was refused with -32603; -32601 was due" in done.stdout
    assert '"method":"no.such.method"' in done.stdout  # the transcript


def test_a_device_that_cannot_be_asked_fails_at_once() -> None:
    done = agent_check("--startup", "0.2", "--", sys.executable, "-S", str(HOSTILE), "hang")
    assert done.returncode == 1
    assert "did not answer 'describe' within 0.2 s" in done.stdout
    assert done.stdout.endswith(f"1 FAIL, {len(CHECKS) - 1} not run\n")


def test_what_a_hostile_device_says_does_not_reach_the_terminal_raw() -> None:
    done = agent_check("--transcripts", "--", sys.executable, "-S", str(HOSTILE), "crashes_at_once")
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "last words \\x1b[31m" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--", "no-such-program"), "'no-such-program' cannot be started: No such file"),
        (("--profile", "no-such", "--", "cat"), "no such profile"),
        (("--timeout", "0", "--", "cat"), "'0' is not a positive number of seconds"),
        (("--timeout", "soon", "--", "cat"), "'soon' is not a positive number of seconds"),
        ((), "the following arguments are required: CMD"),
    ],
)
def test_wrong_use_leaves_with_2(words: tuple[str, ...], said: str) -> None:
    done = agent_check(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
