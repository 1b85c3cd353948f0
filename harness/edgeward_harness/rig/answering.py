"""What a model answers on the processor that this runs on, whichever that is.

Usage: answering.py (MODEL GIVEN OUT ROWS)...
GIVEN and OUT are numpy files; ROWS windows are in one call, on one thread.

`edgeward_harness.rig.elsewhere` starts it on an emulated processor, where importing takes long and
where, of ours, there is nothing but the runtime. So nothing of the harness is imported here.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgeward.model.onnx_runtime import onnxruntime, session_options


def answers(
    model: bytes, given: np.ndarray[Any, Any], rows: int = 1, threads: int = 1
) -> np.ndarray[Any, Any]:
    """What it answers here, so many windows a call."""
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


def main(*words: str) -> None:
    """Answer one model after the other."""
    each = [iter(words)] * 4
    for model, given, out, rows in zip(*each, strict=True):
        np.save(out, answers(Path(model).read_bytes(), np.load(given), int(rows)))


if __name__ == "__main__":
    main(*sys.argv[1:])
