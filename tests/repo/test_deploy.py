"""The container file, the compose example and the unit keep what deploy/README.md says of them."""

import argparse
import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeward import __version__
from edgeward.device.daemon import run
from edgeward.profile import load_profile

Instruction = tuple[str, str]
ANALYZE = shutil.which("systemd-analyze")
PORT = "9464"


@pytest.fixture(scope="module")
def dockerfile(checkout: Path) -> str:
    return (checkout / "deploy/Dockerfile").read_text()


@pytest.fixture(scope="module")
def compose(checkout: Path) -> str:
    return (checkout / "deploy/compose.yaml").read_text()


@pytest.fixture(scope="module")
def unit(checkout: Path) -> str:
    return (checkout / "deploy/edgeward.service").read_text()


def instructions(text: str) -> list[Instruction]:
    """Each instruction and what follows it, with continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word.upper(), rest.strip()) for word, _, rest in found]


def stages(found: list[Instruction]) -> list[list[Instruction]]:
    """The instructions of each stage; the last one is what is shipped."""
    starts = [at for at, (word, _) in enumerate(found) if word == "FROM"]
    return [found[at:end] for at, end in zip(starts, [*starts[1:], len(found)], strict=True)]


def values(found: list[Instruction], wanted: str) -> list[str]:
    return [rest for word, rest in found if word == wanted]


def exec_form(text: str) -> list[str]:
    """The words of an instruction in exec form; none for the form that starts a shell."""
    try:
        words = json.loads(text)
    except ValueError:
        return []
    return words if isinstance(words, list) and all(isinstance(one, str) for one in words) else []


def option_faults(words: list[str]) -> list[str]:
    """What the daemon's own parser has against a command line, and the profile it names."""
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    run.configure(parser)
    try:
        options, unknown = parser.parse_known_args(words)
    except (argparse.ArgumentError, SystemExit) as error:
        return [f"edgeward run: {error}"]
    faults = [f"edgeward run has no option {one}" for one in unknown]
    profiles = Path(__file__).parents[2] / "device_profiles"
    if not (profiles / f"{options.profile}.toml").exists():
        faults.append(f"there is no profile {options.profile}")
    if options.metrics and not options.metrics.endswith(f":{PORT}"):
        faults.append(f"metrics are on {options.metrics}, not on port {PORT}")
    return faults


def base_faults(found: list[Instruction]) -> list[str]:
    """An image that is another one tomorrow is not the one that was tested."""
    named = {rest.split()[-1] for rest in values(found, "FROM") if " AS " in rest}
    bases = [rest.split()[0] for rest in values(found, "FROM")]
    return [
        f"FROM {base}: name a version"
        for base in bases
        if base not in named and (":" not in base or base.endswith(":latest"))
    ]


def dockerfile_faults(text: str) -> list[str]:
    """Each promise about the image that the file breaks."""
    found = instructions(text)
    last = stages(found)[-1]
    entry = exec_form((values(last, "ENTRYPOINT") or [""])[-1])
    arguments = exec_form((values(last, "CMD") or [""])[-1])
    user = (values(last, "USER") or ["root"])[-1]
    health = (values(last, "HEALTHCHECK") or [""])[-1]
    told = " ".join(values(last, "LABEL"))
    state = 'EDGEWARD_STATE="/var/lib/edgeward"'
    promises = {
        "two stages: nothing that builds is shipped": len(stages(found)) == 2,
        "nothing is added from a URL": not any(word == "ADD" for word, _ in found)
        and not re.search(r"\b(curl|wget)\b", text),
        "the user is a number other than 0": re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) is not None,
        "pip leaves no cache": all(
            "--no-cache-dir" in rest for rest in values(found, "RUN") if "pip install" in rest
        ),
        "no pip install in what is shipped": not any("pip" in one for one in values(last, "RUN")),
        "the health is what the device says": "CMD edgeward status || exit 1" in health,
        "the entry starts no shell": entry == ["edgeward", "run"],
        "its state has a place": state in " ".join(values(last, "ENV"))
        and exec_form((values(last, "VOLUME") or [""])[-1]) == ["/var/lib/edgeward"],
        "the label says this version": f'image.version="{__version__}"' in told,
        "the port of the metrics is told": values(last, "EXPOSE") == [PORT],
    }
    broken = [promise for promise, kept in promises.items() if not kept]
    return [*broken, *base_faults(found), *option_faults(arguments)]


def items(text: str, key: str) -> list[str]:
    """The values of a list in a compose file, as this one is written: one quoted value a line."""
    found = re.search(rf"^ +{key}:\n((?: +(?:- \"[^\"]*\".*|#.*)\n)+)", text, re.MULTILINE)
    return re.findall(r'^ +- "([^"]*)"', found[1], re.MULTILINE) if found else []


def compose_faults(text: str) -> list[str]:
    """Each promise about the example that it breaks."""
    lines = {line.partition(" #")[0].strip() for line in text.splitlines()}
    promises = {
        "the root file system is read-only": "read_only: true" in lines,
        "what may be written is in memory": bool(items(text, "tmpfs")),
        "the state is a volume": items(text, "volumes") == ["state:/var/lib/edgeward"],
        "every right is dropped": items(text, "cap_drop") == ["ALL"],
        "two rights are given": items(text, "cap_add") == ["SYS_NICE", "IPC_LOCK"],
        "no new rights": items(text, "security_opt") == ["no-new-privileges:true"],
        "never privileged": not re.search(r"privileged: true|network_mode: host|pid: host", text),
        "memory and processes are bounded": {"mem_limit: 2048m", "pids_limit: 64"} <= lines,
        "ports are for this host": bool(items(text, "ports"))
        and all(one.startswith("127.0.0.1:") for one in items(text, "ports")),
        "the log is bounded": 'max-size: "10m"' in lines,
        "the image has this version": f"image: edgeward:{__version__}" in lines,
    }
    broken = [promise for promise, kept in promises.items() if not kept]
    return [*broken, *option_faults(items(text, "command"))]


WANTED = {
    "Type": "notify", "WatchdogSec": "10", "Restart": "on-failure", "DynamicUser": "yes",
    "StateDirectory": "edgeward", "NoNewPrivileges": "yes", "ProtectSystem": "strict",
    "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes", "LimitRTPRIO": "99",
    "LimitMEMLOCK": "infinity", "CapabilityBoundingSet": "", "AmbientCapabilities": "",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6", "SystemCallFilter": "@system-service",
    "MemoryMax": "2048M", "TasksMax": "64", "ProtectKernelTunables": "yes",
}  # fmt: skip


def unit_faults(text: str) -> list[str]:
    """Each promise about the unit that it breaks."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys as they are written
    parser.read_string(text)
    service = parser["Service"]
    faults = [
        f"{key}={service.get(key)}, wanted {key}={value}"
        for key, value in WANTED.items()
        if service.get(key) != value
    ]
    program, *words = shlex.split(service["ExecStart"])
    if not program.startswith("/") or words[:1] != ["run"]:
        faults.append(f"ExecStart={service['ExecStart']}: starts something else")
    if service.get("RestrictRealtime", "no") != "no":
        faults.append("RestrictRealtime: takes the right that LimitRTPRIO gives")
    return [*faults, *option_faults(words[1:])]


def test_the_image_keeps_its_promises(dockerfile: str) -> None:
    assert dockerfile_faults(dockerfile) == []


def test_the_compose_example_keeps_its_promises(compose: str) -> None:
    assert compose_faults(compose) == []


def test_the_unit_keeps_its_promises(unit: str) -> None:
    assert unit_faults(unit) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("USER 64321:64321", "USER root", "the user is a number"),
        ("USER 64321:64321", "USER 0:0", "the user is a number"),
        ("USER 64321:64321", "USER edgeward", "the user is a number"),
        ("USER 64321:64321\n", "USER 64321:64321\nUSER 0\n", "the user is a number"),
        ("USER 64321:64321\n", "", "the user is a number"),
        ("COPY runtime", "ADD https://example.org/runtime", "nothing is added from a URL"),
        ("python:3.11-slim-bookworm\nL", "python:latest\nL", "FROM python:latest"),
        ("python:3.11-slim-bookworm AS", "python AS", "FROM python: name a version"),
        (" --no-cache-dir", "", "pip leaves no cache"),
        ("|| exit 1", "", "the health is what the device says"),
        ('ENTRYPOINT ["edgeward", "run"]', "ENTRYPOINT edgeward run", "starts no shell"),
        ('"--quiet"', '"--silent"', "edgeward run has no option --silent"),
        ('"gateway"', '"ward"', "there is no profile ward"),
        (f'version="{__version__}"', 'version="0.0.1"', "the label says this version"),
        (" AS build", " AS build\nFROM build", "two stages"),
        ('ENV PATH="/opt', 'RUN pip install x\nENV PATH="/opt', "no pip install"),
    ],
)
def test_an_image_that_breaks_a_promise_is_seen(
    dockerfile: str, old: str, new: str, said: str
) -> None:
    assert old in dockerfile
    assert said in "\n".join(dockerfile_faults(dockerfile.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("read_only: true", "read_only: false", "read-only"),
        ('- "ALL"', '- "NET_RAW"', "every right is dropped"),
        ('- "SYS_NICE"', '- "SYS_ADMIN"', "two rights are given"),
        ("pids_limit: 64", "privileged: true", "never privileged"),
        ("mem_limit: 2048m", "", "memory and processes"),
        ('"127.0.0.1:9464:', '"9464:', "ports are for this host"),
        ('"--metrics"', '"--prometheus"', "edgeward run has no option --prometheus"),
        ("0.0.0.0:9464", "0.0.0.0:9465", "not on port 9464"),
    ],
)
def test_an_example_that_breaks_a_promise_is_seen(
    compose: str, old: str, new: str, said: str
) -> None:
    assert old in compose
    assert said in "\n".join(compose_faults(compose.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        *((f"\n{key}={value}\n", "\n", f"wanted {key}=") for key, value in WANTED.items()),
        ("edgeward run", "edgeward agent", "starts something else"),
        ("--quiet", "--hush", "edgeward run has no option --hush"),
        ("NoNewPrivileges=yes", "RestrictRealtime=yes", "takes the right"),
    ],
)
def test_a_unit_that_breaks_a_promise_is_seen(unit: str, old: str, new: str, said: str) -> None:
    assert old in unit
    assert said in "\n".join(unit_faults(unit.replace(old, new)))


def test_the_memory_is_what_the_profile_promises(unit: str, compose: str, checkout: Path) -> None:
    profile = load_profile("gateway", [checkout / "device_profiles"]).profile
    assert f"MemoryMax={profile.budget.memory_mb}M\n" in unit
    assert f"mem_limit: {profile.budget.memory_mb}m\n" in compose


def test_the_builder_gets_what_the_image_is_made_of(dockerfile: str, checkout: Path) -> None:
    ignored = (checkout / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    sent = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {
        rest.split()[0] for rest in values(instructions(dockerfile), "COPY")
        if not rest.startswith("--from")
    }  # fmt: skip
    assert "*" in ignored
    assert copied == sent
    assert all((checkout / one).is_dir() for one in copied)


def test_the_guide_tells_that_nothing_was_built(checkout: Path) -> None:
    said = " ".join((checkout / "deploy/README.md").read_text().split())
    assert "image is not built by the tests" in said


if ANALYZE:  # where systemd is; elsewhere the promises above are all that is shown

    @pytest.mark.parametrize(
        "change", [lambda text: text, lambda text: text.replace("Type=notify", "Type=notified")]
    )
    def test_systemd_understands_the_unit(
        unit: str, tmp_path: Path, change: Callable[[str], str]
    ) -> None:
        known = unit.replace("/opt/edgeward/bin/edgeward", sys.executable)
        (tmp_path / "edgeward.service").write_text(change(known))
        done = subprocess.run(
            [ANALYZE or "", "verify", "--man=no", tmp_path / "edgeward.service"],
            capture_output=True,
            text=True,
            check=False,
        )
        ours = [line for line in done.stderr.splitlines() if "edgeward" in line]
        assert bool(ours) == (change(known) != known), done.stderr
