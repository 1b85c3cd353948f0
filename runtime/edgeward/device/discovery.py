"""Finds the subcommands of `edgeward`: the device's own, and those other distributions bring.

A distribution declares them in the entry-point group `edgeward.commands`, as `module:attribute` of
a tuple of `Command`. The standard library's importlib.metadata reads the same files, but importing
it takes longer than everything else `edgeward --help` does.
"""

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgeward.device.commands import Command
from edgeward.errors import EdgewardError

GROUP = "edgeward.commands"
PROFILES_GROUP = "edgeward.profiles"

RUNTIME_COMMANDS = (
    Command("agent", "serve the device protocol, as a device does", "edgeward.device.serve"),
    Command(
        "alarms",
        "what is up on a running device, and answering it",
        "edgeward.device.daemon.alarms",
    ),
    Command("check", "whether this machine can carry a device", "edgeward.device.daemon.check"),
    Command(
        "compress",
        "a model of yours made small, and measured",
        "edgeward.device.compress_command",
    ),
    Command(
        "export",
        "what waits, sealed, on a medium to carry",
        "edgeward.device.daemon.export_command",
    ),
    Command(
        "import",
        "the receiver's answers from a medium",
        "edgeward.device.daemon.import_command",
    ),
    Command(
        "link",
        "where records are delivered, and the papers",
        "edgeward.device.daemon.link_command",
    ),
    Command("logs", "what a running device has told, line by line", "edgeward.device.daemon.logs"),
    Command(
        "model",
        "signed model packages: inspect, activate, take back",
        "edgeward.device.daemon.model_command",
    ),
    Command(
        "patients", "which device shows which patient", "edgeward.device.daemon.patients_command"
    ),
    Command("run", "process patients, day and night", "edgeward.device.daemon.run"),
    Command("status", "how a running device is doing", "edgeward.device.daemon.status"),
)


class CommandTableError(EdgewardError):
    """An installed distribution declares commands that cannot be used."""


def find_commands(path: Sequence[str] | None = None) -> dict[str, Command]:
    """All commands by name, sorted; only the tables are imported, no command.

    Raises:
        CommandTableError: a table cannot be imported, or two tables name the same command.
    """
    commands = {command.name: command for command in RUNTIME_COMMANDS}
    for target in sorted(set(_targets(sys.path if path is None else path, GROUP))):
        for command in _table(target):
            if command.name in commands:
                raise CommandTableError(
                    f"the command {command.name!r} is declared twice: by"
                    f" {commands[command.name].module} and by {command.module} ({target})"
                )
            commands[command.name] = command
    return dict(sorted(commands.items()))


def profile_folders(path: Sequence[str] | None = None) -> list[Path]:
    """The folders of device profiles that installed distributions bring.

    A distribution names a function that returns the folder, in the group `edgeward.profiles`.

    Raises:
        CommandTableError: a function cannot be imported or called.
    """
    folders = []
    for target in sorted(set(_targets(sys.path if path is None else path, PROFILES_GROUP))):
        module, _, attribute = target.partition(":")
        try:
            folders.append(Path(getattr(importlib.import_module(module), attribute)()))
        except Exception as error:
            raise CommandTableError(
                f"the device profiles of {target} cannot be found: {type(error).__name__}: {error}"
            ) from error
    return folders


def _table(target: str) -> tuple[Command, ...]:
    """The commands an entry point names."""
    module, _, attribute = target.partition(":")
    try:
        table = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise CommandTableError(
            f"the commands of {target} cannot be loaded: {type(error).__name__}: {error};"
            " reinstall or remove that distribution"
        ) from error
    if not isinstance(table, tuple) or not all(isinstance(item, Command) for item in table):
        raise CommandTableError(f"{target} is not a tuple of edgeward.device.commands.Command")
    return table


def _targets(path: Sequence[str], group: str) -> Iterator[str]:
    """What the entry points of the group name, over all distributions on the import path."""
    for folder in path:
        try:
            entries = [entry.path for entry in os.scandir(folder or ".")]
        except OSError:
            continue  # a folder that is not there, or an archive: no distribution of ours is in it
        for entry in entries:
            if entry.endswith(".dist-info"):
                yield from _declared(os.path.join(entry, "entry_points.txt"), group)


def _declared(file: str, group: str) -> Iterator[str]:
    """The targets one entry_points.txt declares for the group."""
    try:
        with open(file, encoding="utf-8") as lines:
            text = lines.read()
    except (OSError, UnicodeDecodeError):
        return
    if group not in text:
        return
    inside = False
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            yield line.partition("=")[2].partition("[")[0].strip()
