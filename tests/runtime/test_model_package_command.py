"""`edgeward model`, and devices that run what it activated."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import packages
import pytest
from packages import KEY, OTHER_KEY, package, private_pem, public_pem, unsigned

from edgeward.device.cli import main
from edgeward.device.stored_model import stored_engine
from edgeward.errors import PackageError
from edgeward.model.package.layout import SIGNATURE, package_digest

Told = tuple[int, str, str]
Say = Callable[..., Told]


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A bench: keys, and a package in a folder."""
    packages.write(package(), tmp_path / "signed")
    packages.write(unsigned(), tmp_path / "unsigned")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "bench.pem").write_bytes(public_pem())
    (tmp_path / "stranger.pem").write_bytes(public_pem(OTHER_KEY))
    (tmp_path / "private.pem").write_bytes(private_pem(KEY))
    return tmp_path


@pytest.fixture
def say(bench: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    """Types a command in the folder of the bench: its exit status and what it told."""
    monkeypatch.chdir(bench)
    monkeypatch.setenv("EDGEWARD_PROFILES", str(packages.PROFILES))

    def typed(*words: str) -> Told:
        status = main(["model", *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return typed


DEVICE = ("--store", "store", "--trust", "keys", "--profile", "wearable")


def test_from_a_folder_to_an_active_package(say: Say, bench: Path) -> None:
    digest = package_digest(package())
    assert say("sign", "unsigned", "--key", "private.pem")[:1] == (0,)
    assert (bench / "unsigned" / SIGNATURE).read_bytes() == package()[SIGNATURE]
    assert say("pack", "unsigned", "--out", "m.edgemodel")[:1] == (0,)
    status, out, _ = say("activate", "m.edgemodel", *DEVICE)
    assert (status, out) == (
        0, f"active: rhythm-reference 1, {digest}; 4 golden windows reproduced\n",
    )  # fmt: skip
    assert say("list", "--store", "store")[1].startswith(
        f"active  {digest}  rhythm-reference 1, for wearable"
    )


def test_back_to_the_one_before(say: Say, bench: Path) -> None:
    packages.write(package("2"), bench / "next")
    assert say("activate", "signed", *DEVICE)[0] == 0
    assert say("activate", "next", *DEVICE)[0] == 0
    status, out, _ = say("rollback", *DEVICE)
    assert (status, out) == (0, f"active again: rhythm-reference 1, {package_digest(package())}\n")
    before = say("list", "--store", "store")[1].splitlines()[1]
    assert before == f"before  {package_digest(package('2'))}  rhythm-reference 2"


def test_a_refusal_says_why_and_changes_nothing(say: Say, bench: Path) -> None:
    (bench / "signed" / "NOTICE").write_bytes(b"other")
    status, out, err = say("activate", "signed", *DEVICE[:-1], "workstation")
    assert (status, out) == (1, "")
    assert err.startswith("edgeward: the package is refused:\n  - NOTICE: found SHA-256")
    assert "evidence for the device profile workstation" in err
    assert say("list", "--store", "store")[1] == "no package was activated here\n"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("activate", "none", *DEVICE), 1, "a folder, or the file made from one"),
        (("rollback", *DEVICE), 1, "one that was active once"),
        (("pack", "unsigned", "--out", "x"), 1, "model.sig: found no such file"),
        (("sign", "keys", "--key", "private.pem"), 1, "bench.pem"),
        (("sign", "unsigned", "--key", "stranger.pem"), 2, "the signing key: found no key"),
        (("activate", "signed", "--store", "s", "--trust", "none", "--profile", "wearable"), 2,
         "none: found no public key"),
        (("activate", "signed", *DEVICE[:-1], "wearabel"), 2, "wearable"),
        (("pack", "signed", "--out", "stranger.pem"), 2, "cannot be written"),
        (("activate", "signed"), 2, "--store"),
        ((), 2, "ACTION"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(
    say: Say, words: tuple[str, ...], status: int, said: str
) -> None:
    found, out, err = say(*words)
    assert (found, out) == (status, "")
    assert said in err


def test_looking_into_a_package_says_what_was_not_checked(say: Say) -> None:
    status, out, err = say("inspect", "signed")
    assert (status, err) == (0, "")
    assert package_digest(package()) in out
    assert "intended use  makes the runtime testable" in out
    assert "sensitivity of sinus, sex=female: 0.99 [0.98, 1] at 0.95, 100 patients" in out
    digest = packages.profile().sha256
    assert f"evidence      for wearable {digest[:12]}: bundle {packages.BUNDLE}" in out
    assert out.count("not checked") == 3
    status, out, _ = say("inspect", "signed", "--trust", "keys", "--profile", "wearable")
    assert (status, out.count("not checked")) == (0, 1)


def test_looking_into_a_package_tells_what_it_promises_and_what_is_no_evidence(
    say: Say, bench: Path
) -> None:
    alike = {"promise": "whole", "tolerance": 0, "max_difference": 0, "windows": 512}
    old = {"profile": "wearable", "bundle_sha256": packages.BUNDLE}
    files = packages.unsigned(tolerance=0.0, answers_alike=alike, evidence=[old])
    packages.write(packages.signed(files), bench / "promising")
    status, out, _ = say("inspect", "promising")
    assert status == 0
    assert "alike         the same bits with any other windows in a call, threads" in out
    assert "measured: up to 0 off, 512 windows" in out
    assert "counts for none: the digest of the profile is not named" in out


def test_looking_into_a_strangers_package(say: Say) -> None:
    status, out, err = say("inspect", "signed", "--trust", "stranger.pem", "--profile", "gateway")
    assert status == 1
    assert "rhythm-reference" in out
    assert "found the unknown key" in err
    assert "device profile gateway" in err


def test_nothing_that_a_device_would_refuse_is_signed(say: Say, bench: Path) -> None:
    card = json.loads(unsigned()["card.json"]) | {"intended_use": ""}
    (bench / "unsigned" / "card.json").write_text(json.dumps(card))
    status, _, err = say("sign", "unsigned", "--key", "private.pem")
    assert status == 1
    assert "card.json.intended_use" in err
    assert not (bench / "unsigned" / SIGNATURE).exists()


def test_a_device_without_a_store_runs_what_ships() -> None:
    assert stored_engine(None, None, None) is None


def test_a_store_without_keys_or_packages_starts_nothing(bench: Path) -> None:
    with pytest.raises(PackageError, match="--model-trust"):
        stored_engine(bench / "store", None, None)
    with pytest.raises(PackageError, match="the active package: found none"):
        stored_engine(bench / "store", bench / "keys", None)


def test_without_the_extra_it_is_named(bench: Path) -> None:
    program = (
        "import sys; sys.modules['cryptography'] = None; from edgeward.device.cli import main;"
        "sys.exit(main(['model', 'inspect', 'signed']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=bench, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'edgeward[package]'" in done.stderr


def test_the_agent_runs_the_active_package(say: Say, bench: Path) -> None:
    packages.write(package("7"), bench / "seven")
    assert say("activate", "seven", *DEVICE)[0] == 0
    ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "describe", "params": {}}) + "\n"
    options = ["--model-store", "store", "--model-trust", "keys/bench.pem"]

    def agent() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "edgeward.device", *options]
        return subprocess.run(
            command, input=ask, capture_output=True, text=True, timeout=60, cwd=bench, check=False
        )

    done = agent()
    assert done.returncode == 0, done.stderr
    found, _ = json.loads(done.stdout)["result"]["models"]
    assert (found["name"], found["version"]) == ("rhythm-reference", "7")
    (model,) = (bench / "store" / "packages").glob("*/model.onnx")
    model.write_bytes(model.read_bytes()[:-1])
    done = agent()
    assert (done.returncode, done.stdout) == (2, "")
    assert "model.onnx: found" in done.stderr


def test_on_a_bench_the_agent_runs_a_package_for_which_there_is_no_evidence_yet(
    say: Say, bench: Path
) -> None:
    """The evidence for a profile comes from running it; everything else is checked as ever."""
    card = json.loads(unsigned()["card.json"]) | {"evidence": []}
    (bench / "unsigned" / "card.json").write_text(json.dumps(card))
    assert say("sign", "unsigned", "--key", "private.pem")[0] == 0
    assert say("activate", "unsigned", *DEVICE)[0] == 1
    ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "describe", "params": {}}) + "\n"

    def agent(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "edgeward.device", "--model-trial", "unsigned", *options]
        return subprocess.run(
            command, input=ask, capture_output=True, text=True, timeout=60, cwd=bench, check=False
        )

    done = agent("--model-trust", "keys")
    assert done.returncode == 0, done.stderr
    found, _ = json.loads(done.stdout)["result"]["models"]
    assert found["name"] == "rhythm-reference"
    assert "a model without evidence runs, to be verified" in done.stderr
    for options, said in (
        ((), "--model-trust: found none"),
        (("--model-trust", "stranger.pem"), "found the unknown key"),
        (("--model-trust", "keys", "--model-store", "store"), "found beside --model-store"),
    ):
        done = agent(*options)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


@pytest.mark.slow
def test_the_daemon_runs_the_active_package(say: Say, bench: Path) -> None:
    assert say("activate", "signed", *DEVICE)[0] == 0
    words = ["run", "--profile", "wearable", "--state", "state", "--hours", "0.002",
             "--mode", "batch", "--quiet", "--without-alarms", "--patients", "1",
             "--model-store", "store", "--model-trust", "keys"]  # fmt: skip
    program = "import sys; from edgeward.device.cli import main; sys.exit(main(sys.argv[1:]))"

    def daemon() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, *words],
            capture_output=True, text=True, timeout=60, cwd=bench, check=False,
        )  # fmt: skip

    done = daemon()
    assert done.returncode == 0, done.stderr
    assert "rhythm-reference 1" in done.stderr
    (bench / "store" / "active").write_bytes(b"{}")
    done = daemon()
    assert done.returncode == 2
    assert "what an activation writes" in done.stderr


def test_the_guide_is_true(say: Say, bench: Path) -> None:
    """Its code makes a package, and its commands, typed one after the other, activate it."""
    guide = Path(__file__).parents[2] / "docs" / "guides" / "model-package.md"
    text = guide.read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    subprocess.run([sys.executable, "-c", code], cwd=bench, check=True, timeout=60)
    (bench / "private.pem").rename(bench / "signing.pem")
    (bench / "keys").rename(bench / "trusted")
    typed = [line.split()[2:] for line in text.splitlines() if line.startswith("edgeward model")]
    *good, last = [say(*words) for words in typed]
    assert [status for status, _, _ in good] == [0] * 5, good
    assert last[0] == 1, "there is nothing to go back to yet"
