"""What `edgeward approve` signs: a thing that verifies, named by its digest."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgeward_harness import resources
from edgeward_harness.cli.common import trusted_keys
from edgeward_harness.cli.expected import check_keys
from edgeward_harness.errors import HarnessError, InputError

if TYPE_CHECKING:  # imported where it is used: it would slow the start of every command
    from edgeward_harness.approval.statement import Subject

PACK = "pack.json"
"""The list of a pack, by which a folder is known to be one."""


class RefusalError(HarnessError):
    """What was to be signed must not be."""


Made = tuple["Subject", str | None]
"""Something to sign, and the id of the key of whoever made it."""


def subjects_of(options: argparse.Namespace) -> list[Made]:
    """What is signed, each with the id of the key of whoever made it.

    Raises:
        RefusalError: one does not verify, or must not be signed.
        HarnessError: one cannot be read.
    """
    if options.things == ["plan"]:
        return _plans(options)
    return [_thing(options, Path(one)) for one in options.things]


def _thing(options: argparse.Namespace, path: Path) -> Made:
    if not path.is_dir():
        return document(path), None
    if (path / PACK).is_file():
        return _pack(options, path)
    return _bundle(options, path)


def _plans(options: argparse.Namespace) -> list[Made]:
    from edgeward.profile import load_profile
    from edgeward_harness.approval.plan import plan_before, plan_subject
    from edgeward_harness.run.tree import tree_sha256
    from edgeward_harness.trace.load import load_trace
    from edgeward_harness.trace.vocabulary import Depth

    if not options.profile:
        raise InputError("--profile", ["missing; expected the profile that the plan is for"])
    if options.depth not in {depth.value for depth in Depth}:
        accepted = ", ".join(Depth)
        raise InputError("--depth", [f"found {options.depth!r}, accepted: {accepted}"])
    suites = options.suites or resources.suites()
    folders = [*options.profiles, resources.device_profiles()]
    trace, code = load_trace(suites), tree_sha256(suites)
    profiles = [load_profile(name, folders).profile for name in options.profile]
    return [
        (plan_subject(plan_before(trace, (one.name, one.sha256), options.depth, code)), None)
        for one in profiles
    ]


def _bundle(options: argparse.Namespace, path: Path) -> Made:
    from edgeward_harness.approval.statement import Subject
    from edgeward_harness.approval.words import Meaning, SubjectKind
    from edgeward_harness.evidence.files import digest_file
    from edgeward_harness.evidence.layout import STATEMENT
    from edgeward_harness.evidence.verify import verify_bundle

    check_keys(options.trust, [path])
    keys, _ = trusted_keys(options.trust)
    found = verify_bundle(path, keys)
    if found.faults or found.bundle is None or found.assessment is None:
        why = "; ".join(found.faults[:5])
        raise RefusalError(f"{path} does not verify: {why} (a signer is trusted with --trust PUB)")
    manifest, verdict = found.bundle.manifest, found.assessment.verdict.value
    if options.meaning == Meaning.APPROVED_RELEASE and verdict != "passed":
        raise RefusalError(f"{path}: the run is {verdict.replace('_', ' ')}; none is released")
    about = {
        "run": manifest.run,
        "profile": manifest.profile.name,
        "realization": manifest.unit.realization,
        "depth": manifest.depth,
        "verdict": verdict,
    }
    sha256 = digest_file(path / STATEMENT)
    return Subject(SubjectKind.BUNDLE, STATEMENT, sha256, about), found.signer


def _pack(options: argparse.Namespace, path: Path) -> Made:
    from edgeward_harness.approval.statement import Subject
    from edgeward_harness.approval.words import SubjectKind
    from edgeward_harness.evidence.keys import load_public_keys
    from edgeward_harness.pack.keeping import KEY, faults_of, read_contents

    check_keys(options.trust, [path])
    keys, _ = trusted_keys(options.trust)
    contents = read_contents(path)
    faults = [*faults_of(path, contents, keys), *([] if keys else ["no key is trusted"])]
    if faults:
        raise RefusalError(f"{path} does not verify: {'; '.join(faults[:5])} (--trust PUB)")
    about = {
        "title": contents.title,
        "device": contents.device,
        "release": contents.release,
        "as_of": contents.as_of,
        "state": contents.state,
        "root_sha256": contents.root_sha256,
    }
    subject = Subject(SubjectKind.PACK, PACK, contents.sha256, about)
    (maker,) = load_public_keys([path / KEY])
    return subject, maker.keyid


def document(path: Path) -> "Subject":
    """A file as something to approve.

    Raises:
        HarnessError: it cannot be read.
    """
    from edgeward_harness.approval.statement import Subject
    from edgeward_harness.approval.words import SubjectKind
    from edgeward_harness.evidence.files import digest_file

    try:
        return Subject(SubjectKind.DOCUMENT, path.name, digest_file(path), {"file": path.name})
    except OSError as fault:
        raise HarnessError(f"{path}: {fault.strerror}") from fault
