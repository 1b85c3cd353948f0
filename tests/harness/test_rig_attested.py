"""A device's word for what runs on it: what is changed, replayed or another's is found."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from trusting_lab import DEVICE

from edgeward.comms.trust.attestation import attest
from edgeward.comms.trust.papers import Papers
from edgeward_harness.rig.attested import Attesting
from edgeward_harness.rig.authority import Authority, Defect

NOW = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
AUTHORITY = Authority(1, NOW)
OWN = AUTHORITY.client(DEVICE)
PAPERS = Papers(OWN.key_pem, OWN.certificate_pem)
RUNS = {"runtime": "1" * 64, "model": "2" * 64, "profile": "3" * 64}
Token = dict[str, Any]


def asked() -> tuple[Attesting, Token]:
    attesting = Attesting(AUTHORITY.certificate)
    return attesting, attest(PAPERS, DEVICE, attesting.nonce(), RUNS, 17)


def test_a_device_that_runs_what_it_ought_to_has_no_faults() -> None:
    attesting, token = asked()
    assert attesting.faults(token, DEVICE, RUNS) == []


def test_the_same_token_counts_once() -> None:
    attesting, token = asked()
    attesting.faults(token, DEVICE, RUNS)
    (fault,) = attesting.faults(token, DEVICE, RUNS)
    assert "answered already" in fault


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (RUNS | {"model": "4" * 64}, "model"),
        (RUNS | {"firmware": "5" * 64}, "firmware: 'nothing'"),
        ({name: RUNS[name] for name in ("runtime", "model")}, "profile"),
    ],
)
def test_another_a_missing_or_a_further_component_is_named(
    expected: dict[str, str], said: str
) -> None:
    attesting, token = asked()
    (fault,) = attesting.faults(token, DEVICE, expected)
    assert said in fault


def changed(field: str, value: object) -> Callable[[Token], Token]:
    return lambda token: token | {"statement": token["statement"] | {field: value}}


def another_key(token: Token) -> Token:
    other = AUTHORITY.client(DEVICE)
    return token | {"chain": other.certificate_pem.decode()}


def another_authority(token: Token) -> Token:
    other = AUTHORITY.client(DEVICE, Defect.OTHER_AUTHORITY)
    papers = Papers(other.key_pem, other.certificate_pem)
    return attest(papers, DEVICE, token["statement"]["nonce"], RUNS, 17)


def another_device(token: Token) -> Token:
    other = AUTHORITY.client("monitor-8")
    papers = Papers(other.key_pem, other.certificate_pem)
    return attest(papers, DEVICE, token["statement"]["nonce"], RUNS, 17)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed("measured", RUNS), None),
        (changed("measured", RUNS | {"model": "4" * 64}), "not signed"),
        (changed("root", "hardware"), "not signed"),
        (changed("nonce", "0" * 64), "not signed"),
        (changed("device", "monitor-8"), "not signed"),
        (another_key, "not signed"),
        (another_authority, "not signed"),
        (another_device, "not that of"),
        (lambda token: token | {"statement": {}}, "is no token"),
        (lambda token: {}, "is no token"),
        (lambda token: token | {"chain": "nothing"}, "is no token"),
    ],
)
def test_what_was_changed_afterwards_is_seen(
    change: Callable[[Token], Token], said: str | None
) -> None:
    attesting, token = asked()
    faults = attesting.faults(change(token), DEVICE, RUNS)
    assert (faults == []) == (said is None)
    assert said is None or any(said in fault for fault in faults)
