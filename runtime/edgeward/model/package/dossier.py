"""The card of a package: today's card, and what a person must know before the model is used.

What the model is for, on which data it rests, how right it is for whom and with what confidence,
how it was made, what it cannot do, in which configuration that was measured, and for which device
profiles there is evidence. The card may say more; it never says less.
"""

from dataclasses import dataclass

from edgeward.errors import ModelError
from edgeward.model.card import ModelCard, ModelFormat, ModelInput, parse_card
from edgeward.model.package.claims import (
    DataSet,
    Evidence,
    Kept,
    Metric,
    read_data,
    read_evidence,
    read_kept,
    read_metric,
)
from edgeward.model.package.fields import Fields, parse_json
from edgeward.model.package.layout import CARD, fault
from edgeward.profile import Profile

SCHEMA = 1
ALIKE = "answers_alike"
SESSION = {
    "execution_mode": "sequential",
    "graph_optimization_level": "all",
    "inter_op_num_threads": 1,
    "intra_op_num_threads": 1,
}
"""The configuration in which a device runs a model. With fewer optimisations an int8 model answers
something else, so a card measured in another configuration says nothing about this one."""


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
    kept: Kept | None
    """What `answers_alike` says; None on a card that does not."""

    def evidence_for(self, profile: Profile) -> Evidence | None:
        """The evidence for a device profile as it is now."""
        return next((one for one in self.evidence if one.speaks_for(profile)), None)


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
        data=tuple(read_data(one) for one in fields.objects("data")),
        metrics=tuple(read_metric(one, model.labels) for one in fields.objects("metrics")),
        recipe=fields.texts("recipe"),
        engine_version=runtime.text("version"),
        opset=runtime.count("opset"),
        evidence=tuple(read_evidence(one) for one in fields.objects("evidence", least=0)),
        kept=None if fields.anything(ALIKE) is None else read_kept(fields.object(ALIKE)),
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
