"""Rules on what the device was judged by: its promises and the protocol must be those found here.

Without them a bundle vouches for its own yardstick, and any device passes by a lenient one.
"""

from collections.abc import Iterator

from edgeward_harness.gate import fixes
from edgeward_harness.gate.case import Case, Finding, Rule


def _promises(case: Case) -> Iterator[Finding]:
    if not case.policy.evidence.promises:
        return
    for one in case.readable:
        profile = one.bundle.manifest.profile
        expected = case.here.profiles.get(profile.name)
        if expected is None:
            yield Finding(
                f"{one.name}: judged by a profile {profile.name} ({profile.sha256}); none of this "
                "name is known here (--profiles)",
                fix=fixes.promises(profile.name),
            )
        elif profile.sha256 != expected:
            yield Finding(
                f"{one.name}: judged by other promises than the profile {profile.name} makes here: "
                f"found {profile.sha256}, expected {expected}",
                fix=fixes.promises(profile.name),
            )


def _protocol(case: Case) -> Iterator[Finding]:
    if not case.policy.evidence.protocol:
        return
    parts = (
        ("other suites", "suites_sha256", case.here.suites_sha256),
        ("another harness", "build_sha256", case.here.harness_sha256),
    )
    for one in case.readable:
        for what, key, expected in parts:
            found = one.bundle.manifest.tool.get(key)
            if found is None or found != expected:
                yield Finding(
                    f"{one.name}: judged by {what}: found {found or 'no digest'}, "
                    f"expected {expected or 'one that is known here'}",
                    fix=fixes.protocol(one.bundle.manifest.profile.name),
                )


ORIGIN_RULES = (
    Rule("promises", "are these the promises that the profile makes here?", _promises),
    Rule("protocol", "was it judged by the protocol that is here?", _protocol),
)
