"""A decision as Markdown: a summary for a pull request. Pure.

Texts of a bundle are shown as texts: signs that mean something in Markdown or HTML, or that call a
person, are written as their entities, and unprintable ones as their code points.
"""

import re

from edgeward_harness.gate.case import Outcome
from edgeward_harness.gate.decide import Decision, Ruling
from edgeward_harness.gate.told import FINDINGS_MAX, fixes_of, headline

SIGNS = {Outcome.MET: "✅", Outcome.REFUSED: "❌", Outcome.UNDECIDED: "⚠️"}
SPECIAL = re.compile(r"[\\`*_\[\]#|<>&~@]|:(?=//)")


def as_markdown(decision: Decision, policy: str) -> str:
    """The summary; `policy` is the title of the rules."""
    lines = [
        f"## edgeward gate: {_text(headline(decision).partition(':')[0])}",
        "",
        f"{_text(headline(decision))}  ",
        f"Policy: {_text(policy)}",
        "",
        "| | rule | asks |",
        "|---|---|---|",
        *(f"| {SIGNS[one.outcome]} | {_text(one.rule)} | {_text(one.question)} |"
          for one in decision.rulings),
    ]  # fmt: skip
    for ruling in decision.rulings:
        if ruling.findings:
            lines += _section(ruling)
    if decision.notes:
        lines += ["", *(f"> {_text(note)}  " for note in decision.notes)]
    return "\n".join(lines) + "\n"


def _section(ruling: Ruling) -> list[str]:
    lines = ["", f"### {SIGNS[ruling.outcome]} {_text(ruling.rule)}", ""]
    lines += [f"- {_text(one.text)}" for one in ruling.findings[:FINDINGS_MAX]]
    more = len(ruling.findings) - FINDINGS_MAX
    if more > 0:
        lines.append(f"- and {more} more")
    fixes = [f"- {_text(fix)}" for fix in fixes_of(ruling)]
    return [*lines, "", "What would mend it:", "", *fixes] if fixes else lines


def _text(text: str) -> str:
    plain = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return SPECIAL.sub(lambda found: f"&#{ord(found.group())};", plain)
