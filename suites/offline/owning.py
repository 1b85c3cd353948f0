"""Whose a record is, by the key it came under and by nothing else."""

from edgeward_harness.rig.receiving import Put, Receiving


def keys_shared(here: Receiving, name: str, puts: list[tuple[str, Put]]) -> list[str]:
    """Records that did not come as they were put, or came under the key of another patient."""
    payloads, subjects = here.payloads(name), _subjects(here, name)
    faults = [
        f"what was put for {patient} never came, or came otherwise"
        for patient, one in puts
        if payloads.get(one.identity) != one.payload
    ]
    owners: dict[bytes | None, set[str]] = {}
    for patient, one in puts:
        owners.setdefault(subjects.get(one.identity), set()).add(patient)
    shared = [patients for patients in owners.values() if len(patients) > 1]
    return faults + [f"{', '.join(sorted(patients))} share a key" for patients in shared]


def _subjects(here: Receiving, name: str) -> dict[tuple[str, int], bytes]:
    """For whom the key of each record was granted."""
    return {
        (token.hex(), sequence): subject
        for token, sequence, subject in here.receiver.ledger.rows(
            "SELECT r.token, r.sequence, k.subject FROM records r JOIN keys k"
            " ON k.device = r.device AND k.token = r.token AND k.key = r.key WHERE r.device = ?",
            name,
        )
    }
