"""The exit statuses of every benchmark, and the judgement about the host.

Rules:
1. 0: every goal was kept. A benchmark that only shows figures has no goal to miss.
2. 1: a goal was missed, or a contender failed.
3. 2: no verdict. The host stood still for too long, or something to measure is not there.
4. An unfit host makes no pass either: it says nothing, whatever the figures are.
5. A host is unfit where it stood still for longer at a time than a busy process of our own can make
   a probe wait: a benchmark that computes is no stall.
"""

from enum import IntEnum

from edgeward_harness.rig.stall import FOREIGN_STALL_NS, Stalls

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
    if not is_fit(stalls):
        return Verdict.NONE
    return Verdict.MISSED if missed else Verdict.KEPT


def is_fit(stalls: Stalls) -> bool:
    """Whether a host that was watched may be measured on; says how it was."""
    foreign = stalls.share_at_least(FOREIGN_STALL_NS)
    fit = foreign <= UNFIT_SHARE
    print(
        f"host: stalled {stalls.share:.2%} of {stalls.watched_ns / 1e9:.0f} s, longest"
        f" {stalls.longest_ns / 1e6:.1f} ms; for {FOREIGN_STALL_NS / 1e6:.0f} ms and more at a"
        f" time {foreign:.2%}{'' if fit else ': unfit host, no verdict'}"
    )
    return fit
