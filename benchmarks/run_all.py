"""Runs every benchmark beside this file and sums up: 0 all kept, 1 one missed, 2 one cannot say.

One that misses its goal, or cannot say, keeps no other from running. A status that no benchmark has
(`verdict`) is one that failed, and counts as missed.
"""

import subprocess
import sys
from pathlib import Path

SAID = {0: "kept", 1: "missed", 2: "no verdict"}


def main() -> int:
    """Run them, in the order of their names."""
    ended: dict[str, int] = {}
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"bench: {path.name}", flush=True)
        ended[path.name] = subprocess.run([sys.executable, path], check=False).returncode
    print("\nin short")
    for name, status in ended.items():
        print(f"  {name:<24}{SAID.get(status, f'failed with status {status}')}")
    if not ended:
        print(f"  no bench_*.py lies in {Path(__file__).parent}")
        return 2
    return max((status if status in SAID else 1 for status in ended.values()), key=_weight)


def _weight(status: int) -> int:
    """A missed goal outweighs a missing verdict."""
    return (0, 2, 1)[status]


if __name__ == "__main__":
    sys.exit(main())
