"""What a card claims of its model: the data it rests on, figures with intervals, evidence."""

from dataclasses import dataclass

from edgeward.model.nearness import PROMISES, Promise
from edgeward.model.package.fields import Fields
from edgeward.profile import Profile


@dataclass(frozen=True, slots=True)
class DataSet:
    """Recordings the model rests on."""

    name: str
    sha256: str
    role: str
    """What they were used for, such as `train`, `calibration`, `test`."""
    licence: str
    patients: int


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure with its interval."""

    name: str
    label: str | None
    """The class it is about; None for all."""
    subgroup: str | None
    """Such as `sex=female`; None for everybody."""
    value: float
    low: float
    high: float
    confidence: float
    patients: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A bundle that holds what was measured on one model of device."""

    profile: str
    profile_sha256: str | None
    """The digest of the profile as it was then; None on cards from before digests were asked for.
    What a device of that name promised is not known then, so it is no evidence for any."""
    bundle_sha256: str

    def speaks_for(self, profile: Profile) -> bool:
        """Whether it is about exactly this profile: one that was changed since is another one."""
        return (self.profile, self.profile_sha256) == (profile.name, profile.sha256)


@dataclass(frozen=True, slots=True)
class Kept:
    """Which promise about its answers the model was measured to keep, however it is asked."""

    promise: Promise
    max_difference: float
    """Of one probability, as it was measured."""
    windows: int


def read_data(fields: Fields) -> DataSet:
    """A set of recordings."""
    return DataSet(
        fields.text("name"),
        fields.sha256("sha256"),
        fields.text("role"),
        fields.text("licence"),
        fields.count("patients"),
    )


def read_metric(fields: Fields, labels: tuple[str, ...]) -> Metric:
    """A figure about one of these labels, or all; it lies within its own interval."""
    label = fields.text_or_none("label")
    if label is not None and label not in labels:
        fields.refuse("label", f"null, or one of the labels {', '.join(labels)}")
    metric = Metric(
        name=fields.text("name"),
        label=label,
        subgroup=fields.text_or_none("subgroup"),
        value=fields.number("value", -1e12, 1e12),
        low=fields.number("low", -1e12, 1e12),
        high=fields.number("high", -1e12, 1e12),
        confidence=fields.number("confidence", 0.5, 1),
        patients=fields.count("patients"),
    )
    if not metric.low <= metric.value <= metric.high:
        fields.refuse("value", "a value within its interval, from low to high")
    return metric


def read_kept(fields: Fields) -> Kept | None:
    """The promise; its tolerance is the promise's own, and what was measured is within it."""
    known = {one.name: one for one in PROMISES}
    promise = known.get(fields.text("promise"))
    if promise is None:
        fields.refuse("promise", f"one of {', '.join(known)}")
        return None
    most = promise.difference_max
    if fields.number("tolerance", 0, 1) != most:
        fields.refuse("tolerance", f"{most:g}, which {promise.name} promises")
    return Kept(promise, fields.number("max_difference", 0, most), fields.count("windows"))


def read_evidence(fields: Fields) -> Evidence:
    """A bundle for one profile."""
    return Evidence(
        fields.text("profile"),
        fields.sha256_or_none("profile_sha256"),
        fields.sha256("bundle_sha256"),
    )
