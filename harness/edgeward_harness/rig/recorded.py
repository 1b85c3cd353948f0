"""Which recordings a case takes, and what its record says of them.

Rules:
1. A case takes as many of a collection as its plan asks, spread over all of them, or over all
   those that are left when some are no use to it.
2. Which files were read, with the digest of each, and under which licence, stands beside the record
   of every case that rests on them.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from edgeward.signal.channel import Signal
from edgeward_harness.measure.origin import Origin, recorded
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.recordings.recording import Recording, Wave


class Record(Protocol):
    """What a case writes into."""

    def attach_json(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Put more beside the measurements."""
        ...

    def rests_on(self, origin: Origin) -> None:
        """Say whose signals all that is measured from now on rests on."""
        ...


def take(rig: Rig, case: str, collection: str) -> list[Recording]:
    """As many recordings of a collection as the plan asks, spread over all of them."""
    return spread(rig, case, list(rig.recordings.read(collection)))


def spread(rig: Rig, case: str, everything: Sequence[Recording]) -> list[Recording]:
    """As many of these as the plan asks, spread over all of them."""
    wanted = min(rig.samples(case), len(everything))
    return [everything[place * len(everything) // wanted] for place in range(wanted)]


def first_lead(recording: Recording) -> list[Wave]:
    """The first lead alone, on which detectors are compared."""
    return [wave for wave in [recording.wave(Signal.ECG)] if wave is not None]


def all_waves(recording: Recording) -> Sequence[Wave]:
    """Everything that was recorded."""
    return recording.waves


def origin_of(recordings: Sequence[Recording]) -> Origin:
    """Whose signals they are."""
    return recorded(_files(recordings))


def rests_on(record: Record, rig: Rig, recordings: Sequence[Recording]) -> None:
    """Say whose signals all that is measured now rests on (rule 2)."""
    licences = rig.recordings.manifest.licences
    told = {
        name: {
            "licence": licences.get(name, "not in the manifest of the suites"),
            "files": dict(sorted(files.items())),
        }
        for name, files in _files(recordings).items()
    }
    record.attach_json("recordings", told)
    record.rests_on(origin_of(recordings))


def _files(recordings: Sequence[Recording]) -> dict[str, dict[str, str]]:
    """The digests of all files, by collection."""
    files: dict[str, dict[str, str]] = {}
    for one in recordings:
        files.setdefault(one.collection, {}).update(one.files)
    return files
