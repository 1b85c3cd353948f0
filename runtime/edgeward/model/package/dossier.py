"""The card of a package: today's card, and what a person must know before the model is used.

What the model is for, on which data it rests, how right it is for whom and with what confidence,
how it was made, what it cannot do, in which configuration that was measured, and for which device
profiles there is evidence. The card may say more; it never says less.
"""

from dataclasses import dataclass

from edgeward.errors import ModelError
from edgeward.model.card import ModelCard, ModelFormat, ModelInput, parse_card
from edgeward.model.package.fields import Fields, parse_json
from edgeward.model.package.layout import CARD, fault

SCHEMA = 1
SESSION = {
    "execution_mode": "sequential",
    "graph_optimization_level": "all",
    "inter_op_num_threads": 1,
    "intra_op_num_threads": 1,
}
"""The configuration in which a device runs a model. With fewer optimisations an int8 model answers
something else, so a card measured in another configuration says nothing about this one."""


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
    bundle_sha256: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the card of a package says."""

    model: ModelCard
    intended_use: str
    limits: tuple[str, ...]
    data: tuple[DataSet, ...]
    metrics: tuple[Metric, ...]
    recipe: tuple[str, ...]
    engine_version: str
    """The ONNX Runtime with which it was measured."""
    opset: int
    evidence: tuple[Evidence, ...]

    def evidence_for(self, profile: str) -> Evidence | None:
        """The evidence for a device profile."""
        return next((one for one in self.evidence if one.profile == profile), None)


def parse_dossier(data: bytes) -> tuple[Dossier | None, list[str]]:
    """The card of a package, or every reason why it is none."""
    faults: list[str] = []
    value = parse_json(data, CARD, faults)
    if faults:
        return None, faults
    fields = Fields(value, CARD, faults)
    if fields.anything("schema") != SCHEMA:
        fields.refuse("schema", str(SCHEMA))
    model = _model(data, fields, faults)
    runtime = fields.object("runtime")
    _check_runtime(runtime)
    dossier = Dossier(
        model=model,
        intended_use=fields.text("intended_use"),
        limits=fields.texts("limits"),
        data=tuple(_data(one) for one in fields.objects("data")),
        metrics=tuple(_metric(one, model.labels) for one in fields.objects("metrics")),
        recipe=fields.texts("recipe"),
        engine_version=runtime.text("version"),
        opset=runtime.count("opset"),
        evidence=tuple(_evidence(one) for one in fields.objects("evidence", least=0)),
    )
    return (None if faults else dossier), faults


def _model(data: bytes, fields: Fields, faults: list[str]) -> ModelCard:
    """The part that the engine needs; of an unreadable one nothing is used."""
    fields.texts("labels")
    fields.sha256("sha256")
    try:
        card = parse_card(data)
    except ModelError as error:
        faults.append(str(error))
        return ModelCard("", "", "", (), ModelInput("", "", 1, 1, 1))
    if card.format is not ModelFormat.ONNX:
        faults.append(fault(f"{CARD}.format", card.format.value, ModelFormat.ONNX.value))
    return card


def _check_runtime(runtime: Fields) -> None:
    if runtime.text("engine") not in ("", "onnxruntime"):
        runtime.refuse("engine", "onnxruntime")
    if runtime.anything("session") != SESSION:
        runtime.refuse("session", f"what a device runs it with: {SESSION}")


def _data(fields: Fields) -> DataSet:
    return DataSet(
        fields.text("name"),
        fields.sha256("sha256"),
        fields.text("role"),
        fields.text("licence"),
        fields.count("patients"),
    )


def _metric(fields: Fields, labels: tuple[str, ...]) -> Metric:
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


def _evidence(fields: Fields) -> Evidence:
    return Evidence(fields.text("profile"), fields.sha256("bundle_sha256"))
