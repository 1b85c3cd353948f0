"""The statement of an approval: others can check it, and what it holds is read strictly."""

import copy
import json
from typing import Any

import pytest
from approval_lab import PEM, Desk
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib import dsse
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined] # a plain re-export

from edgeward_harness.approval.folder import Signed, read_signature
from edgeward_harness.approval.statement import PREDICATE_TYPE, read_approval
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.dsse import IN_TOTO, Envelope, pae
from edgeward_harness.evidence.strict import encode


def their_key(signed: Signed) -> SSlibKey:
    public = serialization.load_der_public_key(signed.approval.key)
    text = public.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    value = {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": text}}
    if "Ed25519" in type(public).__name__:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        value = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": raw.hex()}}
    read: SSlibKey = SSlibKey.from_dict(signed.keyid, value)
    return read


@pytest.mark.parametrize("curve", [False, True])
def test_securesystemslib_verifies_an_approval(desk: Desk, curve: bool) -> None:
    signed = desk.sign(desk.somebody(curve=curve))
    value = json.loads((desk.folder / signed.file).read_bytes())
    envelope = dsse.Envelope.from_dict(copy.deepcopy(value))
    assert list(envelope.verify([their_key(signed)], 1)) == [signed.keyid]
    envelope.payload = envelope.payload.replace(b"reviewer", b"reviewed")
    with pytest.raises(VerificationError):
        envelope.verify([their_key(signed)], 1)


def test_in_toto_attestation_accepts_the_statement(desk: Desk) -> None:
    from google.protobuf.json_format import Parse
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    payload = desk.sign(desk.somebody()).approval.to_bytes()
    theirs = Parse(payload, statement_pb2.Statement())
    Statement.copy_from_pb(theirs).validate()
    assert theirs.predicate_type == PREDICATE_TYPE


def changed(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """A copy of a JSON value with one part replaced, or taken out where there is no new one."""
    whole = copy.deepcopy(value)
    place = whole
    for step in path[:-1]:
        place = place[step]
    if new is None:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return whole


@pytest.mark.parametrize(
    ("path", "new", "said"),
    [
        (("predicateType",), "https://in-toto.io/attestation/test-result/v0.1", "expected one of"),
        (("subject",), [], "a list of one subject"),
        (("subject", 0, "digest"), {"sha256": "AB" * 32}, "64 lower-case hex digits"),
        (("predicate", "meaning"), "liked_it", "expected one of"),
        (("predicate", "kind"), "plan", "expected for reviewed_results one of bundle, pack"),
        (("predicate", "said"), "approved everything", "'reviewed the results'"),
        (("predicate", "signed_at"), "yesterday", "an instant such as"),
        (("predicate", "sequence"), 0, "an integer from 1"),
        (("predicate", "sequence"), True, "an integer from 1"),
        (("predicate", "components"), 3, "1 or 2"),
        (("predicate", "about"), {"a": {"b": 1}}, "an object of texts"),
        (("predicate", "key"), "AA==AA", "base64"),
        (("predicate", "certificates"), ["AA=="] * 9, "at most 8 certificates"),
        (("predicate", "name"), "", "printable characters"),
        (("predicate", "role"), None, "missing"),
        (("predicate", "more"), "text", "unknown"),
    ],
)
def test_what_is_out_of_order_is_refused(
    desk: Desk, path: tuple[str | int, ...], new: Any, said: str
) -> None:
    value = json.loads(desk.sign(desk.somebody()).approval.to_bytes())
    assert read_approval(encode(value), "approval")
    with pytest.raises(InputError, match=said):
        read_approval(encode(changed(value, path, new)), "approval")


def test_an_envelope_of_another_type_or_key_id_is_refused(desk: Desk) -> None:
    one = desk.somebody()
    payload = desk.sign(one).approval.to_bytes()

    def signature(kind: str, keyid: str) -> bytes:
        return Envelope(payload, kind, keyid, one.signer.sign(pae(kind, payload))).to_bytes()

    assert read_signature(signature(IN_TOTO, one.signer.key.keyid), "f")
    with pytest.raises(InputError, match="expected application/vnd"):
        read_signature(signature("text/plain", one.signer.key.keyid), "f")
    with pytest.raises(InputError, match="its key id is not that of its key"):
        read_signature(signature(IN_TOTO, "a" * 64), "f")


@given(st.binary(max_size=300))
def test_nothing_but_a_refusal_comes_of_any_bytes(data: bytes) -> None:
    for read in (read_signature, read_approval):
        try:
            read(data, "f")
        except HarnessError:
            continue
        raise AssertionError
