"""The options of `edgeward model`, action by action."""

import argparse
from pathlib import Path

_STORE, _TRUST, _PROFILE = "--store", "--trust", "--profile"
_OPTIONS = {
    _STORE: ("DIR", "the folder with the device's packages"),
    _TRUST: ("KEYS", "the public key that is trusted, or a folder of them"),
    _PROFILE: ("NAME", "the device's profile: its name, or its file"),
    "--key": ("KEY", "the private key: the curve P-256, in PEM"),
    "--out": ("FILE", "the file to write; it must not be there yet"),
}
_ACTIONS = (
    ("inspect", "PACKAGE", (), (_TRUST, _PROFILE), "what a package says of itself; never runs it"),
    ("sign", "FOLDER", ("--key",), (), "check the files of a package, and sign them"),
    ("pack", "FOLDER", ("--out",), (), "make one file of a signed package"),
    ("activate", "PACKAGE", (_STORE, _TRUST, _PROFILE), (), "check a package here, and switch"),
    ("rollback", None, (_STORE, _TRUST, _PROFILE), (), "check the package before, and switch back"),
    ("list", None, (_STORE,), (), "which packages are there, and which one is active"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of each action."""
    actions = parser.add_subparsers(metavar="ACTION", title="actions", required=True, dest="action")
    for action, what, due, may, said in _ACTIONS:
        one = actions.add_parser(action, help=said, description=said, allow_abbrev=False)
        if what is not None:
            one.add_argument("path", type=Path, metavar=what)
        for option in (*due, *may):
            metavar, help_text = _OPTIONS[option]
            kind = str if option == _PROFILE else Path
            required = option in due
            one.add_argument(option, type=kind, required=required, metavar=metavar, help=help_text)
        if _PROFILE in (*due, *may):
            one.add_argument(
                "--profiles", type=Path, metavar="DIR", help="look for the profile here first"
            )
