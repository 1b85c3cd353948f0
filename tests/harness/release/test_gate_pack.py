"""`edgeward gate --pack`: the self-audit is asked anew of what lies in a pack of these bundles."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edgeward.device.cli import main
from edgeward_harness import resources
from edgeward_harness.evidence.keys import load_public_keys, load_signing_key
from edgeward_harness.pack.inputs import inputs_of
from edgeward_harness.pack.keeping import write_pack
from edgeward_harness.pack.load import Wanted, load_source
from edgeward_harness.pack.model import Pack

pytestmark = pytest.mark.slow  # the documents of a pack are made for the audit


@pytest.fixture
def packed(lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bundle, and in the folder where the command is typed a pack of it without pages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEWARD_HOME", str(tmp_path))
    sealed = lab.seal()
    wanted = Wanted(
        bundles=(sealed.path,),
        suites=resources.suites(),
        clauses=resources.clauses(),
        as_of=date(2026, 3, 20),
        trusted=load_public_keys([sealed.public_key]),
    )
    source = load_source(wanted)
    pack = Pack("Title", "device", "1", "2026-03-20", source.root_sha256, "not released", ())
    tool = {"version": "0", "build_sha256": "b" * 64}
    key = load_signing_key(lab.signing_key)
    bundles = {one.place: sealed.path for one in source.evidence}
    made = "2026-03-20T10:00:00Z"
    write_pack(pack, inputs_of(wanted, source), bundles, Path("pack"), key, made, tool)
    return sealed


def gate(sealed: Any, *rest: str) -> int:
    return main(["gate", str(sealed.path), "--key", str(sealed.public_key), *rest])


def test_the_rules_that_do_not_hold_are_told(packed: Any, capsys: Any) -> None:
    assert gate(packed) == 1
    assert "the self-audit was not made" in capsys.readouterr().out
    assert gate(packed, "--pack", "pack") == 1
    told = capsys.readouterr().out
    assert "REFUSED    audit" in told
    assert "the self-audit was not made" not in told
    assert "- rule 11, " in told  # nobody gave a list of anomalies


def test_a_pack_that_was_changed_or_is_of_another_bundle_audits_nothing(
    packed: Any, lab: Any, capsys: Any
) -> None:
    other = lab.seal(name="other")
    assert gate(other, "--pack", "pack") == 1
    assert "pack: is of other bundles than those given" in capsys.readouterr().out
    next(Path("pack/inputs/suites").glob("requirements.toml")).write_text("")
    assert gate(packed, "--pack", "pack") == 1
    assert "inputs/suites/requirements.toml: was changed" in capsys.readouterr().out
    assert gate(packed, "--pack", "nowhere") == 2
