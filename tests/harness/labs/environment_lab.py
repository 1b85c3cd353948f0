"""Builds an environment of Python in a folder, as an installer leaves it, to be read and broken."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

SITE = "lib/python3.11/site-packages"


def site_of(prefix: Path) -> Path:
    """Where the distributions of an environment lie."""
    return prefix / SITE


def digest(data: bytes) -> str:
    """A digest as a RECORD gives it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def install(
    prefix: Path,
    name: str,
    files: Mapping[str, str],
    *,
    version: str = "1.0",
    requires: Sequence[str] = (),
    metadata: Sequence[str] = (),
    sbom: str = "",
) -> Path:
    """Install a distribution; the folder of its metadata."""
    site = site_of(prefix)
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    head = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *metadata]
    head += [f"Requires-Dist: {one}" for one in requires]
    own = {f"{info.name}/METADATA": "\n".join([*head, "", "A description.", ""])}
    own |= {f"{info.name}/sboms/nested.cdx.json": sbom} if sbom else {}
    rows = []
    for path, text in {**files, **own}.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")
        rows.append(f"{path},{digest(text.encode())},{len(text)}")
    (info / "INSTALLER").write_text("pip\n", encoding="utf-8")
    rows += [f"{info.name}/INSTALLER,{digest(b'pip' + bytes([10]))},4", f"{info.name}/RECORD,,"]
    (info / "RECORD").write_text("\n".join([*rows, ""]), encoding="utf-8")
    return info


def device_environment(prefix: Path) -> Path:
    """An environment with a device's software, what it stands on, and one thing beside."""
    prefix.mkdir(parents=True, exist_ok=True)
    (prefix / "pyvenv.cfg").write_text("home = elsewhere\nversion = 3.11.2\n", encoding="utf-8")
    (prefix / "bin").mkdir()
    (prefix / "bin/python3").write_text("an interpreter", encoding="utf-8")
    install(
        prefix,
        "edgeward",
        {"edgeward/__init__.py": "x = 1\n", "edgeward/core.py": "y = 2\n"},
        requires=["arrays>=1.0", "old; python_version < '3.9'", "sealing; extra == 'comms'"],
        metadata=["License-Expression: Apache-2.0", "Author: The makers"],
    )
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, metadata=["License: BSD"])
    install(prefix, "sealing", {"sealing/__init__.py": "s\n"}, requires=["helper"], version="2.1")
    install(prefix, "helper", {"helper.py": "h\n"}, metadata=["License: MIT"])
    install(prefix, "bystander", {"bystander/__init__.py": "b\n"})
    return prefix
