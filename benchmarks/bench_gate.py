"""From 10,000 requirements and 10,000 results on disk to a release decision, in CPU seconds.

One `edgeward gate` in a process of its own, from nothing: it loads and fingerprints the trace of
today, verifies signature, chain and every record of the bundle, assesses it against the trace and
asks every rule of the policy. Goal: at most 2 CPU seconds (StrictDoc 72, sphinx-needs 51, Doorstop
165 to read and check as many requirements, measured on two cores).
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_trace import tree

from edgeward_harness.evidence.chain import Context
from edgeward_harness.evidence.entries import ItemEntry
from edgeward_harness.evidence.keys import run_key
from edgeward_harness.evidence.ledger import Ledger
from edgeward_harness.evidence.measurement import Measurement
from edgeward_harness.evidence.record import Record, State, utc_text
from edgeward_harness.evidence.sign import seal
from edgeward_harness.measure.judge import judge_check
from edgeward_harness.run.collect import Collected, CollectedTest
from edgeward_harness.run.manifest import build_manifest
from edgeward_harness.run.plan import Request, settle
from edgeward_harness.run.scope import Scope

COUNT = 10_000
ROUNDS = 3
LIMIT_CPU_S = 2.0
POLICY = Path(__file__).parents[1] / "suites" / "gate_policy.toml"
DEVICE = {"software": {"name": "bench", "version": "1", "build_sha256": "0" * 64}}


def write_bundle(suites: Path, out: Path) -> None:
    """A sealed bundle in which every planned case of a trace passed with a counted check."""
    plan = settle(Request(profile="bedside_monitor", out=str(out), suites=str(suites)))
    cases = plan.trace.cases.values()
    found = Collected(
        items={one.id: ItemEntry(one.id, one.id) for one in cases},
        tests={one.id: CollectedTest("It is asked.", "0" * 64) for one in cases},
    )
    topics = tuple(dict.fromkeys(one.suite for one in cases))
    manifest = build_manifest(plan, found, Scope(topics, complete=True), {})
    checked = judge_check(holds=True, expected="1", observed="1")
    now_ns, utc = time.monotonic_ns(), utc_text(time.time_ns())
    with Ledger(out, manifest.to_bytes()) as ledger:
        context = ledger.context(Context(DEVICE, "emulated"))
        for one in cases:
            taken = tuple(Measurement.of("it", name, checked) for name in one.requirements)
            record = Record(one.id, State.PASSED, now_ns, now_ns, utc, taken, context=context)
            ledger.append(record)
        ledger.end(utc)
    seal(out, run_key())


def gate_cpu_s(suites: Path, out: Path, policy: Path) -> tuple[float, str]:
    """What one decision costs, and its last words."""
    command = [str(Path(sys.executable).with_name("edgeward")), "gate", str(out)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--suites", str(suites), "--policy", str(policy)],
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = [line for line in done.stdout.splitlines() if line.startswith(("RELEASE:", "REFUSED:"))]
    assert said, done.stderr
    return cost_s, said[0]


def main() -> int:
    """Print the figure; 1 when the limit is missed."""
    with tempfile.TemporaryDirectory() as scratch, tree(COUNT) as suites:
        os.environ["EDGEWARD_HOME"] = scratch
        out = Path(scratch) / "bundle"
        write_bundle(suites, out)
        policy = Path(scratch) / "policy.toml"
        shipped = POLICY.read_text(encoding="utf-8")
        policy.write_text(re.sub(r"(?m)^suites = .*", "suites = []", shipped), encoding="utf-8")
        rounds = [gate_cpu_s(suites, out, policy) for _ in range(ROUNDS)]
    cost_s = sorted(cost for cost, _ in rounds)[ROUNDS // 2]
    print(f"{COUNT:,} requirements, {COUNT:,} results and more")
    print(
        f"  trace, fingerprints, verification, gate   {cost_s:.2f} s CPU (at most {LIMIT_CPU_S} s)"
    )
    print(f"  {rounds[0][1]}")
    return int(cost_s > LIMIT_CPU_S)


if __name__ == "__main__":
    sys.exit(main())
