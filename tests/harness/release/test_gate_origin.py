"""The gate: no bundle vouches for the promises, the protocol or the build it was judged by."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gate_lab import Ask, unmet

from edgeward.profile import load_profile
from edgeward_harness.evidence.entries import UnitEntry
from edgeward_harness.gate.decide import Decision, ReleaseVerdict
from edgeward_harness.gate.here import Here, promises_of
from edgeward_harness.gate.policy import load_policy
from edgeward_harness.profile.bench import Realization
from edgeward_harness.resources import device_profiles, suites


def test_a_claim_of_on_target_names_the_serial_number_to_check(lab: Any, ask: Ask) -> None:
    unit = UnitEntry("unit", "process", "on_target", "SN-1", ("agent",))
    decision = ask(lab.seal(unit=unit), evidence={"require_on_target": True})
    assert decision.verdict is ReleaseVerdict.RELEASED
    note = decision.notes[0]
    assert "is what the bench file claims" in note
    assert "serial number at the bench: SN-1." in note
    assert Realization.ON_TARGET in load_policy(suites() / "gate_policy.toml").realizations
    assert not any("bench file" in note for note in ask(lab.seal(name="emulated")).notes)


LENIENT = {"budget": {"latency": {"window_to_result": {"p99_ms": 60_000.0}}}}


def test_a_lenient_profile_under_a_known_name_is_refused(lab: Any, ask: Ask, here: Here) -> None:
    lenient = lab.profile_entry("bedside_monitor", **LENIENT)
    decision = ask(lab.seal(profile=lenient))
    assert unmet(decision) == {"promises": "refused"}
    (reason,) = decision.reasons
    assert f"found {lenient.sha256}, expected {here.profiles['bedside_monitor']}" in reason
    lax = ask(lab.seal(name="lax", profile=lenient), evidence={"promises": False})
    assert lax.verdict is ReleaseVerdict.RELEASED
    assert any("promises the same here" in note for note in lax.notes)


def test_a_profile_that_is_not_known_here_is_refused(lab: Any, ask: Ask) -> None:
    entry = lab.profile_entry("pacemaker")
    decision = ask(lab.seal(profile=entry))
    assert unmet(decision) == {"promises": "refused"}
    assert f"pacemaker ({entry.sha256}); none of this name is known here" in decision.reasons[0]


@pytest.mark.parametrize(
    ("key", "what"), [("suites_sha256", "other suites"), ("build_sha256", "another harness")]
)
def test_a_run_by_another_protocol_is_refused(lab: Any, ask: Ask, key: str, what: str) -> None:
    edited = {**lab.manifest().tool, key: lab.sha("edited")}
    decision = ask(lab.seal(tool=edited))
    assert unmet(decision) == {"protocol": "refused"}
    (reason,) = decision.reasons
    expected = lab.manifest().tool[key]
    assert f"by {what}: found {lab.sha('edited')}, expected {expected}" in reason
    lax = ask(lab.seal(name="lax", tool=edited), evidence={"protocol": False})
    assert lax.verdict is ReleaseVerdict.RELEASED
    assert any("by which suites and harness" in note for note in lax.notes)


def test_a_run_that_does_not_name_its_suites_is_refused(lab: Any, ask: Ask) -> None:
    tool = lab.manifest().tool
    silent = {key: tool[key] for key in tool if key != "suites_sha256"}
    assert unmet(ask(lab.seal(tool=silent))) == {"protocol": "refused"}


def test_a_place_that_knows_nothing_vouches_for_nothing(lab: Any, ask: Ask) -> None:
    unknown = {"promises": "refused", "protocol": "refused"}
    assert unmet(ask(lab.seal(), at=Here())) == unknown
    tool = lab.manifest().tool
    silent = {key: tool[key] for key in tool if key != "suites_sha256"}
    assert unmet(ask(lab.seal(name="silent", tool=silent), at=Here())) == unknown


@pytest.mark.parametrize("by", ["policy", "command"])
def test_the_build_asked_for_must_be_the_one_that_ran(
    lab: Any, ask: Ask, here: Here, by: str
) -> None:
    def pinned(sealed: Any, build: str) -> Decision:
        if by == "policy":
            return ask(sealed, evidence={"build_sha256": build})
        return ask(sealed, at=replace(here, build_sha256=build))

    assert pinned(lab.seal(), lab.sha("build")).verdict is ReleaseVerdict.RELEASED
    decision = pinned(lab.seal(name="other"), lab.sha("new"))
    assert unmet(decision) == {"build": "refused"}
    assert f"found {lab.sha('build')}, expected {lab.sha('new')}" in decision.reasons[0]


def test_a_build_given_does_not_replace_the_one_of_the_policy(
    lab: Any, ask: Ask, here: Here
) -> None:
    at = replace(here, build_sha256=lab.sha("build"))
    decision = ask(lab.seal(), at=at, evidence={"build_sha256": lab.sha("new")})
    assert unmet(decision) == {"build": "refused"}


def test_a_name_out_of_a_bundle_is_never_a_path(tmp_path: Path) -> None:
    shipped = device_profiles()
    names = ("bedside_monitor", str(shipped / "bedside_monitor.toml"), "../bedside_monitor", "no")
    found = promises_of(names, [tmp_path, shipped])
    assert found == {"bedside_monitor": load_profile("bedside_monitor", [shipped]).profile.sha256}
