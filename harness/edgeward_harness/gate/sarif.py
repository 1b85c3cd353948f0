"""A decision as SARIF 2.1.0: what code hosts show beside a change. Pure, and the same every time.

Each rule of the gate is a rule of SARIF, each finding a result at the policy that asks for it. What
refuses is an error, what cannot be decided a warning. A release has no results.
"""

from typing import Any

from edgeward.canonical import digest
from edgeward_harness import __version__
from edgeward_harness.gate.case import Outcome
from edgeward_harness.gate.decide import Decision, Ruling

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RESULTS_MAX = 5_000
"""Code hosts take no more of one run."""
LEVELS = {Outcome.MET: "none", Outcome.UNDECIDED: "warning", Outcome.REFUSED: "error"}


def as_sarif(decision: Decision, policy_path: str) -> dict[str, Any]:
    """The log; `policy_path` is where the rules are written, seen from the root of the project."""
    results = [
        one for number, ruling in enumerate(decision.rulings) for one in _results(ruling, number)
    ]
    for result in results:
        place = {"artifactLocation": {"uri": policy_path}, "region": {"startLine": 1}}
        result["locations"] = [{"physicalLocation": place}]
    driver = {
        "name": "edgeward gate",
        "version": __version__,
        "rules": [_rule(ruling) for ruling in decision.rulings],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "edgeward-gate/"},
        "columnKind": "unicodeCodePoints",
        "results": results[:RESULTS_MAX],
        "properties": {"verdict": decision.verdict.value, "results": len(results)},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(ruling: Ruling) -> dict[str, Any]:
    return {
        "id": ruling.rule,
        "shortDescription": {"text": ruling.question},
        "defaultConfiguration": {"level": "error"},
    }


def _results(ruling: Ruling, number: int) -> list[dict[str, Any]]:
    return [
        {
            "ruleId": ruling.rule,
            "ruleIndex": number,
            "level": LEVELS[one.outcome],
            "message": {"text": _plain(f"{one.text}\nFix: {one.fix}" if one.fix else one.text)},
            "partialFingerprints": {"edgewardGate/v1": digest([ruling.rule, one.text])},
        }
        for one in ruling.findings
    ]


def _plain(text: str) -> str:
    """Nothing unprintable: a bundle may be hostile."""
    return "".join(
        sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1] for sign in text
    )
