"""What a process costs that answers one window: time to import, to load, and memory that stays.

Each is started anew, in turns: a device with a signed package, which it unpacks, verifies (golden
windows included) and loads; the model file alone; torch with the network that it was made of; and
an interpreter that only reads its own memory. Times are of the processor, because a busy host makes
any other say nothing.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STARTS: Final = 5
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one start."""

    import_ms: float
    first_ms: float
    """To load and to answer the first window."""
    resident_mib: float


def costs(jobs: dict[str, Sequence[str]]) -> dict[str, Cost]:
    """The median of each figure; a job is what `main` takes."""
    found: dict[str, list[Cost]] = {name: [] for name in jobs}
    for _ in range(STARTS):
        for name, job in jobs.items():
            done = subprocess.run(
                [sys.executable, __file__, *job], check=True, capture_output=True, text=True
            )
            found[name].append(Cost(**json.loads(done.stdout)))
    figures = ("import_ms", "first_ms", "resident_mib")
    return {
        name: Cost(
            *(statistics.median(getattr(one, figure) for one in every) for figure in figures)
        )
        for name, every in found.items()
    }


def _cpu_ms() -> float:
    return time.process_time_ns() / 1e6


def _resident_mib() -> float:
    """What the kernel counts now; the maximum would count the parent's memory too."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _KIB
    raise OSError("found no VmRSS in /proc/self/status; accepted: Linux")


def _package(path: str, key: str) -> tuple[float, float]:
    began_ms = _cpu_ms()
    import numpy as np

    from edgeward.model.package.archive import unpack
    from edgeward.model.package.keys import trust
    from edgeward.model.package.verify import Terms, verify

    imported_ms = _cpu_ms()
    trusted = trust({"bench.pem": Path(key).read_bytes()})
    engine = verify(unpack(Path(path).read_bytes()), Terms(trusted, None)).engine
    engine.probabilities(np.zeros(engine.card.input.window_samples, np.float32))
    return imported_ms - began_ms, _cpu_ms() - imported_ms


def _model(path: str) -> tuple[float, float]:
    began_ms = _cpu_ms()
    import numpy as np

    from edgeward.model.onnx_runtime import onnxruntime, session_options

    imported_ms = _cpu_ms()
    session = onnxruntime.InferenceSession(
        path, sess_options=session_options(), providers=["CPUExecutionProvider"]
    )
    (taken,) = session.get_inputs()
    session.run(None, {taken.name: np.zeros((1, taken.shape[1]), np.float32)})
    return imported_ms - began_ms, _cpu_ms() - imported_ms


def _torch(path: str) -> tuple[float, float]:
    began_ms = _cpu_ms()
    import torch
    from recipes_networks import SAMPLES, teacher

    imported_ms = _cpu_ms()
    torch.set_num_threads(1)
    network = teacher().eval()
    network.load_state_dict(torch.load(path, weights_only=True))
    with torch.inference_mode():
        torch.softmax(network(torch.zeros(1, SAMPLES)), dim=1).numpy()
    return imported_ms - began_ms, _cpu_ms() - imported_ms


def _bare() -> tuple[float, float]:
    return 0.0, 0.0


def main(kind: str, *given: str) -> None:
    """Do one job and print what it cost."""
    jobs: dict[str, Callable[..., tuple[float, float]]] = {
        "package": _package, "model": _model, "torch": _torch, "bare": _bare,
    }  # fmt: skip
    import_ms, first_ms = jobs[kind](*given)
    cost = {"import_ms": import_ms, "first_ms": first_ms, "resident_mib": _resident_mib()}
    print(json.dumps(cost))


if __name__ == "__main__":
    main(*sys.argv[1:])
