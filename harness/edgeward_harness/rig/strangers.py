"""Which collections hold somebody whom no model of beats knows: settled before a run, by names.

Rules:
1. `beat-strangers-NAME` is at hand where a patient of the collection taught neither of the models
   of beats. Without such a fixture the case does not apply, and its record says why.
2. Where the names of the files do not tell the patients, the fixture is at hand: then the case
   finds out, and judges nothing when it finds nobody.
3. A fixture is no proof. The case leaves out by itself whom a model knows.
"""

from collections.abc import Mapping
from pathlib import Path

from edgeward_harness.profile.applicability import BEAT_STRANGERS
from edgeward_harness.profile.bench import Role
from edgeward_harness.rig.models import open_model, taught_by
from edgeward_harness.rig.recordings.library import Library, fixture_name


def stranger_fixtures(library: Library, models: Mapping[Role, Path]) -> tuple[str, ...]:
    """What a bench with these recordings and these models has at hand beside the collections.

    Raises:
        InputError: a model of beats or its card cannot be used.
    """
    if not {Role.BEATS, Role.BEATS_REFERENCE} <= models.keys():
        return ()
    known = taught_by(open_model(models[Role.BEATS]))
    known |= taught_by(open_model(models[Role.BEATS_REFERENCE]))
    return tuple(
        f"{BEAT_STRANGERS}{fixture_name(name)}"
        for name in sorted(library.readers)
        if (patients := library.patients(name)) is None or not known.issuperset(patients)
    )
