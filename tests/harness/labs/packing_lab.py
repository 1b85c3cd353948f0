"""A pack of one made-up bundle, written and read as the commands do, with one page in it."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import evidence_lab
import source_lab as lab

from edgeward.canonical import canonical_json, sha256_hex
from edgeward_harness import resources
from edgeward_harness.evidence.artifacts import store_artifact
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.keys import SigningKey
from edgeward_harness.evidence.sign import seal
from edgeward_harness.gate.decide import RULES
from edgeward_harness.gate.here import Here
from edgeward_harness.pack import keeping
from edgeward_harness.pack.asked import answer as gate_answer
from edgeward_harness.pack.asked import asked_by
from edgeward_harness.pack.build import head_of, state_of
from edgeward_harness.pack.check import PackCheck, check_pack
from edgeward_harness.pack.inputs import inputs_of
from edgeward_harness.pack.load import Wanted, load_source
from edgeward_harness.pack.source import PackSource

TOOL = {"version": "0.1.0", "build_sha256": "cd" * 32}
HERE = Here(harness_sha256=TOOL["build_sha256"])
MADE = "2026-02-10T12:00:00Z"
TITLE = "Ours"


def pages(source: PackSource, _templates: Path | None) -> Iterable[tuple[str, bytes]]:
    """One page instead of a hundred: what it says is out of the source alone."""
    yield "index.html", f"{state_of(source.decision)} {source.root_sha256}".encode()


def bundle(folder: Path, key: SigningKey, run: str = "01" * 16, *records: Any, **of: Any) -> Path:
    evidence_lab.write(folder, lab.plan(lab.trace(), run=run, **of), *(records or lab.records()))
    store_artifact(folder, lab.distributions())
    seal(folder, key)
    return folder


def wanted(*bundles: Path, **changes: Any) -> Wanted:
    told: dict[str, Any] = {"as_of": lab.AS_OF, **changes}
    return Wanted(bundles=bundles, suites=Path("suites"), clauses=resources.clauses(), **told)


def made(
    place: Path,
    key: SigningKey,
    *records: Any,
    policy: Path | None = None,
    here: Here | None = None,
    **given: Any,
) -> Path:
    run = bundle(place / "run", key, "01" * 16, *records)
    asked = wanted(run, trusted=(key.public,), **given)
    source = load_source(asked)
    if policy is not None:
        by = asked_by(policy, replace(here or Here(), harness_sha256=HERE.harness_sha256))
        told = gate_answer(source, by, datetime.fromisoformat(MADE.replace("Z", "+00:00")))
        source = replace(source, decision=told, policy=by.policy.title, asked=by)
    files = [*inputs_of(asked, source), *pages(source, None)]
    bundles = {one.place: place / "run" for one in source.evidence}
    keeping.write_pack(head_of(source), iter(files), bundles, place / "pack", key, MADE, TOOL)
    return place / "pack"


def checked(pack: Path, *keys: SigningKey, here: Here | None = None) -> PackCheck:
    return check_pack(pack, [one.public for one in keys], pages, here or HERE)


def signed_anew(pack: Path, key: SigningKey, **said: Any) -> None:
    """List every file of the pack anew, say what is wanted of it, and sign that."""
    listed = json.loads((pack / keeping.LIST).read_bytes())
    found = {p.relative_to(pack).as_posix(): p for p in pack.rglob("*") if p.is_file()}
    files = {n: sha256_hex(p.read_bytes()) for n, p in found.items() if n not in keeping.OUTSIDE}
    data = canonical_json({**listed, **said, "files": files})
    (pack / keeping.LIST).write_bytes(data)
    statement = json.loads(Envelope.from_bytes((pack / keeping.SEAL).read_bytes()).payload)
    statement["subject"][0]["digest"]["sha256"] = sha256_hex(data)
    envelope = Envelope.sign(canonical_json(statement), key)
    (pack / keeping.SEAL).write_bytes(envelope.to_bytes())
    (pack / keeping.KEY).write_bytes(key.public.pem)


def answer(pack: Path, rulings: list[dict[str, Any]], key: SigningKey) -> None:
    """Put an answer of the gate into a pack, and the page that goes with it."""
    path = pack / "inputs/decision.json"
    told = {"policy": TITLE, "profiles": ["wearable"], "notes": [], "rulings": rulings}
    kept = json.loads(path.read_bytes()) if path.exists() else {}
    path.write_bytes(canonical_json({**told, **kept, "rulings": rulings}))
    root = json.loads((pack / keeping.LIST).read_bytes())["root_sha256"]
    (pack / "index.html").write_bytes(f"released {root}".encode())
    signed_anew(pack, key, state="released")


def met() -> list[dict[str, Any]]:
    return [
        {"rule": one.name, "question": one.question, "outcome": "met", "findings": []}
        for one in RULES
    ]


def policy(place: Path, **changes: str) -> Path:
    """A policy that releases the bundles of these tests, but for what is changed in it."""
    text = (resources.suites() / "gate_policy_trial.toml").read_text()
    lax = {"suites": '["latency"]', "promises": "false", "protocol": "false"}
    for name, value in {**lax, "title": f'"{TITLE}"', **changes}.items():
        text, count = re.subn(rf"(?m)^{name} = .*", f"{name} = {value}", text)
        assert count == 1, name
    path = place / "policy.toml"
    path.write_text(text)
    return path
