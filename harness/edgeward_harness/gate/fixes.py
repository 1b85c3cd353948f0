"""What would mend a finding: the command to type, or the line of the policy to think about.

Names come out of bundles, so each is quoted as a shell would need it.
"""

from shlex import quote

from edgeward_harness.approval.words import Meaning

POLICY = "or, if that is what you mean, say so in a policy of your own: --policy FILE"
TRAIL = "put back the folder of approvals as it was, from where it is kept: --approvals DIR"
AUTHORITY = "give the root that approval.authority names, and no other: --authority CERT"
AUDIT = (
    "edgeward report --pack BUNDLE... --out DIR writes document 21, which says what each rule "
    "asks for; then edgeward gate --pack DIR"
)
BASELINE = "give the bundle that the policy names: --baseline BUNDLE"
EXPIRED = "mend what it excused, or decide anew: edgeward waive; then run again"
QUALIFY = (
    "with the tool and the suites that judged: edgeward qualify --out DIR; then give "
    "--qualification DIR/qualification.dsse.json"
)
SURVIVED = (
    "edgeward qualify --list names the case that should have seen it; mend the suite or the bench, "
    "then edgeward qualify --out DIR and edgeward verify"
)
NO_BUNDLE = "edgeward verify --profile NAME"
TWICE = "name each bundle once"
KEY = "give the public key of the signer, from another way than the bundle: --key PUB"
NAMELESS = "let the device name its build in `describe` (docs/protocol.md), and run again"
ONE_BUILD = "run every profile on the build that is going to be released: edgeward verify"
CLOCK = "set the clock of the machine that ran it, and run again: edgeward verify"


def verify(profile: str, depth: str = "standard") -> str:
    """Run again."""
    return f"edgeward verify --profile {quote(profile)} --depth {quote(depth)}"


def inspect(bundle: str, profile: str) -> str:
    """See what is wrong, mend it and run again."""
    return f"edgeward inspect {quote(bundle)}; then mend it and run {verify(profile)}"


def changed(bundle: str) -> str:
    """A changed bundle cannot be mended."""
    return (
        f"edgeward inspect {quote(bundle)} names it; take the bundle as it was made, or run again"
    )


def protocol(profile: str) -> str:
    """The suites and the harness that are here."""
    return f"gate where it was run, or with those suites (--suites DIR), or run {verify(profile)}"


def inapplicable(requirement: str) -> str:
    """Run where it applies, or say that it need not."""
    return f"run where it applies, or add {requirement} to trace.inapplicable of the policy"


def on_target(profile: str) -> str:
    """Run on the product."""
    run = f"edgeward verify --profile {quote(profile)} --unit NAME"
    return f"name the real device in bench.toml and run {run}"


def promises(profile: str) -> str:
    """The profile that counts."""
    return f"give the folder of the profile (--profiles DIR), or run {verify(profile)}"


def approve(bundle: str, meaning: Meaning, role: str) -> str:
    """Somebody else looks at it and signs."""
    return (
        f"edgeward approve {quote(bundle)} --meaning {meaning.value} --role {quote(role)} "
        "--name NAME --id ID --key KEY, by somebody who did not run it"
    )


def plan(profile: str, depth: str, role: str) -> str:
    """The plan is approved, and then run."""
    return (
        f"edgeward approve plan --profile {quote(profile)} --depth {quote(depth)} --role "
        f"{quote(role)} --name NAME --id ID --key KEY; then run {verify(profile, depth)}"
    )


def waive(deviation: str) -> str:
    """Somebody answers for the deviation."""
    return (
        f"edgeward waive {quote(deviation)} --role ROLE --name NAME --id ID --key KEY, by somebody "
        "who did not run it"
    )
