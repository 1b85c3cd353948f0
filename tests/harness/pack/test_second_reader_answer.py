"""The gate's answer in a pack is made up by somebody who may sign; asked again, it is found."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import evidence_lab
import pytest
import source_lab as lab
from packing_lab import HERE, MADE, TITLE, answer, checked, made, met, policy, signed_anew
from qualification_lab import GOOD

from edgeward.canonical import canonical_json
from edgeward_harness.evidence.entries import DeviationEntry
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.qualification import seal_qualification
from edgeward_harness.gate.here import Here
from edgeward_harness.pack import keeping, load
from edgeward_harness.pack.asked import answer as gate_answer
from edgeward_harness.pack.asked import asked_by
from edgeward_harness.pack.build import state_of
from edgeward_harness.pack.source import Asked, PackSource

pytestmark = pytest.mark.slow  # each test writes a pack


@pytest.fixture
def key() -> SigningKey:
    return evidence_lab.signing_key()


@pytest.fixture
def asked(tmp_path: Path, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A pack of a bundle, in which the gate was asked by a policy."""
    monkeypatch.setattr(load, "load_trace", lambda _: lab.trace())

    def packed(*records: Any, given: dict[str, Any] | None = None, **changes: str) -> Path:
        by = policy(tmp_path, **changes)
        return made(tmp_path, key, *records, policy=by, **(given or {}))

    return packed


def test_what_passed_is_released_and_found_so(asked: Callable[..., Path], key: SigningKey) -> None:
    found = checked(asked(), key)
    assert found.contents.state == "released"
    assert (found.faults, found.doubts, found.remade) == ((), (), 1)
    assert found.policy.startswith(f"{TITLE}, ")
    assert any("does not ask any person" in note for note in found.notes)
    lenient = {"evidence.require_on_target", "trust.qualification", "approval.quorum"}
    assert lenient < set(found.departures)
    assert not {"trace.fresh", "evidence.depth_min", "approval.people"} & set(found.departures)


def test_no_answer_of_a_gate_is_made_up_for_evidence_that_failed(
    asked: Callable[..., Path], key: SigningKey
) -> None:
    first, second = lab.records()
    pack = asked(first._replace(state=type(first.state)("failed"), reason="late"), second)
    assert checked(pack, key).faults == ()
    answer(pack, met(), key)
    told = checked(pack, key).faults
    assert "is released; asked again by the policy in the pack it is refused" in told[0]
    assert any(
        "on requirements is met; asked again refused: bundles/wearable" in one for one in told
    )


ASKED_FOR = {
    "people": {"audit": "true"},
    "depth": {"depth_min": '"campaign"'},
    "age": {"age_days_max": "1"},
    "tool": {"qualification": "true"},
    "suites": {"suites": '["latency", "alarms"]'},
    "protocol": {"protocol": "true"},
    "promises": {"promises": "true"},
}


@pytest.mark.parametrize("what", ASKED_FOR)
def test_no_answer_is_made_up_for_evidence_that_passed(
    asked: Callable[..., Path], key: SigningKey, what: str
) -> None:
    """Every case passed; what the policy asks besides is not there."""
    pack = asked(**ASKED_FOR[what])
    honest = checked(pack, key)
    assert honest.faults == ()
    assert honest.contents.state == "not released"
    answer(pack, met(), key)
    assert "is released; asked again by the policy in the pack it is refused" in "\n".join(
        checked(pack, key).faults
    )


def test_a_policy_that_was_swapped_gives_another_answer(
    asked: Callable[..., Path], key: SigningKey, tmp_path: Path
) -> None:
    pack = asked()
    kept = pack / "inputs/policy.toml"
    kept.write_bytes(policy(tmp_path, depth_min='"campaign"').read_bytes())
    signed_anew(pack, key)
    assert "asked again by the policy in the pack it is refused" in checked(pack, key).faults[0]
    kept.write_bytes(policy(tmp_path, title='"Another"').read_bytes())
    signed_anew(pack, key)
    (told,) = checked(pack, key).faults
    assert told == f"the gate's answer is by {TITLE!r}; the policy kept is 'Another'"
    kept.write_text("schema = 1")
    signed_anew(pack, key)
    assert "cannot be made again: " in checked(pack, key).faults[0]
    kept.unlink()
    signed_anew(pack, key)
    assert "the gate's answer is kept without its policy" in checked(pack, key).faults


def test_a_policy_may_be_named_by_a_link(tmp_path: Path) -> None:
    file, link = policy(tmp_path), tmp_path / "latest.toml"
    link.symlink_to(file)
    assert asked_by(link, Here()) == asked_by(file, Here())


def test_an_answer_that_was_taken_out_is_missed(
    asked: Callable[..., Path], key: SigningKey
) -> None:
    pack = asked(depth_min='"campaign"')
    (pack / "inputs/decision.json").unlink()
    root = json.loads((pack / keeping.LIST).read_bytes())["root_sha256"]
    (pack / "index.html").write_bytes(f"{state_of(None)} {root}".encode())
    signed_anew(pack, key, state=state_of(None))
    assert checked(pack, key).faults == ("the gate's policy is kept without its answer",)


def edited(pack: Path, name: str, value: Any) -> None:
    path = pack / "inputs/decision.json"
    path.write_bytes(canonical_json({**json.loads(path.read_bytes()), name: value}))


def test_no_word_of_an_answer_is_another(asked: Callable[..., Path], key: SigningKey) -> None:
    pack = asked()
    answer(pack, met()[1:], key)
    assert "does not answer each rule of the gate once" in checked(pack, key).faults[0]
    answer(pack, [], key)
    assert checked(pack, key).faults
    hidden = met()
    hidden[3]["findings"] = [{"text": "no", "outcome": "refused", "fix": ""}]
    answer(pack, hidden, key)
    (told,) = checked(pack, key).faults
    assert told == "the gate's answer on signer is met, and not for what was found"
    answer(pack, met(), key)
    edited(pack, "notes", [])
    signed_anew(pack, key)
    assert checked(pack, key).faults == ("the gate's answer has other notes than its policy gives",)
    edited(pack, "profiles", ["gateway"])
    signed_anew(pack, key)
    assert "is about gateway; the bundles are of wearable" in "\n".join(checked(pack, key).faults)


def test_whose_promises_and_suites_counted_the_reader_has_to_agree(
    asked: Callable[..., Path], key: SigningKey
) -> None:
    own = Here({"wearable": "1" * 64}, "2" * 64, seeded_sha256="3" * 64)
    pack = asked(given={"here": own}, promises="true", protocol="true", qualification="true")
    found = checked(pack, key)
    assert found.faults == ()
    assert found.doubts == (
        "the gate was asked beside other seeded defects than come with this harness",
        "the gate was asked beside other suites than are here (--suites)",
        "the gate was asked by promises of wearable that are not those here (--profiles)",
    )
    assert checked(pack, key, here=replace(own, harness_sha256=HERE.harness_sha256)).doubts == ()
    (pack / "inputs/here.json").write_bytes(canonical_json({"profiles": {}}))
    signed_anew(pack, key)
    assert "cannot be made again" in checked(pack, key).faults[0]


def test_a_record_of_another_tool_is_asked_for_again(
    asked: Callable[..., Path], key: SigningKey, tmp_path: Path
) -> None:
    """The record lies in the pack and is read anew; one for a good one is no way to a release."""
    record = copy.deepcopy(GOOD)
    tool = lab.plan(lab.trace()).tool
    record["tool"] |= {name: tool[name] for name in ("build_sha256", "suites_sha256")}
    record["ended_utc"] = MADE
    (tmp_path / "good.json").write_bytes(seal_qualification(record, key))
    here = Here(seeded_sha256=GOOD["tool"]["seeded_sha256"])
    given = {"qualification": tmp_path / "good.json", "here": here}
    pack = asked(given=given, qualification="true")
    assert checked(pack, key).contents.state == "released"
    assert checked(pack, key).faults == ()
    kept = pack / "inputs/qualification.json"
    kept.write_bytes(seal_qualification(GOOD, key))
    signed_anew(pack, key)
    told = "\n".join(checked(pack, key).faults)
    assert "on qualified is met; asked again refused: bundles/wearable" in told
    kept.unlink()
    signed_anew(pack, key)
    assert "the record of edgeward qualify was not given" in "\n".join(checked(pack, key).faults)


def test_a_waiver_that_had_expired_when_the_pack_was_made_waives_nothing(tmp_path: Path) -> None:
    first, second = lab.records()
    failed = first._replace(state=type(first.state)("failed"), reason="late")
    waived = DeviationEntry("DEV-001", (lab.REQ,), (), "It is known.", "lead", "2026-02-15")
    of = lab.trace()
    plan = lab.plan(of, deviations=(waived,))
    one = lab.evidence(lab.bundle(tmp_path, plan, failed, second), of)
    source = PackSource((one,), of, date(2026, 2, 10))
    rules = policy(tmp_path, standings='["verified", "waived"]', waivers='["DEV-001"]')
    rules.write_text(
        re.sub(r"(?s)\ninapplicable = \[.*?\]\n", "\ninapplicable = []\n", rules.read_text())
    )
    by = asked_by(rules, Here())
    told = [reasons(source, by, day) for day in (10, 20)]
    assert "REQ-LAT-001 is failed" not in told[0]
    assert "REQ-LAT-001 is failed" in told[1]


def reasons(source: PackSource, by: Asked, day: int) -> str:
    return "; ".join(gate_answer(source, by, datetime(2026, 2, day, tzinfo=UTC)).reasons)
