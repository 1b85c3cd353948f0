"""Rules from a file, and the outputs they switch on this device, for the streams of a daemon."""

from collections.abc import Callable, Sequence
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
    actions = Actions({name: _action(held, file) for name, file in map(_named, outputs)})
    if path is None:
        return lambda _: None
    try:
        rules = parse_rules(read_toml(path).get("rule", {}))
        make = partial(
            RuleSet, rules, signal=taken.signal, unit=taken.unit, rate_hz=taken.rate_hz,
            actions=actions.names(),
        )  # fmt: skip
        make()
    except (RuleError, TomlError) as error:
        raise LocalError(f"{path}: {error}") from error
    return lambda first: Watching(make(first=first), actions)


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name or not path:
        raise LocalError(f"--output {text}: accepted: NAME=PATH")
    return name, Path(path)


def _action(held: ExitStack, path: Path) -> Callable[[RuleEvent], None]:
    """Switch on while a condition holds; that a rule cannot judge switches nothing."""
    output = held.enter_context(closing(SwitchFile(path)))

    def act(event: RuleEvent) -> None:
        if event.kind is EventKind.CONDITION:
            output.switch(on=event.raised)

    return act
