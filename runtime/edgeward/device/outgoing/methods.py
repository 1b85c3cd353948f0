"""The methods of the protocol about records that are kept and delivered."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from edgeward.comms.record import Offered, Receipt, RecordClass
from edgeward.device.method import Method
from edgeward.device.outgoing.link import LinkError, read_link
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.parameters import Parameter, bad_parameters, mapping, nullable, text
from edgeward.device.rpc import Code, RpcError, shown
from edgeward.errors import SealError, StoreError, TrustError
from edgeward.limits import Limits

CAPABILITY = "outbox"
RECORDS_MAX = 1000
PEM_CHARS_MAX = 1 << 18
PATIENT_CHARS_MAX = 128
_CLASSES = {kind.word: kind for kind in RecordClass}
_FIELDS = {"class", "payload", "patient"}

Action = Callable[[Outgoing, Mapping[str, Any]], dict[str, Any]]
Accept = Callable[[Sequence[Offered]], Sequence[Receipt]]


def outgoing_methods(
    outgoing: Callable[[], Outgoing], accept: Accept, limits: Limits
) -> dict[str, Method]:
    """All of them, by name; the way out is opened with the first call.

    Records are accepted while it cannot be opened too; all else is refused then.
    """
    patient = Parameter("patient", text(min(PATIENT_CHARS_MAX, limits.line_bytes_max)))
    pem = text(PEM_CHARS_MAX)
    link = (
        Parameter("url", text(2048)),
        Parameter("authorities", pem),
        Parameter("pin_root", text(64)),
        Parameter("pins", mapping),
        Parameter("receiver_key", text(64)),
        Parameter("certificate", nullable(pem), required=False),
        Parameter("revocations", nullable(pem), required=False),
        Parameter("connection", nullable(text(32)), required=False),
        Parameter("answer_key", nullable(text(64)), required=False),
    )
    table: dict[str, tuple[tuple[Parameter, ...], Action]] = {
        "outbox.status": ((), _status),
        "link.request": ((), _request),
        "link.connect": (link, _connect),
        "link.disconnect": ((), _disconnect),
        "keys.rotate": ((), _rotate),
        "keys.erase": ((patient,), _erase),
    }
    methods = {
        name: Method(CAPABILITY, parameters, _guarded(partial(_with, outgoing, action)))
        for name, (parameters, action) in table.items()
    }
    records = (Parameter("records", _records),)
    return {
        "outbox.put": Method(CAPABILITY, records, _guarded(partial(_put, accept))),
        **methods,
    }


def _with(
    outgoing: Callable[[], Outgoing], action: Action, given: Mapping[str, Any]
) -> dict[str, Any]:
    return action(outgoing(), given)


def _guarded(
    action: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Callable[[Mapping[str, Any], int], dict[str, Any]]:
    def call(given: Mapping[str, Any], _: int) -> dict[str, Any]:
        try:
            return action(given)
        except LinkError as error:
            raise bad_parameters(list(error.faults)) from error
        except TrustError as error:
            raise bad_parameters([error.diagnostics()]) from error
        except (StoreError, SealError) as error:
            raise RpcError(Code.REFUSED, error.diagnostics()) from error

    return call


def _put(accept: Accept, given: Mapping[str, Any]) -> dict[str, Any]:
    receipts = accept(given["records"])
    return {"receipts": [_told(one) for one in receipts]}


def _told(receipt: Receipt) -> dict[str, Any]:
    one = receipt.identity
    return {
        "standing": receipt.standing.value,
        "epoch": None if one is None else one.epoch.token.hex(),
        "sequence": None if one is None else one.sequence,
        "reason": receipt.reason,
    }


def _status(outgoing: Outgoing, _: Mapping[str, Any]) -> dict[str, Any]:
    newest, keeping = outgoing.outbox.newest(), outgoing.keeping
    return {
        "device": outgoing.device,
        "epoch": newest.epoch.token.hex(),
        "sequence": newest.sequence,
        "disk_bytes": outgoing.outbox.size_bytes(),
        "disk_bytes_max": outgoing.allowance.disk_bytes_max,
        "classes": {
            kind.word: {
                name: getattr(count, name)
                for name in ("accepted", "delivered", "queued", "evicted", "quarantined")
            }
            | {"bytes": count.disk_bytes}
            for kind, count in outgoing.outbox.counts().items()
        },
        "lost_before": keeping.lost,
        "link": outgoing.state(),
    }


def _request(outgoing: Outgoing, _: Mapping[str, Any]) -> dict[str, Any]:
    return {"request": outgoing.request().decode()}


def _connect(outgoing: Outgoing, given: Mapping[str, Any]) -> dict[str, Any]:
    certificate = given["certificate"]
    outgoing.connect(read_link(given), None if certificate is None else certificate.encode())
    return {}


def _disconnect(outgoing: Outgoing, _: Mapping[str, Any]) -> dict[str, Any]:
    outgoing.disconnect()
    return {}


def _rotate(outgoing: Outgoing, _: Mapping[str, Any]) -> dict[str, Any]:
    return {"rotated": outgoing.rotate_keys()}


def _erase(outgoing: Outgoing, given: Mapping[str, Any]) -> dict[str, Any]:
    return outgoing.erase(given["patient"])


def _records(value: object) -> list[Offered]:
    """Reads what is offered, all of it or nothing.

    Raises:
        ValueError: it is no list of records, or one of them is none.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= RECORDS_MAX:
        raise ValueError(f"found {shown(value)}, a list of 1 to {RECORDS_MAX} records is needed")
    return [_record(number, one) for number, one in enumerate(value)]


def _record(number: int, one: object) -> Offered:
    if not isinstance(one, dict) or not {"class", "payload"} <= one.keys() <= _FIELDS:
        raise ValueError(f"record {number}: found {shown(one)}, accepted: {sorted(_FIELDS)}")
    kind = _CLASSES.get(str(one["class"]))
    if kind is None:
        known = ", ".join(_CLASSES)
        raise ValueError(f"record {number}: class {shown(one['class'])}, accepted: {known}")
    try:
        payload = base64.b64decode(str(one["payload"]), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"record {number}: its payload is no base64") from None
    patient = one.get("patient")
    if patient is not None and not (
        isinstance(patient, str) and 1 <= len(patient) <= PATIENT_CHARS_MAX
    ):
        raise ValueError(f"record {number}: patient {shown(patient)}, accepted: a text, or null")
    return Offered(kind, payload, patient)
