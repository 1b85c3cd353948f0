"""An installed distribution as a component: what its own metadata tell, and nothing besides."""

import json
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from edgeward_harness.inventory.files import file_digest
from edgeward_harness.inventory.licences import licence_of
from edgeward_harness.inventory.model import Component, Kind
from edgeward_harness.inventory.records import entries, files_sha256, record_sha256
from edgeward_harness.inventory.sites import Environment, Installed

LINKED: Final = "linked to a folder outside: no RECORD lists the files of its package"
_ADDRESS: Final = re.compile(r"\s*<[^>]*>|\s*\([^)]*@[^)]*\)")


def describe(one: Installed) -> Component:
    """The component that a distribution is."""
    listed = entries(one.info) or ()
    return Component(
        kind=Kind.SOFTWARE,
        ref=f"{one.name}@{one.version}",
        name=one.name,
        version=one.version,
        purl=_purl(one),
        supplier=_supplier(one),
        licence=licence_of(one.metadata),
        sha256=record_sha256(one.info),
        files_sha256=files_sha256(one.info),
        files=len([entry for entry in listed if not entry.is_byte_code]),
        description=one.says("Summary"),
        installed_as=LINKED if _is_linked(one) else "",
    )


def interpreter(environment: Environment) -> Component:
    """The interpreter of an environment: it is of others too, and runs all the rest.

    Its digest is that of its program alone; a library that the program loads is not in it.
    """
    program = environment.interpreter
    version = environment.python
    return Component(
        kind=Kind.PLATFORM,
        ref=f"cpython@{version}",
        name="cpython",
        version=version,
        purl=f"pkg:generic/cpython@{version}",
        sha256=file_digest(program).hex() if program else "",
        description="The interpreter and its standard library",
    )


def package_of(one: Installed) -> Path | None:
    """The folder of the package that is named as a distribution is; None where there is none."""
    module = one.name.replace("-", "_")
    inside = one.site / module
    if inside.is_dir():
        return inside
    links = (entry.path for entry in entries(one.info) or () if entry.path.endswith(".pth"))
    outside = (Path(line) / module for link in links for line in _lines(one.site / link))
    return next((folder for folder in outside if folder.is_dir()), None)


def _lines(link: Path) -> list[str]:
    """The folders that a file of paths adds to those in which modules are looked for."""
    try:
        lines = link.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if line.startswith("/")]


def _origin(one: Installed) -> dict[str, Any]:
    """Where it was installed from, if not from an index by its name."""
    try:
        value = json.loads(one.beside("direct_url.json") or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_linked(one: Installed) -> bool:
    told = _origin(one).get("dir_info")
    return isinstance(told, dict) and told.get("editable") is True


def _purl(one: Installed) -> str:
    """Its name for everyone. One that came from a file or an address is not that of an index."""
    if not one.version:
        return ""
    named = f"{one.name}@{quote(one.version, safe='.')}"
    url = _origin(one).get("url")
    if not isinstance(url, str):
        return f"pkg:pypi/{named}"
    if urlsplit(url).scheme not in ("http", "https"):
        return f"pkg:generic/{named}"
    return f"pkg:generic/{named}?download_url={quote(url, safe='')}"


def _supplier(one: Installed) -> str:
    """Who makes it by its metadata: names without addresses, else the addresses."""
    for field in ("Author", "Maintainer"):
        if one.says(field):
            return " ".join(one.says(field).split())
    for field in ("Author-email", "Maintainer-email"):
        said = one.says(field)
        if said:
            return _ADDRESS.sub("", said).strip() or parseaddr(said)[1]
    return ""
