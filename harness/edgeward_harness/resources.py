"""Where the shipped data lies: inside the installed wheel, or beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def _folder(packaged: str, in_checkout: str) -> Path:
    inside = _PACKAGE / packaged
    return inside if inside.is_dir() else _CHECKOUT / in_checkout


def suites() -> Path:
    """The folder of the verification suites."""
    return _folder("suites", "suites")


def device_profiles() -> Path:
    """The folder of the shipped device profiles and their schema."""
    return _folder("device_profiles", "device_profiles")


def templates() -> Path:
    """The folder of the report templates."""
    return _folder("templates", "reports/templates")


def clauses() -> Path:
    """The folder of the registry of clauses."""
    return _folder("clauses", "reports/clauses")


def seeded() -> Path:
    """The folder of the devices with seeded defects, and the catalogue of what catches them."""
    return _folder("seeded", "tests/faulty/devices")


def soup() -> Path:
    """The list of software of unknown provenance that the shipped runtime stands on."""
    return _folder("soup", "reports/soup") / "soup.toml"
