"""Calls and imports that have a better way in this repository; each refusal names it."""

import ast
import fnmatch
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from syntax import Check, faults_by_rule, nodes

BANNED_IN_THE_RUNTIME = {
    "time.*": "take a Clock (edgeward.ports)",
    "datetime.datetime.now": "take a Clock (edgeward.ports)",
    "datetime.datetime.utcnow": "take a Clock (edgeward.ports)",
    "datetime.datetime.today": "take a Clock (edgeward.ports)",
    "datetime.date.today": "take a Clock (edgeward.ports)",
    "asyncio.sleep": "take a Clock (edgeward.ports)",
    "random.*": "take an Entropy (edgeward.ports), or numpy.random.default_rng(seed)",
    "secrets.*": "take an Entropy (edgeward.ports)",
    "os.urandom": "take an Entropy (edgeward.ports)",
    "os.getrandom": "take an Entropy (edgeward.ports)",
    "uuid.uuid1": "take an Entropy (edgeward.ports)",
    "uuid.uuid4": "take an Entropy (edgeward.ports)",
    "numpy.random.*": "use numpy.random.default_rng(seed)",
}
"""What reads a clock or draws a random number behind a test's back."""

MAY_PRINT = (
    "harness/edgeward_harness/cli/",
    "runtime/edgeward/device/cli",
    "runtime/edgeward/device/compress_command.py",
    "runtime/edgeward/device/daemon/",
    "benchmarks/",
    "examples/",
)

A_DEVICE_FROM_INSIDE = ("edgeward", "edgeward_harness.target", "subprocess", "socket")
WHAT_A_SUITE_MAY_NAME = (
    "edgeward.canonical",
    "edgeward.profile",
    "edgeward.signal.channel",
    "edgeward.signal.findings",
    "edgeward.signal.patient",
    "edgeward.signal.simulation",
    "edgeward_harness.target.DeviceRefused",
    "edgeward_harness.target.DeviceSession",
    "edgeward_harness.target.Pending",
)
"""What a device promises, what it is fed and what is true about that, and the types of what a
fixture gives to reach it."""


def imported_names(text: str) -> dict[str, str]:
    """What each imported name of a module stands for, in full."""
    names = {}
    for node in nodes(text):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str | None:
    """`t.sleep` as `time.sleep`, if `t` was imported as that; None for anything not imported."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        inner = full_name(node.value, names)
        return inner and f"{inner}.{node.attr}"
    return None


def uses(text: str) -> Iterator[tuple[int, str]]:
    """Every use of something imported, by its full name; handing a function on is a use too."""
    names = imported_names(text)
    seeded = {id(node.func) for node in nodes(text) if isinstance(node, ast.Call) and node.args}
    for node in nodes(text):
        if not isinstance(node, (ast.Name, ast.Attribute)):
            continue
        name = full_name(node, names)
        harmless = name == "numpy.random.Generator" or (
            name == "numpy.random.default_rng" and id(node) in seeded
        )
        if name and not harmless:
            yield node.lineno, name


def banned_in_the_runtime(path: str, text: str) -> list[str]:
    """Only the adapters read a clock or draw a random number."""
    inside = path.startswith("runtime/") and not path.startswith("runtime/edgeward/adapters/")
    if not inside:
        return []
    return [
        f"{path}:{line}: {name}: {instead}"
        for line, name in uses(text)
        for pattern, instead in BANNED_IN_THE_RUNTIME.items()
        if fnmatch.fnmatchcase(name, pattern)
    ]


def printing(path: str, text: str) -> list[str]:
    """Only a command line talks to a terminal; the rest returns or raises."""
    if path.startswith(MAY_PRINT):
        return []
    return [
        f"{path}:{node.lineno}: print: return the text, or raise"
        for node in nodes(text)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]


def imports(text: str) -> Iterator[tuple[int, str]]:
    """Every module or name imported, in full."""
    for node in nodes(text):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a full name is one of the packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def second_name(path: str, text: str) -> list[str]:
    """One module under two names is two modules, with two copies of its state."""
    return [
        f"{path}:{line}: import {name}: import edgeward or edgeward_harness"
        for line, name in imports(text)
        if within(name, ("runtime", "harness", "tests"))
    ]


def suite_past_its_fixtures(path: str, text: str) -> list[str]:
    """A suite judges any device over the protocol: it opens none itself and knows none inside."""
    if not path.startswith("suites/"):
        return []
    return [
        f"{path}:{line}: import {name}: reach the device through a fixture"
        for line, name in imports(text)
        if within(name, A_DEVICE_FROM_INSIDE) and not within(name, WHAT_A_SUITE_MAY_NAME)
    ]


CHECKS: list[Check] = [banned_in_the_runtime, printing, second_name, suite_past_its_fixtures]


@pytest.fixture(scope="module")
def faults(modules: dict[str, str]) -> Mapping[Check, list[str]]:
    """What each rule finds."""
    return faults_by_rule(CHECKS, modules)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_module_keeps_the_rule(check: Check, faults: Mapping[Check, list[str]]) -> None:
    assert not faults[check], "\n".join(faults[check])


RUNTIME = "runtime/edgeward/signal/ring.py"
SUITE = "suites/latency/test_path.py"

REFUSED = [
    (banned_in_the_runtime, RUNTIME, "import time\ntime.sleep(1)\n", "2: time.sleep: take a Clock"),
    (banned_in_the_runtime, RUNTIME, "from time import monotonic_ns as m\nf(m)\n", "take a Clock"),
    (banned_in_the_runtime, RUNTIME, "import time as t\nt.perf_counter_ns()\n", "take a Clock"),
    (
        banned_in_the_runtime,
        RUNTIME,
        "from datetime import datetime\ndatetime.now()\n",
        "datetime.datetime.now: take a Clock",
    ),
    (banned_in_the_runtime, RUNTIME, "import random\nrandom.random()\n", "take an Entropy"),
    (banned_in_the_runtime, RUNTIME, "import os\nos.urandom(8)\n", "take an Entropy"),
    (banned_in_the_runtime, RUNTIME, "from secrets import token_hex\ntoken_hex()\n", "an Entropy"),
    (banned_in_the_runtime, RUNTIME, "import uuid\nuuid.uuid4()\n", "take an Entropy"),
    (banned_in_the_runtime, RUNTIME, "import numpy as np\nnp.random.default_rng()\n", "(seed)"),
    (banned_in_the_runtime, RUNTIME, "import numpy as np\nnp.random.rand(3)\n", "default_rng"),
    (printing, RUNTIME, "print('x')\n", "return the text, or raise"),
    (printing, "harness/edgeward_harness/plugin.py", "print('x')\n", "return the text, or raise"),
    (second_name, "tests/repo/test_a.py", "import runtime.edgeward.limits\n", "import edgeward"),
    (second_name, "tests/repo/test_a.py", "from harness import edgeward_harness\n", "edgeward_h"),
    (suite_past_its_fixtures, SUITE, "from edgeward.model import Engine\n", "a fixture"),
    (suite_past_its_fixtures, SUITE, "import edgeward_harness.target\n", "a fixture"),
    (suite_past_its_fixtures, SUITE, "from edgeward_harness.target import open_device\n", "open_d"),
    (suite_past_its_fixtures, SUITE, "import subprocess\n", "a fixture"),
]

ACCEPTED = [
    (banned_in_the_runtime, "runtime/edgeward/adapters/clock.py", "import time\ntime.sleep(1)\n"),
    (banned_in_the_runtime, "harness/edgeward_harness/rig/a.py", "import time\ntime.sleep(1)\n"),
    (banned_in_the_runtime, RUNTIME, "import numpy as np\nnp.random.default_rng(7)\n"),
    (banned_in_the_runtime, RUNTIME, "def f(clock, time):\n    return time.sleep, clock.sleep\n"),
    (printing, "harness/edgeward_harness/cli/trace.py", "print('x')\n"),
    (printing, "runtime/edgeward/device/cli.py", "print('x')\n"),
    (second_name, "tests/repo/test_a.py", "import edgeward\nimport runtimes\n"),
    (suite_past_its_fixtures, SUITE, "from edgeward.profile import Profile\n"),
    (suite_past_its_fixtures, SUITE, "from edgeward_harness.target import DeviceSession\n"),
]


@pytest.mark.parametrize(("check", "path", "text", "said"), REFUSED)
def test_the_rule_is_refused(check: Check, path: str, text: str, said: str) -> None:
    (fault,) = check(path, text)
    assert said in fault


@pytest.mark.parametrize(("check", "path", "text"), ACCEPTED)
def test_the_near_miss_is_accepted(check: Check, path: str, text: str) -> None:
    assert check(path, text) == []


@pytest.mark.parametrize("folder", ["runtime", "harness", "suites", "tests", "device_profiles"])
def test_no_folder_of_the_checkout_can_be_imported(folder: str) -> None:
    """An editable install puts the two source roots on the path, never the checkout itself."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({folder!r}) is not None)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0


def test_the_packages_can_be_imported_by_their_one_name() -> None:
    code = "import edgeward, edgeward_harness"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0
