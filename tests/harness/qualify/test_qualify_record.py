"""The record of a qualification: counted from its rows, signed, and refused when it was changed."""

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from evidence_lab import signing_key
from qualification_lab import GOOD, KEY

from edgeward_harness.errors import InputError
from edgeward_harness.evidence.dsse import Envelope
from edgeward_harness.evidence.qualification import (
    AGAINST,
    Verdict,
    read_qualification,
    reasons_of,
    seal_qualification,
    verdict_of,
)
from edgeward_harness.evidence.strict import encode


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    record = copy.deepcopy(GOOD)
    change(record)
    return record


def outcome(word: str) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        record["defects"][0]["outcome"] = word

    return change


def green(record: dict[str, Any]) -> None:
    record["probes"][0]["observed"] = "verified"


def unseen(record: dict[str, Any]) -> None:
    record["tampering"][0]["found"] = 8


def no_probes(record: dict[str, Any]) -> None:
    record["probes"] = []


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda _: None, Verdict.QUALIFIED),
        (outcome("held"), Verdict.QUALIFIED),
        *((outcome(word), Verdict.NOT_QUALIFIED) for word in AGAINST),
        (outcome("undecided"), Verdict.UNDECIDED),
        (outcome("error"), Verdict.UNDECIDED),
        (outcome("out_of_reach"), Verdict.UNDECIDED),  # nothing was caught at all
        (green, Verdict.NOT_QUALIFIED),
        (unseen, Verdict.NOT_QUALIFIED),
        (no_probes, Verdict.UNDECIDED),
    ],
)
def test_the_verdict_is_what_the_rows_come_to(
    change: Callable[[dict[str, Any]], None], verdict: Verdict
) -> None:
    record = changed(change)
    assert verdict_of(record) is verdict
    assert read_qualification(seal_qualification(record, KEY), [KEY.public]).verdict is verdict
    if verdict is not Verdict.QUALIFIED and change is not no_probes:
        named = ("late", "empty", "a bit flipped")
        assert any(name in text for name in named for text in reasons_of(record)) or (
            record["defects"][0]["outcome"] == "out_of_reach"
        )


def test_a_signed_record_is_read_back() -> None:
    read = read_qualification(seal_qualification(GOOD, KEY), [KEY.public])
    assert read.record == GOOD
    assert (read.trusted, read.keyid) == (True, KEY.public.keyid)
    assert read.of_suites() == {"latency": {"caught": 1}}
    stranger = read_qualification(seal_qualification(GOOD, KEY), [signing_key().public])
    assert not stranger.trusted


def test_a_record_that_was_changed_is_refused() -> None:
    envelope = json.loads(seal_qualification(changed(outcome("survived")), KEY))
    payload = base64.b64decode(envelope["payload"]).replace(b'"survived"', b'"caught"')
    envelope["payload"] = base64.b64encode(payload).decode()
    with pytest.raises(InputError, match="the signature is not good"):
        read_qualification(encode(envelope), [KEY.public])


def test_a_claim_that_its_rows_deny_is_refused() -> None:
    """Signed by somebody who is trusted, and still not believed."""
    honest = Envelope.from_bytes(seal_qualification(changed(outcome("survived")), KEY))
    payload = honest.payload.replace(b'"result":"FAILED"', b'"result":"PASSED"')
    forged = Envelope.sign(payload, KEY).to_bytes()
    with pytest.raises(InputError, match="it says PASSED, its rows come to not_qualified"):
        read_qualification(forged, [KEY.public])


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("probes"),
        lambda record: record["defects"][0].update(outcome="fine"),
        lambda record: record.update(schema="edgeward-qualification/9"),
        lambda record: record["tool"].update(extra="x"),
    ],
)
def test_a_record_in_another_form_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises((InputError, KeyError)):
        seal_qualification(changed(change), KEY)


def test_every_single_changed_byte_is_found() -> None:
    data = seal_qualification(GOOD, KEY)
    for at in range(0, len(data), 7):
        broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            found = read_qualification(broken, [KEY.public])
        except InputError:
            continue
        assert not found.trusted, at
