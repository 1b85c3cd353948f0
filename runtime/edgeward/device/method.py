"""One method of the protocol."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgeward.device.answers import Ending, Result, Waiting
from edgeward.device.parameters import Parameter

Call = Callable[[Mapping[str, Any], int], Result | Waiting | Ending]


@dataclass(frozen=True, slots=True)
class Later:
    """A method that is there, and loaded when it is first asked for."""

    capability: str
    load: "Callable[[], Mapping[str, Method]]"
    """Gives all the methods that come with it."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the protocol."""

    capability: str
    parameters: tuple[Parameter, ...]
    call: Call
    """Takes the checked parameters and the monotonic nanoseconds at which the request arrived."""
