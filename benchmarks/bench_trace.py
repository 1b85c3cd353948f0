"""What the trace costs at 10,000 requirements and 10,000 cases, step by step, in CPU seconds.

Everything else that reads requirements of this number takes minutes or most of one: StrictDoc 72,
sphinx-needs 51, Doorstop 165, jamb 5 CPU seconds to read and check (measured on two cores, 5,000
system and 5,000 software requirements in 100 files). The floor here is two seconds for the trace
and the release decision together; `tomllib`'s own time for the same bytes is printed beside it.
"""

import argparse
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from edgeward_harness.trace.baseline import BASELINE, baseline_text, load_baseline
from edgeward_harness.trace.completeness import check
from edgeward_harness.trace.fingerprint import fingerprints
from edgeward_harness.trace.load import load_trace
from edgeward_harness.trace.rows import matrix
from edgeward_harness.trace.suspicion import review, suspects

FLOOR_CPU_S = 2.0
"""For trace, fingerprints and gate together."""
SUITES = 20
CONTROL_EVERY = 10
CHANGED_EVERY = 100

Result = TypeVar("Result")


def write_tree(folder: Path, count: int) -> None:
    """A complete trace of this many requirements and cases in twenty suites.

    Every tenth requirement has a risk control with two proofs, every control a hazard.
    """
    topics = [f"T{suite:02d}" for suite in range(SUITES)]
    requirements: list[str] = []
    plans: dict[str, list[str]] = {topic: [] for topic in topics}
    risks: list[str] = []
    for number in range(1, count + 1):
        topic = topics[number % SUITES]
        guarded = number % CONTROL_EVERY == 0
        requirements.append(_requirement(topic, number, guarded=guarded))
        plans[topic].append(_case(topic, number, guarded=guarded))
        if guarded:
            risks.append(_risk(topic, number))
            plans[topic].append(_effectiveness(topic, number))
    (folder / "requirements.toml").write_text("\n".join(requirements), encoding="utf-8")
    (folder / "hazards.toml").write_text("\n".join(risks), encoding="utf-8")
    for topic, cases in plans.items():
        plan = folder / topic.lower() / "testplan.toml"
        plan.parent.mkdir()
        head = (
            f'[suite]\ntitle = "Suite {topic}"\ntopic = "{topic}"\ngoal = "All of {topic} hold."\n'
        )
        plan.write_text("\n".join([head, *cases]), encoding="utf-8")


def _requirement(topic: str, number: int, *, guarded: bool) -> str:
    risks = f'risks = ["RC-{topic}-{number:05d}"]\n' if guarded else ""
    return f"""[[requirement]]
id = "REQ-{topic}-{number:05d}"
title = "Answer {number} is given in time"
text = "The device shall give answer {number} within the budget that its profile sets for the path."
rationale = "Whoever waits for answer {number} decides by it; a late one is worse than none."
kind = "performance"
safety_class = "C"
criterion = "The upper 95 % confidence bound of the 99th percentile is within the budget."
stage = "release"
{risks}"""


def _case(topic: str, number: int, *, guarded: bool) -> str:
    implements = f'implements = ["RC-{topic}-{number:05d}"]\n' if guarded else ""
    return f"""[[case]]
id = "TC-{topic}-{number:05d}"
title = "Paced drive for answer {number}"
requirements = ["REQ-{topic}-{number:05d}"]
method = "measurement"
rationale = "Paced as the sensor paces; the bound assumes no shape of the distribution."
needs = {{ capabilities = ["stream"] }}
samples = {{ quick = 320, standard = 1000, campaign = 5000 }}
{implements}"""


def _effectiveness(topic: str, number: int) -> str:
    return f"""[[case]]
id = "TC-{topic}-{number + 500_000}"
title = "Answer {number} while every core is busy"
requirements = ["REQ-{topic}-{number:05d}"]
method = "fault_injection"
rationale = "The load is what the bounded path has to withstand."
proves_effective = ["RC-{topic}-{number:05d}"]
"""


def _risk(topic: str, number: int) -> str:
    return f"""[[hazard]]
id = "HAZ-{number:05d}"
title = "Answer {number} comes too late"
situation = "Somebody acts before answer {number} is there."
harm = "Delayed treatment."
severity = "critical"

[[control]]
id = "RC-{topic}-{number:05d}"
title = "Bounded path for answer {number}"
text = "The path has no queue that can grow."
hazards = ["HAZ-{number:05d}"]
requirements = ["REQ-{topic}-{number:05d}"]
type = "design"
"""


def _edit(folder: Path, count: int) -> None:
    """Change the text of one requirement in a hundred."""
    path = folder / "requirements.toml"
    text = path.read_text(encoding="utf-8")
    for number in range(CHANGED_EVERY, count + 1, CHANGED_EVERY):
        text = text.replace(f"give answer {number} within", f"give the answer {number} within", 1)
    path.write_text(text, encoding="utf-8")


class Steps:
    """Steps with the CPU seconds each took."""

    def __init__(self) -> None:
        """Nothing taken yet."""
        self.total_s = 0.0

    def take(self, name: str, step: Callable[[], Result]) -> Result:
        """Do a step and print what it cost."""
        start_s = time.process_time()
        result = step()
        cost_s = time.process_time() - start_s
        self.total_s += cost_s
        print(f"  {name:<46} {cost_s:7.3f} s")
        return result


@contextmanager
def tree(count: int) -> Iterator[Path]:
    """A reviewed trace of this size in a temporary folder, one requirement in a hundred changed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tree(folder, count)
        reviewed = baseline_text(review(load_trace(folder), {}, ["all"]))
        (folder / BASELINE).write_text(reviewed, encoding="ascii")
        _edit(folder, count)
        yield folder


def _parse_only(folder: Path) -> int:
    paths = [folder / "requirements.toml", folder / "hazards.toml", *folder.glob("*/testplan.toml")]
    return sum(len(tomllib.loads(path.read_text(encoding="utf-8"))) for path in paths)


def main() -> int:
    """Print the cost of each step; 1 when the floor is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="requirements")
    count = parser.parse_args().count
    print(f"trace: {count} requirements, {count + count // CONTROL_EVERY} cases; CPU seconds")
    with tree(count) as folder:
        steps = Steps()
        trace = steps.take("load and validate", lambda: load_trace(folder))
        faults = steps.take("completeness", lambda: check(trace))
        baseline = steps.take("load the review baseline", lambda: load_baseline(folder / BASELINE))
        found = steps.take(
            "fingerprints and suspects, both directions", lambda: suspects(trace, baseline or {})
        )
        rows = steps.take("matrix", lambda: matrix(trace))
        print(f"  {'together':<46} {steps.total_s:7.3f} s   floor {FLOOR_CPU_S} s with the gate")
        Steps().take("(fingerprints alone)", lambda: fingerprints(trace))
        Steps().take("(tomllib alone, the same files)", lambda: _parse_only(folder))
        told = f"{len(found.changed)} changed, {len(found.suspects)} suspect"
        print(f"  {len(faults)} faults, {told}, {len(rows)} rows")
    return 0 if steps.total_s <= FLOOR_CPU_S and not faults and found.changed else 1


if __name__ == "__main__":
    sys.exit(main())
