"""Whether what ships is what was tested: a bill held against runs, and refused where it differs."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgeward_harness.inventory.held import Gap, Seen, hold, refusals
from edgeward_harness.inventory.model import Part
from edgeward_harness.inventory.shipped import Shipped

BUILD, OTHER = "b" * 64, "c" * 64
PARTS = {"arrays": Part("1.0", "a" * 64), "sealing": Part("2.1", "d" * 64)}
RUNS = {"python3": Part("", "9" * 64)}
SHIPPED = Shipped(
    name="edgeward",
    version="1.0",
    build_sha256=BUILD,
    distributions=PARTS,
    interpreter=Part("3.11.2", "9" * 64),
    models={"e" * 64: "rhythm 3"},
    twice=(),
    findings=(),
)
TESTED = Seen("bundle", frozenset({BUILD}), {"e" * 64: "rhythm 3"}, PARTS, {}, RUNS)


def test_the_same_is_the_same() -> None:
    assert hold(SHIPPED, [TESTED, replace(TESTED, source="another")]) == ()


def test_the_own_distribution_is_held_by_its_build() -> None:
    """A linked one has the place of its host in it."""
    used = {**PARTS, "edgeward": Part("1.0", OTHER)}
    assert hold(SHIPPED, [replace(TESTED, used=used)]) == ()


Change = Callable[[], tuple[Shipped, Seen]]


@pytest.mark.parametrize(
    ("change", "gap", "said"),
    [
        (lambda: (replace(SHIPPED, build_sha256=OTHER), TESTED), Gap.DIFFERENT, "tested build bb"),
        (lambda: (replace(SHIPPED, build_sha256=""), TESTED), Gap.UNTOLD, "no digest of the dev"),
        (lambda: (SHIPPED, replace(TESTED, builds=frozenset())), Gap.UNTOLD, "its device told no"),
        (lambda: (replace(SHIPPED, models={}), TESTED), Gap.DIFFERENT, "rhythm 3 (eeeeeeeeeeee)"),
        (
            lambda: (SHIPPED, replace(TESTED, used=PARTS | {"arrays": Part("1.1", "a" * 64)})),
            Gap.DIFFERENT,
            "tested with arrays 1.1, the bill has 1.0",
        ),
        (
            lambda: (SHIPPED, replace(TESTED, used=PARTS | {"arrays": Part("1.0", OTHER)})),
            Gap.DIFFERENT,
            "tested files cccccccccccc, the bill has aaaaaaaaaaaa",
        ),
        (
            lambda: (SHIPPED, replace(TESTED, used=PARTS | {"more": Part("1", OTHER)})),
            Gap.DIFFERENT,
            "tested with more 1, which is not in the bill",
        ),
        (
            lambda: (SHIPPED, replace(TESTED, used=PARTS | {"arrays": Part("1.0", "")})),
            Gap.UNTOLD,
            "have no digest",
        ),
        (lambda: (SHIPPED, replace(TESTED, used=None)), Gap.UNTOLD, "no record names"),
        (
            lambda: (SHIPPED, replace(TESTED, interpreters={"python3": Part("", OTHER)})),
            Gap.DIFFERENT,
            "was run by python3 cccccccccccc, the bill has 999999999999",
        ),
        (lambda: (SHIPPED, replace(TESTED, interpreters={})), Gap.UNTOLD, "the run has no digest"),
        (lambda: (replace(SHIPPED, interpreter=None), TESTED), Gap.UNTOLD, "the bill has no dig"),
        (lambda: (replace(SHIPPED, twice=("arrays",)), TESTED), Gap.DIFFERENT, "arrays more than"),
        (lambda: (replace(SHIPPED, findings=("changed",)), TESTED), Gap.FINDING, "changed"),
    ],
)
def test_a_swapped_bill_is_refused_with_its_reason(change: Change, gap: Gap, said: str) -> None:
    found = refusals(hold(change()[0], [change()[1]]))
    assert gap in {one.gap for one in found}
    assert said in "\n".join(map(str, found))


def test_held_against_nothing_nothing_is_shown() -> None:
    assert [one.gap for one in refusals(hold(SHIPPED, []))] == [Gap.UNTOLD]


def test_one_run_that_differs_is_enough() -> None:
    other = replace(TESTED, source="other", builds=frozenset({OTHER}))
    (found,) = refusals(hold(SHIPPED, [TESTED, other]))
    assert found.subject == "other"


def test_what_no_run_used_is_told_and_refuses_nothing() -> None:
    beside = replace(TESTED, used={"arrays": PARTS["arrays"]}, beside=PARTS)
    (found,) = hold(replace(SHIPPED), [beside])
    assert (found.gap, found.refuses) == (Gap.UNSEEN, False)
    assert "the same lay installed beside" in found.text
    (found,) = hold(SHIPPED, [replace(beside, beside={})])
    assert "the same lay" not in found.text
    told = hold(replace(SHIPPED, models={**SHIPPED.models, "f" * 64: "beat 1"}), [TESTED])
    assert [str(one) for one in told] == [
        "model beat 1 (ffffffffffff): ships, and no device that was tested had it"
    ]
