"""The exit statuses of every benchmark, and the judgement about the host.

Rules:
1. 0: every goal was kept. A benchmark that only shows figures has no goal to miss.
2. 1: a goal was missed, or a contender failed.
3. 2: no verdict. The host stood still for too long, or something to measure is not there.
4. An unfit host makes no pass either: it says nothing, whatever the figures are.
"""

from enum import IntEnum

from edgeward_harness.rig.stall import Stalls

UNFIT_SHARE = 0.01
"""Of the time. A host that stands still for longer measures itself."""


class Verdict(IntEnum):
    """How a benchmark ended, as its exit status."""

    KEPT = 0
    MISSED = 1
    NONE = 2

    @property
    def said(self) -> str:
        """In words."""
        return "no verdict" if self is Verdict.NONE else self.name.lower()


def on_host(stalls: Stalls, *, missed: bool) -> Verdict:
    """The verdict on a host that was watched; says how it was."""
    fit = stalls.share <= UNFIT_SHARE
    print(
        f"host: stalled {stalls.share:.2%} of {stalls.watched_ns / 1e9:.0f} s,"
        f" longest {stalls.longest_ns / 1e6:.1f} ms{'' if fit else ': unfit host, no verdict'}"
    )
    if not fit:
        return Verdict.NONE
    return Verdict.MISSED if missed else Verdict.KEPT
