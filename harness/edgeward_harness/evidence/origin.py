"""Whose signals a measurement rests on, as a record holds it."""

from typing import Any

from edgeward_harness.evidence.strict import HEX64, IDENTIFIER, Json, check_fields, one_of, table_of
from edgeward_harness.measure.origin import Origin, Patients

_RULES = {
    "patients": one_of(tuple(Patients)),
    "collections": table_of(IDENTIFIER, HEX64).optional(),
}


def origin_to_json(origin: Origin) -> dict[str, Any]:
    """The form kept in a record; simulated patients are of no collection."""
    value: dict[str, Any] = {"patients": origin.patients.value}
    return value | ({"collections": dict(origin.collections)} if origin.collections else {})


def read_origin(value: Json, path: str, faults: list[str]) -> Origin | None:
    """The origin of a measurement, or None when it has none; appends every fault."""
    if value is None or not check_fields(value, _RULES, f"{path}.origin", faults):
        return None
    try:
        return Origin(Patients(value["patients"]), value.get("collections", {}))
    except ValueError as fault:
        faults.append(f"{path}.origin: {fault}")
        return None
