"""Check a PDF of somebody else in a process of its own, within bounds of memory and of time.

A PDF can ask its reader for any amount of either. What it may take is the same on every machine, so
that the same PDF is said the same of; one that takes more is not checked, and says so.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from importlib import import_module

from edgeward_harness.approval.pdf import PdfSignature, PdfState, check_pdf
from edgeward_harness.errors import HarnessError

MEMORY_BYTES = 2 << 30
PROCESSOR_S = 60
WALL_S = 600
_FAILED = 3
_LIBRARIES = ("pyhanko.pdf_utils.reader", "pyhanko.sign.validation", "pyhanko.sign.diff_analysis")
_BROKEN_OFF = "reading it takes more than 60 s of a processor or 2 GiB of memory"


def check_apart(data: bytes, roots: Sequence[bytes], moment: datetime) -> tuple[PdfSignature, ...]:
    """Every signature that a PDF holds, as `check_pdf` says it.

    Raises:
        HarnessError: it is no PDF that can be read, or reading it takes too much.
    """
    head = json.dumps(
        {
            "memory_bytes": MEMORY_BYTES,
            "processor_s": PROCESSOR_S,
            "roots": [one.hex() for one in roots],
            "moment": moment.isoformat(),
        }
    )
    command = [sys.executable, "-P", "-m", __name__]
    try:
        ended = subprocess.run(
            command, input=head.encode() + b"\n" + data, capture_output=True, timeout=WALL_S
        )
    except subprocess.TimeoutExpired:
        raise HarnessError(_BROKEN_OFF) from None
    if ended.returncode == _FAILED:
        raise HarnessError(ended.stdout.decode("utf-8", "replace"))
    if ended.returncode != 0:
        raise HarnessError(_BROKEN_OFF)
    told = json.loads(ended.stdout)
    return tuple(PdfSignature(**{**one, "state": PdfState(one["state"])}) for one in told)


def _main() -> int:
    """In the process of its own: what reads, then the bounds, then the roots and the PDF."""
    for name in _LIBRARIES:
        import_module(name)
    head = json.loads(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_AS, (head["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (head["processor_s"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    roots = [bytes.fromhex(one) for one in head["roots"]]
    try:
        found = check_pdf(sys.stdin.buffer.read(), roots, datetime.fromisoformat(head["moment"]))
    except HarnessError as fault:
        sys.stdout.buffer.write(str(fault).encode("utf-8", "backslashreplace"))
        return _FAILED
    except MemoryError:
        return 1
    sys.stdout.write(json.dumps([asdict(one) for one in found]))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
