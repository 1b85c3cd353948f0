"""A bench of faulty twins: one unit judged by some cases of a suite, and what came of it."""

import os
import subprocess
import sys
from pathlib import Path

from edgeward_harness import resources
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import open_bundle

BENCH = Path(__file__).parent / "devices" / "bench.toml"


def judge(
    tmp_path: Path,
    unit: str,
    cases: str,
    *,
    suite: str = "latency",
    profile: str = "bedside_monitor",
    recordings: Path | None = None,
    bench: Path = BENCH,
    seed: int = 7,
) -> tuple[int, Assessment, str]:
    """Verify a unit with the named cases only, at quick depth.

    The folder may hold device profiles of its own; the bundle is left there in `out`.
    """
    suites = resources.suites()
    recorded = [] if recordings is None else [f"--edgeward-recordings={recordings}"]
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", str(suites / suite), "-k", cases, "-qq",
            f"--rootdir={suites}", f"--config-file={suites / 'pytest.ini'}",
            "--import-mode=importlib", "-p", "no:cacheprovider", "--edgeward-console",
            f"--edgeward-profile={profile}", f"--edgeward-profiles={tmp_path}",
            "--edgeward-depth=quick", f"--edgeward-seed={seed}", f"--edgeward-bench={bench}",
            f"--edgeward-unit={unit}", f"--edgeward-out={tmp_path / 'out'}",
            "--edgeward-formats=none", *recorded,
        ],
        env={**os.environ, "EDGEWARD_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    output = done.stdout + done.stderr
    return done.returncode, assess(open_bundle(tmp_path / "out")), output


def failed_measurements(tmp_path: Path) -> set[str]:
    """The measurements that failed in the bundle that `judge` left."""
    records = open_bundle(tmp_path / "out").records
    taken = [one for record in records for one in record.measurements]
    return {one.name for one in taken if one.verdict == "failed"}
