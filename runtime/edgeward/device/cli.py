"""The `edgeward` command: finds a subcommand, imports that one only, turns errors into exit codes.

Exit status: 0 good, 1 refused or a finding, 2 could not decide (wrong usage, bad input, output that
cannot be written, a breakdown of our own: never 1, which accuses the device), 130 after Ctrl-C, 141
when the reader of the output has gone.
"""

import sys
from collections.abc import Sequence

import edgeward
from edgeward.device import streams
from edgeward.device.commands import Command
from edgeward.device.discovery import find_commands

EXIT_CANNOT_DECIDE = 2
EXIT_INTERRUPTED = 130
EXIT_OUTPUT_GONE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run `edgeward` with these arguments (those of the process by default)."""
    streams.prepare()
    error: Exception | None = None
    try:
        status = _dispatch(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except Exception as raised:  # a breakdown must not leave with status 1
        status, error = EXIT_CANNOT_DECIDE, raised
    return _end(status, error, streams.flush(sys.stdout))


def _end(status: int, error: Exception | None, lost: OSError | None) -> int:
    """Say what went wrong, once; the exit status. `lost` is why output could not be written."""
    if isinstance(error, BrokenPipeError):
        return EXIT_OUTPUT_GONE
    if isinstance(error, streams.OutputLostError):
        lost, error = error, None
    if error is not None:
        streams.complain(_diagnostics(error))
        return status
    if lost is None or status == EXIT_INTERRUPTED:
        return status
    if isinstance(lost, BrokenPipeError):
        return EXIT_OUTPUT_GONE
    streams.complain(f"standard output cannot be written: {lost.strerror}")
    return EXIT_CANNOT_DECIDE


def _dispatch(arguments: list[str]) -> int:
    if arguments and arguments[0] == "--version":
        print(f"edgeward {edgeward.__version__}")
        return 0
    commands = find_commands()
    if not arguments:
        print(help_text(commands), file=sys.stderr)
        return EXIT_CANNOT_DECIDE
    name, *rest = arguments
    if name in ("-h", "--help"):
        print(help_text(commands))
        return 0
    if name not in commands:
        streams.complain(_unknown(name, commands))
        return EXIT_CANNOT_DECIDE
    return _run(commands[name], rest)


def _run(command: Command, arguments: list[str]) -> int:
    """Import one command, read its options and run it."""
    import argparse
    import importlib

    module = importlib.import_module(command.module)
    parser = argparse.ArgumentParser(
        prog=f"edgeward {command.name}", description=command.summary, allow_abbrev=False
    )
    module.configure(parser)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse has said what there is to say
        return ended.code if isinstance(ended.code, int) else EXIT_CANNOT_DECIDE
    return int(module.run(options))


def help_text(commands: dict[str, Command]) -> str:
    """What `edgeward --help` prints."""
    width = max(len(name) for name in commands)
    lines = [
        "usage: edgeward COMMAND [OPTIONS]",
        "       edgeward COMMAND --help",
        "       edgeward --version",
        "",
        "commands:",
        *(f"  {name:<{width}}  {command.summary}" for name, command in commands.items()),
    ]
    return "\n".join(lines)


def _unknown(name: str, commands: dict[str, Command]) -> str:
    """What to say about a command that does not exist: the nearest ones, or all."""
    import difflib

    near = difflib.get_close_matches(name, commands, n=3, cutoff=0.5)
    if near:
        return f"no command {name!r}; did you mean {' or '.join(near)}?"
    return f"no command {name!r}; there are {', '.join(commands)}"


def _diagnostics(error: Exception) -> str:
    """The text an error brings for a person; the traceback of one that nobody foresaw."""
    diagnostics = getattr(error, "diagnostics", None)
    if callable(diagnostics):
        return str(diagnostics())
    import traceback

    return "internal error\n" + "".join(traceback.format_exception(error)).rstrip()
