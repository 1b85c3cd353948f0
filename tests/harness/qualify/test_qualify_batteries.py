"""The batteries: what looks good and is not, and an edit anywhere in a bundle."""

from pathlib import Path
from unittest import mock

import pytest
from evidence_lab import sealed_run, signing_key

from edgeward_harness.evidence.keys import run_key, run_key_path
from edgeward_harness.evidence.verification import Verification
from edgeward_harness.qualify import tamper as battery
from edgeward_harness.qualify.probes import PROBES, Probe, ask
from edgeward_harness.qualify.tamper import EDITS, tamper


@pytest.mark.slow
@pytest.mark.parametrize("probe", PROBES, ids=[one.id for one in PROBES])
def test_what_looks_good_and_is_not_is_told_as_it_is(
    probe: Probe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path / "home"))
    key = run_key()
    (tmp_path / "probe").mkdir()
    answer = ask(probe, tmp_path / "probe", run_key_path(), key.public)
    assert answer.right, answer.observed


def test_no_probe_may_exit_with_0_but_the_sound_run() -> None:
    green = [one.id for one in PROBES if "exit 0" in one.expected]
    assert green == ["round_trip"]


@pytest.mark.slow
def test_every_edit_of_a_bundle_is_found(tmp_path: Path) -> None:
    key = signing_key()
    bundle = sealed_run(tmp_path / "bundle", key)
    tampered = tamper(bundle, key.public, 7, tmp_path)
    assert tampered.unseen == []
    assert tampered.all_found
    assert tampered.made.keys() > EDITS.keys()


def test_an_edit_that_nobody_sees_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verification that believes everything does not qualify."""
    monkeypatch.setattr(battery, "PLACES", 1)
    key = signing_key()
    bundle = sealed_run(tmp_path / "bundle", key)
    believing = Verification((), key.public.keyid, trusted=True, complete=True, bundle=None,
                             assessment=None)  # fmt: skip
    with mock.patch.object(battery, "verify_bundle", return_value=believing):
        tampered = tamper(bundle, key.public, 7, tmp_path)
    assert not tampered.all_found
    assert set(tampered.found.values()) == {0}
