"""`edgeward profile`: list, show and check device profiles, and write their JSON Schema."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeward.profile import ProfileError, load_profile, profile_names
from edgeward.profile.schema import profile_schema
from edgeward_harness.cli.expected import profile_folders
from edgeward_harness.profile import overview


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    folders = argparse.ArgumentParser(add_help=False)
    folders.add_argument(
        "--profiles",
        action="append",
        default=[],
        metavar="DIR",
        help="look here first (repeatable); the shipped profiles come last",
    )
    listed = commands.add_parser("list", parents=[folders], help="one line for each profile")
    listed.set_defaults(act=_list)
    show = commands.add_parser("show", parents=[folders], help="every value, its unit and its file")
    show.add_argument("name", metavar="NAME", help="a profile's name, or the path of its file")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(act=_show)
    check = commands.add_parser("check", parents=[folders], help="faults and warnings")
    check.add_argument("names", nargs="*", metavar="NAME", help="name or path (default: all)")
    check.set_defaults(act=_check)
    schema = commands.add_parser("schema", help="print the JSON Schema of profiles")
    schema.set_defaults(act=_schema)


def run(options: argparse.Namespace) -> int:
    """Run the subcommand; 0 good, 1 a profile has faults.

    Raises:
        InputError: a folder of `--profiles` is none.
        ProfileError: the profile to show has faults; lists all of them.
    """
    return int(options.act(options))


def _folders(options: argparse.Namespace) -> list[Path]:
    return profile_folders([Path(text) for text in options.profiles])


def _list(options: argparse.Namespace) -> int:
    folders = _folders(options)
    rows: list[tuple[str, ...]] = [overview.LIST_HEAD]
    broken: list[str] = []
    for name in profile_names(folders):
        try:
            rows.append(overview.list_row(load_profile(name, folders).profile))
        except ProfileError as error:
            broken.append(
                f"{name} has {_many(error.count, 'fault')}: edgeward profile check {name}"
            )
    print("\n".join(overview.columns(rows, right=overview.LIST_NUMBERS)))
    print(*broken, sep="\n", end="\n" if broken else "", file=sys.stderr)
    return 1 if broken else 0


def _show(options: argparse.Namespace) -> int:
    loaded = load_profile(options.name, _folders(options))
    if options.json:
        print(_json(overview.as_json(loaded)))
    else:
        print("\n".join(overview.as_text(loaded)))
    return 0


def _check(options: argparse.Namespace) -> int:
    folders = _folders(options)
    names = options.names or profile_names(folders)
    found = [_judge(name, folders) for name in names]
    width = max(map(len, names), default=0)
    for name, (faults, warnings) in zip(names, found, strict=True):
        print(f"{name:{width}}  {_summary(faults, warnings)}")
        print("".join(f"  - {line}\n" for line in faults), end="")
        print("".join(f"  - warning: {line}\n" for line in warnings), end="")
    return 1 if any(faults for faults, _ in found) else 0


def _judge(name: str, folders: Sequence[Path]) -> tuple[Sequence[str], Sequence[str]]:
    try:
        return (), load_profile(name, folders).warnings
    except ProfileError as error:
        return error.faults, error.warnings


def _summary(faults: Sequence[str], warnings: Sequence[str]) -> str:
    counts = [(faults, "fault"), (warnings, "warning")]
    told = [_many(len(lines), word) for lines, word in counts if lines]
    return ", ".join(told) if faults else ", ".join(["good", *told])


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _schema(_: argparse.Namespace) -> int:
    print(_json(profile_schema()))
    return 0


def _json(value: object) -> str:
    """JSON that stays JSON on an output that cannot write every character."""
    plain = (sys.stdout.encoding or "").lower() != "utf-8"
    return json.dumps(value, indent=2, ensure_ascii=plain)
