"""`edgeward report`: render the reports of a bundle again, beside it, never into it."""

import argparse
import os
import sys
from pathlib import Path

from edgeward_harness.cli.common import expect_short_life, printable
from edgeward_harness.errors import HarnessError, InputError

HELP = """\
Render a bundle again: one HTML page, JUnit XML, and a JSON twin of the page. The bundle is read
and never written to; the reports inside it are part of what was signed.

A bundle that was changed is not rendered: a page would lend it credit. One that is incomplete is,
and says so. Who signed it is not asked here; `edgeward inspect` and `edgeward gate` do.

exit status:
  0  rendered
  1  the bundle was changed; every fault is named
  2  there is no bundle, or a template or an option is wrong
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="folder of the bundle")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="where to (default: beside, as BUNDLE-report)"
    )
    parser.add_argument(
        "--format", metavar="LIST", default="html,json,junit", help="which (default: all of them)"
    )
    parser.add_argument(
        "--templates", metavar="DIR", help="templates that replace the shipped ones"
    )


def run(options: argparse.Namespace) -> int:
    """Render; 0 rendered, 1 the bundle was changed.

    Raises:
        HarnessError: there is no bundle, or it, a template or the disk cannot be used.
    """
    expect_short_life()
    from edgeward_harness.evidence.files import write_whole
    from edgeward_harness.evidence.verification import FaultKind
    from edgeward_harness.evidence.verify import verify_bundle
    from edgeward_harness.report.render import check_formats, render

    formats = tuple(filter(None, options.format.split(",")))
    check_formats(formats)
    templates = _templates(options.templates)
    out = _target(options.bundle, options.out)
    found = verify_bundle(options.bundle)
    if not found.intact or found.bundle is None or found.assessment is None:
        print(f"CHANGED: {options.bundle} is not rendered.")
        print("\n".join(printable(f"  - {fault}") for fault in found.faults))
        return 1
    for fault in found.findings:
        if fault.kind is FaultKind.INCOMPLETE:
            print(printable(f"edgeward: {fault.text}"), file=sys.stderr)
    written = render(found.bundle, found.assessment, formats, templates)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise HarnessError(f"{out}: {fault.strerror}") from fault
    for name, data in written.items():
        write_whole(out / name, data)
        print(out / name)
    return 0


def _templates(folder: str | None) -> Path | None:
    """The folder of the user's templates, whichever formats were asked for.

    Raises:
        InputError: it is not a folder.
    """
    if folder is None:
        return None
    if not folder or not Path(folder).is_dir():
        raise InputError("--templates", [f"found {folder!r}, expected a folder of templates"])
    return Path(folder)


def _target(bundle: Path, out: Path | None) -> Path:
    """Where to write, which is never within the bundle.

    Raises:
        InputError: it is within the bundle.
    """
    whole = Path(os.path.realpath(bundle))  # unlike resolve(), takes links that lead in a circle
    beside = whole.with_name(f"{whole.name}-report")
    target = beside if out is None else Path(os.path.realpath(out))
    if target == whole or whole in target.parents:
        raise InputError("--out", [f"found {out}, expected a folder outside the bundle"])
    return target
