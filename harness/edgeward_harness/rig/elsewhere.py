"""What models answer on another processor, which qemu-user stands in for.

Rules:
1. An emulator computes what a processor computes, and says nothing about its speed.
2. x86 processors run this very interpreter. ARM ones need one of their own: the environment
   variable EDGEWARD_ARM_ROOT names a folder of it and its libraries, which `arm_root.sh` of the
   benchmarks fills.
3. An engine reads in /proc/cpuinfo which machine it is on, and falls over where that contradicts
   the processor. So each ARM processor gets a folder of its own beside the libraries, with the
   words that the machine of its kind has there.
4. What cannot be asked is said (`missing`): no processor is left out in silence.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import numpy as np

import edgeward
from edgeward_harness.errors import HarnessError
from edgeward_harness.profile.unit import X86_EMULATOR, emulates_x86

X86: Final = ("Haswell", "EPYC", "Nehalem")
"""AVX2 of two makers, and SSE4 alone."""
ROOT: Final = "EDGEWARD_ARM_ROOT"
LIMIT_S: Final = 1800
_ARM_EMULATOR: Final = "qemu-aarch64"
_PYTHON: Final = "usr/bin/python3.11"
_SCRIPT: Final = Path(__file__).with_name("answering.py")


@dataclass(frozen=True, slots=True)
class Arm:
    """What an ARM machine says about its processor."""

    features: str
    variant: str
    part: str
    revision: int

    def cpuinfo(self) -> str:
        """The words of /proc/cpuinfo, of four cores."""
        return "".join(
            f"processor\t: {number}\nBogoMIPS\t: 108.00\nFeatures\t: {self.features}\n"
            f"CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: {self.variant}\n"
            f"CPU part\t: {self.part}\nCPU revision\t: {self.revision}\n\n"
            for number in range(4)
        )


ARM: Final[Mapping[str, Arm]] = MappingProxyType(
    {
        "cortex-a72": Arm("fp asimd evtstrm crc32 cpuid", "0x0", "0xd08", 3),
        "cortex-a76": Arm(
            "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc"
            " dcpop asimddp", "0x4", "0xd0b", 1,
        ),
    }
)  # fmt: skip
"""Without products of eight bits in one instruction, and with them."""
PROCESSORS: Final = (*X86, *ARM)


def missing(processor: str) -> str:
    """What is not here to stand in for a processor; nothing if it can."""
    if processor in X86:
        return "" if emulates_x86() else f"no {X86_EMULATOR} on an x86 machine"
    if shutil.which(_ARM_EMULATOR) is None:
        return f"no {_ARM_EMULATOR} here"
    root = os.environ.get(ROOT, "")
    if not root:
        return f"{ROOT} names no folder"
    return "" if (Path(root) / _PYTHON).exists() else f"no {_PYTHON} in {root}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One model, and what it is given."""

    model: bytes
    given: np.ndarray[Any, Any]
    rows: int = 1
    """Windows in one call."""


def answers_of(processor: str, asked: Sequence[Asked]) -> list[np.ndarray[Any, Any]]:
    """What each answers there; one process asks them all, since it takes seconds to start.

    Raises:
        HarnessError: the processor cannot be stood in for, or what runs there broke down.
    """
    absent = missing(processor)
    if absent:
        raise HarnessError(f"{processor} cannot be asked: {absent}")
    with TemporaryDirectory() as name:
        folder = Path(name)
        jobs = [_written(folder, number, one) for number, one in enumerate(asked)]
        _run(processor, folder, list(chain.from_iterable(jobs)))
        return [np.load(out) for _, _, out, _ in jobs]


def _written(folder: Path, number: int, one: Asked) -> list[str]:
    """The four words of a job; the last file is what will be answered."""
    model, given, out = (folder / f"{number}.{of}" for of in ("onnx", "given.npy", "out.npy"))
    model.write_bytes(one.model)
    np.save(given, one.given)
    return [str(model), str(given), str(out), str(one.rows)]


def _run(processor: str, folder: Path, words: Sequence[str]) -> None:
    path = folder / "path"  # our runtime, and nothing that is installed beside it
    path.mkdir()
    (path / "edgeward").symlink_to(Path(edgeward.__file__).parent)
    command = [*_interpreter(processor, folder), "-P", _SCRIPT, *words]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(path)}
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=LIMIT_S, env=environment
        )
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "it said nothing").splitlines()[-1]
        raise HarnessError(f"{processor} ended with {error.returncode}: {last}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HarnessError(f"{processor} did not answer: {error}") from error


def _interpreter(processor: str, folder: Path) -> list[str | Path]:
    if processor not in ARM:
        return [X86_EMULATOR, "-cpu", processor, sys.executable]
    root, own = Path(os.environ[ROOT]).resolve(), folder / "machine"
    (own / "proc").mkdir(parents=True)
    for name in ("etc", "lib", "usr"):
        (own / name).symlink_to(root / name)
    (own / "proc/cpuinfo").write_text(ARM[processor].cpuinfo(), encoding="utf-8")
    return [_ARM_EMULATOR, "-cpu", processor, "-L", own, root / _PYTHON]
