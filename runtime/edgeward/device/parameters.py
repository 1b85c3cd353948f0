"""Strict parameters: unknown, missing and mistyped ones are refused, all of them at once."""

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgeward.device.rpc import Code, RpcError, shown
from edgeward.limits import DEFAULT
from edgeward.signal.windows import Mask, Samples

INTEGER_MAX = (1 << 62) - 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a method."""

    name: str
    read: Callable[[object], Any]
    """Gives the value, or raises ValueError saying what would be accepted."""
    required: bool = True
    default: Any = None


def read_parameters(accepted: tuple[Parameter, ...], params: Mapping[str, Any]) -> dict[str, Any]:
    """The values by name, defaults included.

    Raises:
        RpcError: with every fault, in the message and in `data.faults`.
    """
    faults: list[str] = []
    values: dict[str, Any] = {}
    for parameter in accepted:
        if parameter.name not in params:
            values[parameter.name] = parameter.default
            if parameter.required:
                faults.append(f"{parameter.name}: missing")
            continue
        try:
            values[parameter.name] = parameter.read(params[parameter.name])
        except ValueError as error:
            faults.append(f"{parameter.name}: {error}")
    names = [parameter.name for parameter in accepted]
    for name in params:
        if name not in names:
            faults.append(f"{shown(name)}: unknown; accepted: {', '.join(names) or 'none'}")
    if faults:
        raise bad_parameters(faults)
    return values


def bad_parameters(faults: list[str]) -> RpcError:
    """The refusal of parameters that lists every fault, or says how many more there are."""
    listed = faults[: DEFAULT.faults_shown_max]
    if len(faults) > len(listed):
        listed.append(f"and {len(faults) - len(listed)} more")
    return RpcError(
        Code.BAD_PARAMETERS, f"bad parameters: {'; '.join(listed)}", data={"faults": listed}
    )


def integer(minimum: int, maximum: int = INTEGER_MAX) -> Callable[[object], int]:
    """Reads a whole number within bounds."""

    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"found {shown(value)}, an integer is needed")
        if not minimum <= value <= maximum:
            raise ValueError(f"found {shown(value)}, accepted: {minimum} to {maximum}")
        return value

    return read


def text(chars_max: int) -> Callable[[object], str]:
    """Reads a text that is neither empty nor too long."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= chars_max:
            raise ValueError(
                f"found {shown(value)}, a text of 1 to {chars_max} characters is needed"
            )
        return value

    return read


def nullable(read: Callable[[object], Any]) -> Callable[[object], Any]:
    """Reads null, or what another reads."""
    return lambda value: None if value is None else read(value)


def exactly(accepted: str | int) -> Callable[[object], Any]:
    """Reads the one value there is."""

    def read(value: object) -> object:
        if value != accepted or isinstance(value, bool):
            raise ValueError(f"found {shown(value)}, accepted: {accepted!r}")
        return value

    return read


def mapping(value: object) -> dict[str, Any]:
    """Reads an object.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, dict):
        raise ValueError(f"found {shown(value)}, an object is needed")
    return value


def samples(value: object) -> Samples:
    """Reads base64 of little-endian 32-bit floats.

    Raises:
        ValueError: it is no such text.
    """
    data = _base64(value)
    if len(data) % 4:
        raise ValueError(f"found {len(data)} bytes, 4 for each sample are needed")
    return np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)


def mask(value: object) -> Mask:
    """Reads base64 of one byte for each sample; 0 says invalid.

    Raises:
        ValueError: it is no such text.
    """
    flags: Mask = np.frombuffer(_base64(value), dtype=np.uint8) != 0
    return flags


def _base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError(f"found {shown(value)}, a base64 text is needed")
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:
        raise ValueError(f"found {shown(value)}, which is not base64: {error}") from error
