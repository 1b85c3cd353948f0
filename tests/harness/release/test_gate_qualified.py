"""The gate asks whether the tool that judged was shown to find broken devices."""

import copy
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence_lab import signing_key
from gate_lab import NOW, SEEDED, Ask, unmet
from qualification_lab import GOOD, KEY, ROW

from edgeward.canonical import canonical_json
from edgeward.device.cli import main
from edgeward_harness import resources
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.qualification import seal_qualification
from edgeward_harness.evidence.record import utc_text
from edgeward_harness.gate.beside import Beside, shown
from edgeward_harness.gate.decide import Decision
from edgeward_harness.gate.markdown import as_markdown
from edgeward_harness.gate.sarif import as_sarif

ENDED = datetime(2026, 3, 19, tzinfo=UTC)
REFUSED = {"qualified": "refused"}


@pytest.fixture
def record(lab: Any) -> dict[str, Any]:
    """A record of the tool and the suites that judged the bundles of these tests."""
    found = copy.deepcopy(GOOD)
    found["tool"] |= {"build_sha256": lab.sha("harness"), "suites_sha256": lab.sha("suites")}
    found["ended_utc"] = text_of(ENDED)
    return found


def text_of(moment: datetime) -> str:
    return utc_text(int(moment.timestamp()) * 1_000_000_000)


def asked(ask: Ask, lab: Any, data: bytes | None, **changes: Any) -> Decision:
    """The decision on a sound bundle beside a record."""
    given = None if data is None else shown(data, [KEY.public], "record.json")
    rules = {"qualification": True, **changes}
    return ask(lab.seal(), beside=Beside(qualification=given), trust=rules)


def told(decision: Decision) -> str:
    return "\n".join(decision.reasons)


def test_a_record_of_the_tool_that_judged_is_enough(
    ask: Ask, lab: Any, record: dict[str, Any]
) -> None:
    decision = asked(ask, lab, seal_qualification(record, KEY))
    assert decision.reasons == ()
    assert not any("finds broken devices" in note for note in decision.notes)


def test_without_a_record_there_is_no_release_and_the_command_is_named(ask: Ask, lab: Any) -> None:
    decision = asked(ask, lab, None)
    assert unmet(decision) == REFUSED
    assert decision.reasons == ("the record of edgeward qualify was not given",)
    page = as_markdown(decision, "p")
    assert "edgeward qualify --out DIR; then give --qualification DIR/qualification" in page
    (run,) = as_sarif(decision, "p.toml")["runs"]
    (result,) = run["results"]
    assert result["ruleId"] == "qualified"
    assert "Fix: with the tool and the suites that judged" in result["message"]["text"]


def test_a_policy_that_does_not_ask_says_so(ask: Ask, lab: Any) -> None:
    decision = asked(ask, lab, None, qualification=False)
    assert unmet(decision) == {}
    assert any("does not ask whether the tool finds broken" in note for note in decision.notes)


def survived(record: dict[str, Any]) -> None:
    record["defects"][0].update(outcome="survived", reason="TC-LAT-001 passed")


def accused(record: dict[str, Any]) -> None:
    sound = {**ROW, "id": "sound", "kind": "control", "outcome": "accused", "reason": "all of it"}
    record["defects"].append(sound)


def green(record: dict[str, Any]) -> None:
    record["probes"][0]["observed"] = "passed"


def unseen(record: dict[str, Any]) -> None:
    record["tampering"][0]["found"] = 8


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (survived, "late: survived: TC-LAT-001 passed"),
        (accused, "sound: accused: all of it"),
        (green, "probe empty: found 'passed', expected 'a'"),
        (unseen, "a bit flipped: 8 of 9 found"),
    ],
)
def test_a_tool_that_let_something_through_releases_nothing(
    ask: Ask, lab: Any, record: dict[str, Any], change: Any, reason: str
) -> None:
    change(record)
    decision = asked(ask, lab, seal_qualification(record, KEY))
    assert unmet(decision) == REFUSED
    assert f"record.json: not qualified: {reason}" in decision.reasons


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"defects": [ROW, {**ROW, "id": "slow", "outcome": "undecided", "reason": "busy"}]},
         "slow: undecided: busy"),
        ({"probes": []}, "the false-green battery and the tamper battery were not asked"),
    ],
)  # fmt: skip
def test_what_could_not_be_judged_leaves_the_release_undecided(
    ask: Ask, lab: Any, record: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    decision = asked(ask, lab, seal_qualification({**record, **change}, KEY))
    assert unmet(decision) == {"qualified": "undecided"}
    assert decision.reasons == (f"record.json: undecided: {reason}",)
    assert decision.exit_code == 2


def test_a_record_in_which_nothing_was_caught_shows_nothing(
    ask: Ask, lab: Any, record: dict[str, Any]
) -> None:
    record["defects"] = [{**ROW, "outcome": "out_of_reach", "reason": "no broker"}]
    decision = asked(ask, lab, seal_qualification(record, KEY))
    assert unmet(decision) == REFUSED
    assert "undecided: nothing was caught" in told(decision)


@pytest.mark.parametrize(
    ("key", "what"), [("build_sha256", "another harness"), ("suites_sha256", "other suites")]
)
def test_a_record_of_another_tool_is_none_of_this_one(
    ask: Ask, lab: Any, record: dict[str, Any], key: str, what: str
) -> None:
    mine = record["tool"][key]
    record["tool"][key] = "77" * 32
    decision = asked(ask, lab, seal_qualification(record, KEY))
    assert unmet(decision) == REFUSED
    expected = f"judged by {what} than was qualified: found {mine}, expected {'77' * 32}"
    assert expected in told(decision)


def test_a_record_of_a_thinner_catalogue_shows_less(
    ask: Ask, lab: Any, record: dict[str, Any]
) -> None:
    record["tool"]["seeded_sha256"] = "88" * 32
    decision = asked(ask, lab, seal_qualification(record, KEY))
    assert unmet(decision) == REFUSED
    expected = f"other defects were seeded than are here: found {'88' * 32}, expected {SEEDED}"
    assert expected in told(decision)


def test_a_record_of_some_suites_says_nothing_of_the_others(
    ask: Ask, lab: Any, record: dict[str, Any]
) -> None:
    record["suites"], record["defects"] = ["alarms"], [{**ROW, "suite": "alarms"}]
    decision = asked(ask, lab, seal_qualification(record, KEY))
    assert unmet(decision) == REFUSED
    assert "of the suite latency no defect was seeded and caught" in told(decision)


def test_a_record_that_a_stranger_signed_counts_for_nothing(
    ask: Ask, lab: Any, record: dict[str, Any]
) -> None:
    stranger = signing_key()
    decision = asked(ask, lab, seal_qualification(record, stranger))
    assert unmet(decision) == REFUSED
    (reason,) = decision.reasons
    assert f"signed by the key {stranger.public.keyid}; expected a trusted key" in reason


def edited(data: bytes) -> bytes:
    """The record says something else, under the old signature."""
    envelope = json.loads(data)
    payload = Envelope.from_bytes(data).payload.replace(b'"made":9', b'"made":8')
    return canonical_json({**envelope, "payload": b64encode(payload).decode()})


def claimed(data: bytes) -> bytes:
    """Signed anew by who may sign, with a result that its rows do not come to."""
    statement = json.loads(Envelope.from_bytes(data).payload)
    statement["predicate"]["result"] = "PASSED"
    return Envelope.sign(canonical_json(statement), KEY).to_bytes()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (edited, "the signature is not good"),
        (claimed, "it says PASSED, its rows come to not_qualified"),
        (lambda data: data[:-9], "record.json"),
        (lambda _: b"", "record.json"),
        (lambda _: b"\x00" * 64, "record.json"),
    ],
)
def test_a_record_that_was_edited_is_told_and_never_believed(
    ask: Ask, lab: Any, record: dict[str, Any], change: Any, why: str
) -> None:
    record["tampering"][0]["found"] = 8
    decision = asked(ask, lab, change(seal_qualification(record, KEY)))
    assert unmet(decision) == REFUSED
    assert why in told(decision)


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (NOW - timedelta(days=91), "91 days old; expected at most 90"),
        (NOW + timedelta(days=2), "which is yet to come"),
    ],
)
def test_a_record_grows_old_and_does_not_come_from_the_future(
    ask: Ask, lab: Any, record: dict[str, Any], ended: datetime, why: str
) -> None:
    record["ended_utc"] = text_of(ended)
    decision = asked(ask, lab, seal_qualification(record, KEY))
    assert unmet(decision) == REFUSED
    assert why in told(decision)


def test_the_command_takes_a_record(
    lab: Any, record: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path))
    sealed = lab.seal()
    (tmp_path / "key.pub").write_bytes(KEY.public.pem)
    (tmp_path / "record.json").write_bytes(seal_qualification(record, KEY))
    policy = str(resources.suites() / "gate_policy.toml")
    gate = ["gate", str(sealed.path), "--key", str(sealed.public_key), "--policy", policy]
    assert main(gate) == 1
    assert "REFUSED    qualified" in capsys.readouterr().out
    record_given = [*gate, "--key", "key.pub", "--qualification", "record.json"]
    assert main(record_given) == 1  # of the other suites that the policy names nothing is seeded
    printed = capsys.readouterr().out
    assert "the record of edgeward qualify was not given" not in printed
    assert "record.json: of the suite offline no defect was seeded and caught" in printed
    assert main([*gate, "--qualification", "none.json"]) == 2
    assert "none.json: No such file" in capsys.readouterr().err
