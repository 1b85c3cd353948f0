"""One process of a load on memory or disk: the same round again and again, each one counted.

Started by `edgeward_harness.rig.interference`; standard library only, so that it starts at once.
Ends when its parent has: it is told who that is, which it could ask too late. Arguments: the kind
of load, the parent, the descriptor of the counters and the place in them, the bytes of a round, and
for a disk the descriptor of the file.
"""

import mmap
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

BLOCK_BYTES = 1 << 20


def take_memory(size: int) -> None:
    """Take so many bytes, touch each of their pages, and give them back."""
    pages = -(-size // mmap.PAGESIZE)
    taken = bytearray(size)
    taken[:: mmap.PAGESIZE] = b"\1" * pages


def write_through(file: int, blocks: list[bytes]) -> None:
    """Write the file anew and wait until it is on its disk."""
    os.ftruncate(file, 0)
    for number, block in enumerate(blocks):
        os.pwrite(file, block, number * BLOCK_BYTES)
    os.fsync(file)


def rounds_of(kind: str, size: int, files: list[int]) -> Callable[[], None]:
    """What a round of this kind of load does."""
    if kind == "memory":
        # Should memory run out after all, it is this process that the kernel ends, not the device.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        return lambda: take_memory(size)
    # Bytes that no file system can make smaller.
    blocks = [os.urandom(min(BLOCK_BYTES, size - at)) for at in range(0, size, BLOCK_BYTES)]
    return lambda: write_through(files[0], blocks)


def main(words: list[str]) -> None:
    """Do rounds until the parent is gone."""
    kind, (parent, counters, place, size, *files) = words[0], map(int, words[1:])
    told = memoryview(mmap.mmap(counters, 0)).cast("q")
    go_round = rounds_of(kind, size, files)
    while os.getppid() == parent:
        start_ns = time.monotonic_ns()
        go_round()
        told[2 * place + 1] = max(told[2 * place + 1], time.monotonic_ns() - start_ns)
        told[2 * place] += 1


if __name__ == "__main__":
    main(sys.argv[1:])
