"""`edgeward report`: render the reports of a bundle again, or write the pack of several."""

import argparse
import os
import sys
from pathlib import Path

from edgeward_harness.cli.common import expect_short_life, printable
from edgeward_harness.cli.pack import configure as configure_pack
from edgeward_harness.cli.pack import run as write_pack
from edgeward_harness.errors import HarnessError, InputError

HELP = """\
Render a bundle again: one HTML page, JUnit XML, and a JSON twin of the page; or, with --pack, write
the submission pack of one or more bundles: documents 00 to 22 as HTML, PDF, DOCX and JSON, tables,
and an archive by submission section. A bundle is read and never written to.

A bundle that was changed is not rendered: a page would lend it credit. One that is incomplete is,
and says so. Who signed it is not asked here; `edgeward inspect` and `edgeward gate` do.

A pack says on each page what the gate says under a policy, and in its own rows what is missing. It
is signed, keeps what it was made from, and is there as a whole or not at all; `edgeward inspect`
makes it again to check it.

exit status:
  0  rendered, or the pack is written, whatever the gate says of it
  1  the bundle was changed; every fault is named
  2  there is no bundle, a template or an option is wrong, or bundles that no pack can rest on
     together (changed, of two builds, the same run twice)
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = HELP
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "bundles", metavar="BUNDLE", type=Path, nargs="+", help="folder of a bundle"
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="where to (default: beside, as BUNDLE-report)"
    )
    parser.add_argument(
        "--format", metavar="LIST", default="html,json,junit", help="which (default: all of them)"
    )
    parser.add_argument(
        "--templates", metavar="DIR", help="templates that replace the shipped ones"
    )
    configure_pack(parser)


def run(options: argparse.Namespace) -> int:
    """Render; 0 rendered, 1 the bundle was changed.

    Raises:
        HarnessError: there is no bundle, or it, a template or the disk cannot be used.
    """
    expect_short_life()
    if options.pack:
        return write_pack(options)
    if len(options.bundles) > 1:
        raise InputError("BUNDLE", [f"found {len(options.bundles)}, expected one, or --pack"])
    (bundle,) = options.bundles
    from edgeward_harness.evidence.files import write_whole
    from edgeward_harness.evidence.verification import FaultKind
    from edgeward_harness.evidence.verify import verify_bundle
    from edgeward_harness.report.render import check_formats, render

    formats = tuple(filter(None, options.format.split(",")))
    check_formats(formats)
    templates = _templates(options.templates)
    out = _target(bundle, options.out)
    found = verify_bundle(bundle)
    if not found.intact or found.bundle is None or found.assessment is None:
        print(f"CHANGED: {bundle} is not rendered.")
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
