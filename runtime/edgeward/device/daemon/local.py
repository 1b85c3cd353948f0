"""Rules from a file, and the outputs they switch on this device, for the streams of a daemon.

An output may stand for several rules, and stands for every stream: it is on as long as one of them
holds, and what ends for one patient switches nothing off for another. A stream that begins anew
keeps what it held on, until its rule has begun and ended again.
"""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from edgeward.adapters.output import SwitchFile
from edgeward.device.daemon.daemon import Watch
from edgeward.errors import EdgewardError, RuleError
from edgeward.model.card import ModelInput
from edgeward.process.rules import Actions, EventKind, RuleEvent, RuleSet, parse_rules
from edgeward.process.watching import Watching
from edgeward.profile.toml import TomlError, read_toml


class LocalError(EdgewardError):
    """Rules or outputs that cannot be used."""


def watch_with(
    path: Path | None, outputs: Sequence[str], taken: ModelInput, held: ExitStack
) -> Watch:
    """What makes the rules of each stream; outputs are given as NAME=PATH.

    Raises:
        LocalError: with every fault of the file, or of an output.
        StoreError: an output cannot be opened.
    """
    shared = {name: _Shared(held, file) for name, file in map(_named, outputs)}
    if path is None:
        return lambda _, __: None
    try:
        rules = parse_rules(read_toml(path).get("rule", {}))
        make = partial(
            RuleSet, rules, signal=taken.signal, unit=taken.unit, rate_hz=taken.rate_hz,
            actions=tuple(shared),
        )  # fmt: skip
        make()
    except (RuleError, TomlError) as error:
        raise LocalError(f"{path}: {error}") from error

    def watch(stream: str, first: int) -> Watching:
        actions = {name: partial(output.act, stream) for name, output in shared.items()}
        return Watching(make(first=first), Actions(actions))

    return watch


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name or not path:
        raise LocalError(f"--output {text}: accepted: NAME=PATH")
    return name, Path(path)


class _Shared:
    """An output and who holds it on."""

    __slots__ = ("_holders", "_output")

    def __init__(self, held: ExitStack, path: Path) -> None:
        self._output = held.enter_context(closing(SwitchFile(path)))
        self._holders: set[tuple[str, str]] = set()

    def act(self, stream: str, event: RuleEvent) -> None:
        """Be on while a condition holds; that a rule cannot judge switches nothing."""
        if event.kind is not EventKind.CONDITION:
            return
        if event.raised:
            self._holders.add((stream, event.rule))
        else:
            self._holders.discard((stream, event.rule))
        self._output.switch(on=bool(self._holders))
