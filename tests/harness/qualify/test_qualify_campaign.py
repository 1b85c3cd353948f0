"""A campaign: what is open is tried again, alone; what survived is not; an interrupt ends it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edgeward_harness.evidence.verification import Expectation
from edgeward_harness.qualify import campaign
from edgeward_harness.qualify.campaign import Plan, Run, carry_out, plan
from edgeward_harness.qualify.defect import Defect
from edgeward_harness.qualify.trial import Bed, Trial
from edgeward_harness.qualify.verdict import Outcome, Told

BED = Bed(Path("seeded"), Path("suites"), {}, Path("runs"), None, [], Expectation())


def seeded(name: str, *, alone: bool = False, cases: int = 1) -> Defect:
    judged = tuple(f"TC-LAT-{number + 1:03}" for number in range(cases))
    return Defect(name, "Words.", "latency", name, judged, alone=alone)


class Host:
    """Says of each defect what it was told to, one word after the other."""

    def __init__(self, **words: Sequence[Outcome]) -> None:
        self.words = {name: list(outcomes) for name, outcomes in words.items()}
        self.tried: list[str] = []
        self.forgotten: list[str] = []

    def try_defects(self, run: Run, _: Bed) -> Trial:
        self.tried.append(run[0].id)
        return Trial({one.id: Told(self.words[one.id].pop(0)) for one in run})

    def forget(self, run: Run, _: Bed) -> None:
        self.forgotten.append(run[0].id)


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> Callable[[Host, Plan], dict[str, Outcome]]:
    def carry(host: Host, whole: Plan) -> dict[str, Outcome]:
        monkeypatch.setattr(campaign, "try_defects", host.try_defects)
        monkeypatch.setattr(campaign, "forget", host.forget)
        told = carry_out(whole, BED, 1, lambda *_: None)
        return {run[0].id: trial.told[run[0].id].outcome for run, trial in told}

    return carry


def test_what_is_timed_comes_last(
    carried: Callable[[Host, Plan], dict[str, Outcome]],
) -> None:
    caught = [Outcome.CAUGHT]
    host = Host(timed=list(caught), plain=list(caught))
    assert set(carried(host, plan([seeded("timed", alone=True), seeded("plain")]))) == {
        "timed", "plain",
    }  # fmt: skip
    assert host.tried == ["plain", "timed"]


def test_what_takes_longest_begins_first(
    carried: Callable[[Host, Plan], dict[str, Outcome]],
) -> None:
    seen = {"short": 1, "sound": 9, "shorter": 1, "long": 4}
    host = Host(**{name: [Outcome.CAUGHT] for name in seen})
    runs = [seeded(name, cases=cases) for name, cases in seen.items()]
    assert carried(host, plan(runs)) == dict.fromkeys(seen, Outcome.CAUGHT)
    assert host.tried == ["sound", "long", "short", "shorter"]


def test_each_run_is_told_beside_its_own_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end in another order than they began."""
    ready = threading.Event()

    def late(run: Run, _: Bed) -> Trial:
        if run[0].id == "first":
            assert ready.wait(10)
        else:
            ready.set()
        return Trial({run[0].id: Told(Outcome.CAUGHT, run[0].id)})

    monkeypatch.setattr(campaign, "try_defects", late)
    whole = plan([seeded("first"), seeded("second")])
    told = [(run[0].id, trial.told) for run, trial in carry_out(whole, BED, 2, lambda *_: None)]
    assert {name for name, _ in told} == {"first", "second"}
    assert all(found == {name: Told(Outcome.CAUGHT, name)} for name, found in told)


def test_what_could_not_be_judged_is_tried_again(
    carried: Callable[[Host, Plan], dict[str, Outcome]],
) -> None:
    host = Host(noisy=[Outcome.UNDECIDED, Outcome.UNDECIDED, Outcome.CAUGHT])
    assert carried(host, plan([seeded("noisy")])) == {"noisy": Outcome.CAUGHT}
    assert host.forgotten == ["noisy"] * 2


def test_what_is_never_judged_stays_open(
    carried: Callable[[Host, Plan], dict[str, Outcome]],
) -> None:
    host = Host(noisy=[Outcome.UNDECIDED] * 9)
    assert carried(host, plan([seeded("noisy", alone=True)])) == {"noisy": Outcome.UNDECIDED}
    assert len(host.tried) == campaign.TRIES_MAX


@pytest.mark.parametrize("outcome", [Outcome.SURVIVED, Outcome.ASTRAY, Outcome.ACCUSED])
def test_what_survived_is_not_tried_until_it_falls(
    carried: Callable[[Host, Plan], dict[str, Outcome]], outcome: Outcome
) -> None:
    host = Host(bold=[outcome, Outcome.CAUGHT])
    assert carried(host, plan([seeded("bold")])) == {"bold": outcome}
    assert host.tried == ["bold"]


def test_an_interrupt_leaves_the_rest_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many runs only those that had begun are waited for."""
    tried: list[str] = []

    def interrupted(run: Run, _: Bed) -> Trial:
        tried.append(run[0].id)
        raise KeyboardInterrupt

    monkeypatch.setattr(campaign, "try_defects", interrupted)
    whole = plan([seeded(f"d{number}") for number in range(50)])
    with pytest.raises(KeyboardInterrupt):
        list(carry_out(whole, BED, 1, lambda *_: None))
    assert len(tried) < len(whole.together)
