"""The harness's subcommands of the `edgeward` command; each module is imported when it is used."""

from edgeward.device.commands import Command

_HERE = "edgeward_harness.cli"

COMMANDS = (
    Command("verify", "run the suites on a device, write a signed bundle", f"{_HERE}.verify"),
    Command("inspect", "verify a bundle offline and print what it holds", f"{_HERE}.inspect"),
    Command("report", "render a bundle again: HTML, JUnit XML, JSON", f"{_HERE}.report"),
    Command("gate", "release or refuse, with reasons", f"{_HERE}.gate"),
    Command("trace", "requirements to cases: matrix and completeness", f"{_HERE}.trace"),
    Command("profile", "list, show and check device profiles", f"{_HERE}.profile"),
    Command("agent-check", "does a device speak the protocol?", f"{_HERE}.agent_check"),
)
