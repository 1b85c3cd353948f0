"""The methods of the protocol about what is carried by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgeward.device.method import Method
from edgeward.device.outgoing.carrying import CarryError
from edgeward.device.outgoing.outgoing import Outgoing
from edgeward.device.parameters import Parameter, integer, nullable, text
from edgeward.device.rpc import Code, RpcError
from edgeward.errors import FullError, StoreError

CAPABILITY = "carried"
PATH_CHARS_MAX = 4096

Action = Callable[[Outgoing, Mapping[str, Any]], dict[str, Any]]


def carried_methods(outgoing: Callable[[], Outgoing]) -> dict[str, Method]:
    """Both of them, by name; the way out is opened with the first call."""
    path = text(PATH_CHARS_MAX)
    bound = Parameter("bytes_max", nullable(integer(1)), required=False)
    table: dict[str, tuple[tuple[Parameter, ...], Action]] = {
        "outbox.export": ((Parameter("to", path), bound), _export),
        "outbox.import": ((Parameter("from", path),), _import),
    }
    return {
        name: Method(CAPABILITY, parameters, _guarded(action, outgoing))
        for name, (parameters, action) in table.items()
    }


def _guarded(
    action: Action, outgoing: Callable[[], Outgoing]
) -> Callable[[Mapping[str, Any], int], dict[str, Any]]:
    def call(given: Mapping[str, Any], _: int) -> dict[str, Any]:
        try:
            return action(outgoing(), given)
        except FullError as error:
            raise RpcError(Code.LIMIT, error.diagnostics()) from error
        except (CarryError, StoreError) as error:
            raise RpcError(Code.REFUSED, error.diagnostics()) from error

    return call


def _export(outgoing: Outgoing, given: Mapping[str, Any]) -> dict[str, Any]:
    return outgoing.carrier.export(Path(given["to"]), given["bytes_max"]).to_dict()


def _import(outgoing: Outgoing, given: Mapping[str, Any]) -> dict[str, Any]:
    return outgoing.carrier.take(Path(given["from"])).to_dict()
