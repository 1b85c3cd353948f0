"""Which fields say who a patient is: the one place where it is declared.

An identifier leaves the device inside a sealed record and nowhere else. Logs, the audit trail,
metrics and headers name a patient by a subject, sixteen bytes that look random and that this
device's keyring alone can tie to a person.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

IDENTIFYING: Final = frozenset({
    "address", "admission", "bed", "birth_date", "birthdate", "email", "encounter", "family_name",
    "given_name", "mrn", "name", "next_of_kin", "patient", "patient_id", "patient_name", "phone",
    "ssn",
})  # fmt: skip
"""Names of fields that hold an identifier, wherever they stand."""


def identifying_fields(value: object, at: str = "") -> Iterator[str]:
    """The paths of the fields in a JSON value that hold an identifier."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, (list, tuple)):
        pairs = list(enumerate(value))
    for key, inner in pairs:
        path = f"{at}.{key}" if at else str(key)
        if isinstance(key, str) and key.lower() in IDENTIFYING:
            yield path
        yield from identifying_fields(inner, path)
