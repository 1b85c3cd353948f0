"""What the evidence costs: 10,000 trivial cases with the plugin against the same under bare pytest.

Interleaved runs of the same file; CPU seconds of the whole process tree; the median of the pairwise
ratios. Goal: at most 1.08 times the CPU and 300 bytes a case in one file. Rendering the report is
timed apart.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = 10_000
PAIRS = int(os.environ.get("BENCH_PAIRS", "4"))
CPU_RATIO_MAX, CASE_BYTES_MAX = 1.08, 300

TEST = f"""
import pytest

@pytest.mark.case("TC-BEN-001")
@pytest.mark.parametrize("number", range({CASES}))
def test_trivial(number):
    assert number >= 0
"""
REQUIREMENTS = """
[[requirement]]
id = "REQ-BEN-001"
title = "Trivial"
text = "The device shall be there."
rationale = "A benchmark needs a requirement."
kind = "functional"
safety_class = "A"
criterion = "none"
risks = []
stage = "release"
"""
PLAN = """
[suite]
title = "Benchmark"
goal = "Nothing but overhead"
topic = "BEN"

[[case]]
id = "TC-BEN-001"
title = "Trivial"
requirements = ["REQ-BEN-001"]
method = "functional_test"
stage = "release"
rationale = "The cost of a case that costs nothing."
"""


def lay_out(folder: Path) -> None:
    """Write the smallest suite that is one."""
    suite = folder / "bench"
    suite.mkdir()
    (folder / "requirements.toml").write_text(REQUIREMENTS, encoding="utf-8")
    (folder / "hazards.toml").write_text("", encoding="utf-8")
    (folder / "deviations.toml").write_text("", encoding="utf-8")
    (suite / "testplan.toml").write_text(PLAN, encoding="utf-8")
    (suite / "test_trivial.py").write_text(TEST, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = case: id\n", encoding="utf-8")


def cpu_seconds(arguments: list[str], folder: Path) -> float:
    """CPU seconds of a pytest over the suite, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "bench", *arguments],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def verified(folder: Path, out: Path, formats: str) -> list[str]:
    """The arguments of a verification run into a fresh folder."""
    shutil.rmtree(out, ignore_errors=True)
    return [
        "--edgeward-profile=bedside_monitor",
        f"--edgeward-suites={folder}",
        f"--edgeward-out={out}",
        f"--edgeward-formats={formats}",
    ]


def complete(out: Path) -> int:
    """The bytes of the records of a bundle that is sealed and holds every case; else no figure."""
    records = (out / "records.jsonl").read_bytes()
    lines = records.count(b"\n")
    if lines != CASES + 1 or not (out / "statement.dsse.json").exists():
        raise SystemExit(f"{out}: {lines} lines, expected {CASES} records, the end and a seal")
    return len(records)


def main() -> int:
    """Print the figures; 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "out"
        lay_out(folder)
        rows = []
        for _ in range(PAIRS):
            bare = cpu_seconds(["-p", "no:edgeward"], folder)
            evidence = cpu_seconds(verified(folder, out, "none"), folder)
            size = complete(out)
            files = sum(1 for path in out.rglob("*") if path.is_file())
            full = cpu_seconds(verified(folder, out, "html,junit,json"), folder)
            complete(out)
            rows.append((bare, evidence, full))
            print(f"bare {bare:.2f} s  evidence {evidence:.2f} s  with reports {full:.2f} s")
        ratio = statistics.median(evidence / bare for bare, evidence, _ in rows)
        whole = statistics.median(full / bare for bare, _, full in rows)
        print(f"{CASES} cases, median of {PAIRS} pairs, CPU of the whole process tree")
        print(f"evidence / bare pytest      {ratio:.3f}   (goal <= {CPU_RATIO_MAX})")
        print(f"evidence + reports / bare   {whole:.3f}")
        print(
            f"bytes a case                {size / CASES:.0f}   (goal <= {CASE_BYTES_MAX}),"
            f" {files} files in all"
        )
        return int(ratio > CPU_RATIO_MAX or size > CASE_BYTES_MAX * CASES)


if __name__ == "__main__":
    sys.exit(main())
