"""What models answer on another processor, which qemu-user stands in for.

Usage: elsewhere.py PROCESSOR (MODEL GIVEN OUT ROWS)...
GIVEN and OUT are numpy files; ROWS windows are in one call, on one thread.

Rules:
1. An emulator computes what a processor computes, and says nothing about its speed.
2. x86 processors run this very interpreter. ARM ones need one of their own: the environment
   variable EDGEWARD_ARM_ROOT names a folder of it and its libraries, which `arm_root.sh` fills.
3. An engine reads in /proc/cpuinfo which machine it is on, and falls over where that contradicts
   the processor. So each ARM processor gets a folder of its own beside the libraries, with the
   words that the machine of its kind has there.
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
from edgeward.model.onnx_runtime import onnxruntime, session_options

X86: Final = ("Haswell", "EPYC", "Nehalem")
"""AVX2 of two makers, and SSE4 alone."""
ROOT: Final = "EDGEWARD_ARM_ROOT"
LIMIT_S: Final = 1800
_PYTHON: Final = "usr/bin/python3.11"


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


def missing(processor: str) -> str:
    """What is not here to stand in for a processor; nothing if it can."""
    emulator = "qemu-aarch64" if processor in ARM else "qemu-x86_64"
    if shutil.which(emulator) is None:
        return f"no {emulator} here"
    if processor in X86:
        return ""
    root = os.environ.get(ROOT, "")
    if not root:
        return f"{ROOT} names no folder"
    return "" if (Path(root) / _PYTHON).exists() else f"no {_PYTHON} in {root}"


@dataclass(frozen=True, slots=True)
class Job:
    """One model, what it is given, and where its answers go."""

    model: Path
    given: Path
    out: Path
    rows: int = 1
    """Windows in one call."""


def answer(processor: str, jobs: Sequence[Job]) -> None:
    """Let them be answered there, all by one process: it takes seconds to start."""
    each = [map(str, (one.model, one.given, one.out, one.rows)) for one in jobs]
    with TemporaryDirectory() as folder:
        subprocess.run(
            [*_interpreter(processor, Path(folder)), __file__, "-", *chain(*each)],
            check=True, stderr=subprocess.PIPE, timeout=LIMIT_S,
            env={
                **os.environ,
                "OPENBLAS_NUM_THREADS": "1",
                "PYTHONPATH": str(Path(edgeward.__file__).parent.parent),
            },
        )  # fmt: skip


def _interpreter(processor: str, folder: Path) -> list[str | Path]:
    if processor not in ARM:
        return ["qemu-x86_64", "-cpu", processor, sys.executable]
    root = Path(os.environ[ROOT]).resolve()
    for name in ("etc", "lib", "usr"):
        (folder / name).symlink_to(root / name)
    (folder / "proc").mkdir()
    (folder / "proc/cpuinfo").write_text(ARM[processor].cpuinfo(), encoding="utf-8")
    return ["qemu-aarch64", "-cpu", processor, "-L", folder, root / _PYTHON]


def answers_here(
    model: bytes, given: np.ndarray[Any, Any], rows: int, threads: int = 1
) -> np.ndarray[Any, Any]:
    """What it answers on this processor, so many windows a call."""
    options = session_options()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    parts = [
        session.run(None, {name: given[at : at + rows]})[0] for at in range(0, len(given), rows)
    ]
    return np.concatenate(parts)


def main(processor: str, *words: str) -> None:
    """Answer here, or have it answered there."""
    each = [iter(words)] * 4
    jobs = [
        Job(Path(model), Path(given), Path(out), int(rows))
        for model, given, out, rows in zip(*each, strict=True)
    ]
    if processor != "-":
        answer(processor, jobs)
        return
    for one in jobs:
        np.save(one.out, answers_here(one.model.read_bytes(), np.load(one.given), one.rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
