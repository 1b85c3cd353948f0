"""The false-green battery: ways in which a run can look good and is not, each on its own suite.

A real pytest runs a suite of one case with one of them, and what its bundle says is held against
what must be said. Nothing here is a device's fault: it is this tool that is asked.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.evidence.verification import FaultKind, Verification
from edgeward_harness.evidence.verify import verify_bundle
from edgeward_harness.report.render import twin
from edgeward_harness.trace.load import load_trace

HEAD: Final = "import pytest\n"
CASE: Final = "@pytest.mark.case('TC-SYN-001')\n"
TEST: Final = "def test_one(measure):\n"
GOOD: Final = "    measure.check('it_holds', True, expected='1', observed=1)\n"
ATTACHED: Final = "    measure.attach('what-was-seen.txt', b'what was seen')\n"
THREE: Final = CASE + "@pytest.mark.parametrize('n', [1, 2, 3])\ndef test_n(measure, n):\n"
TIMEOUT_S = 120

_REQUIREMENTS = """
[[requirement]]
id = "REQ-SYN-001"
title = "The one requirement"
text = "The device shall do the thing."
rationale = "So that there is something to verify."
kind = "functional"
safety_class = "A"
criterion = "the check holds"
risks = []
stage = "release"
"""
_PLAN = """
[suite]
title = "Synthetic"
goal = "Provoke what looks good and is not"
topic = "SYN"

[[case]]
id = "TC-SYN-001"
title = "The one case"
requirements = ["REQ-SYN-001"]
method = "functional_test"
stage = "release"
rationale = "None but the probe."
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A probe's run: its exit status, what it printed, where its bundle is."""

    status: int
    output: str
    bundle: Path
    suites: Path
    key: PublicKey

    def verified(self) -> Verification:
        """The bundle, verified as a stranger would."""
        return verify_bundle(self.bundle, [self.key], derive=twin)

    def standing(self) -> str:
        """What is known of the one requirement."""
        found = verify_bundle(self.bundle, [self.key])
        if found.assessment is None:
            return "unreadable"
        return found.assessment.requirements["REQ-SYN-001"].standing.value


@dataclass(frozen=True, slots=True)
class Probe:
    """One way to look good, what must be said of it, and how it is seen."""

    id: str
    words: str
    expected: str
    body: str
    ask: Callable[[Seen], str]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a probe."""

    probe: Probe
    observed: str

    @property
    def right(self) -> bool:
        """Whether it was what must be said."""
        return self.observed == self.probe.expected


def _told(seen: Seen) -> str:
    """Standing and exit status; a probe that exits with 0 is green, whatever else is said."""
    return f"{seen.standing()}, exit {seen.status}"


def _refused(seen: Seen) -> str:
    """Whether the run refused to begin, and left nothing."""
    left = (seen.bundle / "manifest.json").exists()
    return f"{'bundle left' if left else 'no bundle'}, exit {seen.status}"


def _orphan(seen: Seen) -> str:
    found = verify_bundle(seen.bundle, [seen.key]).assessment
    orphan = found is not None and found.cases["TC-SYN-077"].orphan
    return f"{'orphan' if orphan else 'taken'}, exit {seen.status}"


def _round_trip(seen: Seen) -> str:
    """What was signed verifies with its own key, and with no other."""
    own = seen.verified().findings == ()
    foreign = verify_bundle(seen.bundle, []).only(FaultKind.UNKNOWN_SIGNER)
    return f"{_told(seen)}, {'verifies' if own and foreign else 'does not verify'}"


def _edited(seen: Seen) -> str:
    """A failure is edited to a pass in the records, as an editor would."""
    path = seen.bundle / "records.jsonl"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"failed"', b'"passed"').replace(b":false", b":true"))
    return "changed" if not seen.verified().intact else "believed"


def _stale(seen: Seen) -> str:
    """The text of the requirement is changed after the run."""
    path = seen.suites / "requirements.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("the thing", "another thing"),
                    encoding="utf-8")  # fmt: skip
    found = verify_bundle(seen.bundle, [seen.key])
    if found.bundle is None:
        return "unreadable"
    return assess(found.bundle, load_trace(seen.suites)).requirements["REQ-SYN-001"].standing.value


_XFAIL = "@pytest.mark.xfail(reason='known', strict=False)\n"
_TEARDOWN = "@pytest.fixture\ndef rest():\n    yield\n    raise OSError('gone')\n"
_UNKNOWN = "@pytest.mark.case('TC-SYN-077')\ndef test_two(measure):\n"
_FAILS = "    measure.check('it_holds', False, expected='1', observed=2)\n"
PROBES: Final[tuple[Probe, ...]] = (
    Probe("round_trip", "a sound run: what is signed here verifies here, by its key only",
          "verified, exit 0, verifies", CASE + TEST + GOOD + ATTACHED, _round_trip),
    Probe("unexpected_pass", "a test that was announced to fail passes",
          "unexpected_pass, exit 1", CASE + _XFAIL + TEST + GOOD, _told),
    Probe("empty_body", "a test that measures nothing", "no_evidence, exit 2",
          CASE + TEST + "    pass\n", _told),
    Probe("announced_failure", "a test fails as announced, and nobody accepted it",
          "known_anomaly, exit 1", CASE + TEST + GOOD + "    pytest.xfail('known')\n", _told),
    Probe("one_of_three", "one of three parameters fails", "failed, exit 1",
          THREE + "    measure.check('it', n != 2, expected='not 2', observed=n)\n", _told),
    Probe("teardown", "what comes after a test breaks", "error, exit 2",
          _TEARDOWN + CASE + "def test_one(measure, rest):\n" + GOOD, _told),
    Probe("skipped", "a test skips itself after it has measured", "skipped, exit 2",
          CASE + TEST + GOOD + "    pytest.skip('not today')\n", _told),
    Probe("deselected_all", "the only test is left out by hand", "not_executed, exit 2",
          CASE + TEST + GOOD, _told, ("-k", "nothing_like_it")),
    Probe("deselected_some", "one of three parameters is left out by hand", "partial, exit 2",
          THREE + GOOD, _told, ("-k", "test_n and not 2")),
    Probe("swallowed", "a failed check is caught by the test itself", "failed, exit 1",
          CASE + TEST + "    try:\n    " + _FAILS + "    except AssertionError:\n        pass\n",
          _told),
    Probe("unknown_id", "a test names a case that is not planned", "orphan, exit 2",
          CASE + TEST + GOOD + _UNKNOWN + GOOD, _orphan),
    Probe("no_id", "a test names no case", "no bundle, exit 4", CASE + TEST + GOOD
          + "def test_two(measure):\n" + GOOD, _refused),
    Probe("edited_results", "a failure is edited to a pass", "changed", CASE + TEST + _FAILS,
          _edited),
    Probe("changed_text", "the requirement is changed after the run", "stale",
          CASE + TEST + GOOD, _stale),
)  # fmt: skip
"""Every one exits with something else than 0, but the sound run that shows that 0 can be had."""


def ask(probe: Probe, folder: Path, key_file: Path, key: PublicKey) -> Answer:
    """Run a probe in a new folder, and see what is said of it."""
    suites = _lay_out(probe.body, folder)
    command = [
        sys.executable, "-P", "-m", "pytest", "-p", "edgeward_harness.plugin", "-p",
        "no:cacheprovider", str(suites), f"--rootdir={suites}",
        f"--config-file={suites / 'pytest.ini'}", "--import-mode=importlib",
        "--edgeward-profile=bedside_monitor", f"--edgeward-suites={suites}",
        f"--edgeward-out={folder / 'out'}", f"--edgeward-key={key_file}",
        "--edgeward-unit=reference-inprocess", *probe.options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)  # fmt: skip
    seen = Seen(done.returncode, done.stdout + done.stderr, folder / "out", suites, key)
    return Answer(probe, probe.ask(seen))


def _environment() -> Mapping[str, str]:
    shut_out = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH", "PYTHONSTARTUP")
    mine = {name: value for name, value in os.environ.items() if name not in shut_out}
    return {**mine, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def _lay_out(body: str, folder: Path) -> Path:
    suites = folder / "suites"
    (suites / "synthetic").mkdir(parents=True)
    files = {
        "requirements.toml": _REQUIREMENTS, "hazards.toml": "", "deviations.toml": "",
        "pytest.ini": "[pytest]\n", "synthetic/testplan.toml": _PLAN,
        "synthetic/test_synthetic.py": HEAD + body,
    }  # fmt: skip
    for name, text in files.items():
        (suites / name).write_text(text, encoding="utf-8")
    return suites
