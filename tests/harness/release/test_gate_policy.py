"""Release policies: every rule stated, every fault told at once."""

import copy
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeward_harness import resources
from edgeward_harness.approval.words import Meaning
from edgeward_harness.errors import InputError
from edgeward_harness.gate.policy import FILE, load_policy, parse_policy
from edgeward_harness.profile.bench import Realization

SHIPPED = resources.suites() / FILE
TRIAL = resources.suites() / "gate_policy_trial.toml"
KEYS = ("a" * 64, "b" * 64)


@pytest.fixture
def rules() -> dict[str, Any]:
    return tomllib.loads(SHIPPED.read_text())


def leaves(table: dict[str, Any], at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, value in table.items():
        path = (*at, name)
        found += leaves(value, path) if isinstance(value, dict) else [path]
    return found


def put(table: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(table)
    place = changed
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


def test_the_shipped_policy_is_strict_and_names_every_suite() -> None:
    policy = load_policy(SHIPPED)
    suites = {path.parent.name for path in resources.suites().glob("*/testplan.toml")}
    assert set(policy.evidence.suites) == suites
    assert policy.trust.trusted_signer
    assert policy.trust.qualification
    assert policy.evidence.promises
    assert policy.evidence.protocol
    assert policy.trace.fresh
    assert policy.trace.controls_proven
    assert [*map(str, policy.trace.standings)] == ["verified", "not_applicable"]
    patients = {f"REQ-ALM-03{number}" for number in range(7)}  # none are shipped
    recorded = {"REQ-ACC-030", "REQ-ACC-043", *patients}
    first = {"REQ-ACC-011"}  # of a first release there is no forerunner
    # few measure energy; some emulate no processor, have no strace or no broker
    benches = {"REQ-RES-007", "REQ-ACC-012", "REQ-OFF-002", "REQ-OFF-013"}
    benches |= {"REQ-OFF-030", "REQ-OFF-032", "REQ-ENC-013"}  # nor permit cores
    assert set(policy.trace.inapplicable) == recorded | first | benches
    assert policy.realizations == (Realization.ON_TARGET,)
    asked = policy.approval
    assert asked.plan_approved_before_run
    assert asked.waivers_signed
    assert asked.two_components
    assert asked.audit
    assert not asked.people  # none are invented
    said = {(want.meaning, want.role) for want in asked.quorum}
    assert (Meaning.REVIEWED_RESULTS, "reviewer") in said
    assert (Meaning.APPROVED_RELEASE, "quality") in said


def test_the_trial_policy_differs_only_in_what_a_product_and_its_people_bring() -> None:
    policy, trial = load_policy(SHIPPED), load_policy(TRIAL)
    assert replace(trial.evidence, require_on_target=True) == policy.evidence
    assert replace(trial.trust, qualification=True) == policy.trust
    assert trial.trace == policy.trace
    assert Realization.SIMULATED not in trial.realizations
    assert not trial.approval.quorum
    assert "no release" in trial.title


@pytest.mark.parametrize("path", leaves(tomllib.loads(SHIPPED.read_text())))
def test_a_rule_left_out_is_missed(rules: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=rf"({'.'.join(path)}|trust): missing"):
        parse_policy(put(rules, path, None), "policy.toml")


@pytest.mark.parametrize("path", leaves(tomllib.loads(SHIPPED.read_text())))
def test_a_value_of_the_wrong_kind_is_refused(rules: dict[str, Any], path: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=rf"{'.'.join(path)} = "):
        parse_policy(put(rules, path, {"a": 1} if path[-1] == "title" else [{}]), "policy.toml")


def test_all_faults_are_told_at_once(rules: dict[str, Any]) -> None:
    rules["schema"] = 2
    rules["evidence"]["depth_min"] = "deep"
    rules["evidence"]["suites"] = "latency"
    rules["trace"]["standings"] = ["verified", "failed"]
    rules["trust"]["signer"] = True
    with pytest.raises(InputError) as refused:
        parse_policy(rules, "policy.toml")
    assert len(refused.value.faults) == 5


@pytest.mark.parametrize("pin", ["abcdef", "AB" * 32, "any"])
def test_a_build_is_pinned_by_its_whole_digest(rules: dict[str, Any], pin: str) -> None:
    with pytest.raises(InputError, match=r"evidence\.build_sha256 = .*a SHA-256 of 64 digits"):
        parse_policy(put(rules, ("evidence", "build_sha256"), pin), "policy.toml")
    whole = put(rules, ("evidence", "build_sha256"), "ab" * 32)
    assert parse_policy(whole, "policy.toml").evidence.build_sha256 == "ab" * 32


@pytest.mark.parametrize("word", ["failed", "error", "cannot_judge", "partial", "stale", "flaky"])
def test_no_policy_can_let_a_gap_through(rules: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match="standings"):
        parse_policy(put(rules, ("trace", "standings"), ["verified", word]), "policy.toml")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {("evidence", "require_on_target"): True, ("evidence", "realizations"): ["emulated"]},
            "require_on_target",
        ),
        ({("trace", "standings"): ["not_applicable"]}, 'expected "verified"'),
        ({("trace", "waivers"): ["DEV-001"]}, 'or "waived" among'),
        ({("trace", "inapplicable"): []}, 'or no "not_applicable"'),
        ({("trace", "standings"): ["verified"]}, 'or "not_applicable" among'),
        ({("trace", "standings"): ["verified", "waived"]}, "the deviations that may waive"),
        ({("approval", "quorum"): []}, "true with approved_plan in the quorum, else neither"),
        ({("approval", "waivers_signed"): False}, "waivers_signed: false; expected true with"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(
    rules: dict[str, Any], changes: dict[tuple[str, ...], Any], said: str
) -> None:
    for path, value in changes.items():
        rules = put(rules, path, value)
    with pytest.raises(InputError, match=said):
        parse_policy(rules, "policy.toml")


def person(**changes: Any) -> dict[str, Any]:
    fields = {"id": "p1", "name": "Person One", "roles": ["reviewer"], "key": KEYS[0], "ca": ""}
    return {**fields, **changes}


@pytest.mark.parametrize(
    "people",
    [
        [person(), person(id="p2")],
        [person(), person(key=KEYS[1])],
        [person(key="")],
        [person(ca=KEYS[1])],
        [person(key="a" * 63)],
        [person(roles=[])],
        [person(name="")],
        [person(rank="first")],
        [{"id": "p1"}],
        {"p1": person()},
    ],
)
def test_people_share_no_id_and_no_key_and_each_has_one(rules: dict[str, Any], people: Any) -> None:
    with pytest.raises(InputError, match=r"approval\.people = .*no id and no key twice"):
        parse_policy(put(rules, ("approval", "people"), people), "policy.toml")


def test_people_are_known_by_a_key_or_a_root(rules: dict[str, Any]) -> None:
    people = [person(), person(id="p2", key="", ca=KEYS[0]), person(id="p3", key="", ca=KEYS[0])]
    found = parse_policy(put(rules, ("approval", "people"), people), "policy.toml")
    assert [one.id for one in found.approval.people] == ["p1", "p2", "p3"]


def wanted(**changes: Any) -> dict[str, Any]:
    return {"meaning": "approved_release", "role": "quality", "count": 1, **changes}


@pytest.mark.parametrize(
    "quorum",
    [
        [wanted(), wanted(count=2)],
        [wanted(meaning="authored")],
        [wanted(meaning="liked it")],
        [wanted(role="author")],
        [wanted(role="")],
        [wanted(count=0)],
        [wanted(count=True)],
        [wanted(by="tomorrow")],
        wanted(),
    ],
)
def test_a_quorum_asks_for_known_words_of_a_role_that_is_not_the_author(
    rules: dict[str, Any], quorum: Any
) -> None:
    with pytest.raises(InputError, match=r"approval\.quorum = .*none twice"):
        parse_policy(put(rules, ("approval", "quorum"), quorum), "policy.toml")


@pytest.mark.parametrize("text", ["schema = ", "schema = 1\nschema = 1", "\x00"])
def test_what_is_not_toml_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy.toml").write_text(text)
    with pytest.raises(InputError, match="is not TOML"):
        load_policy(tmp_path / "policy.toml")
