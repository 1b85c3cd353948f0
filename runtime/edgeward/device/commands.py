"""What a subcommand of `edgeward` is: a name, a line of help and where its code lies."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand. Its module is imported only when the command is used or its help is asked for.

    The module defines `configure(parser)`, which adds the options, and `run(options)`, which
    returns the exit status: 0 good, 1 refused or a finding, 2 could not decide.
    """

    name: str
    summary: str
    module: str
