"""The harness's subcommands of the `edgeward` command; each module is imported when it is used."""

from edgeward.device.commands import Command

_HERE = "edgeward_harness.cli"

COMMANDS = (
    Command("verify", "run the suites on a device, write a signed bundle", f"{_HERE}.verify"),
    Command("inspect", "verify a bundle offline and print what it holds", f"{_HERE}.inspect"),
    Command("report", "render a bundle again: HTML, JUnit XML, JSON", f"{_HERE}.report"),
    Command("approve", "sign a plan, results or a document", f"{_HERE}.approve"),
    Command("waive", "accept a deviation until a day, signed", f"{_HERE}.waive"),
    Command("gate", "release or refuse, with reasons", f"{_HERE}.gate"),
    Command("qualify", "do the suites catch every seeded defect here?", f"{_HERE}.qualify"),
    Command("sbom", "what a device is made of, and is it what was tested?", f"{_HERE}.sbom"),
    Command("trace", "requirements to cases: matrix and completeness", f"{_HERE}.trace"),
    Command("profile", "list, show and check device profiles", f"{_HERE}.profile"),
    Command("agent-check", "does a device speak the protocol?", f"{_HERE}.agent_check"),
)
