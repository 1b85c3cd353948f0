"""The reference model: six rhythms from five seconds of ECG, in whole numbers.

It was made by `edgeward.model.train` and is not for clinical use: it makes the runtime and the
harness testable from end to end. Its card, beside it, says what it rests on, patient by patient,
how well it does on others, and of which model in float it is the smaller form.
"""

from edgeward.adapters.host import package_file
from edgeward.errors import ModelError
from edgeward.model.card import parse_card
from edgeward.model.onnx_engine import OnnxEngine

MODEL_FILE = "model/rhythm_reference.onnx"
CARD_FILE = "model/rhythm_reference.json"


def load_reference_model() -> OnnxEngine:
    """The shipped model, checked against the digest on its card.

    Raises:
        ModelError: a file is missing or was changed, or the model cannot be loaded.
    """
    return load_shipped(MODEL_FILE, CARD_FILE)


def load_shipped(model_file: str, card_file: str) -> OnnxEngine:
    """A model that ships with the runtime, checked against the digest on its card.

    Raises:
        ModelError: as `load_reference_model`.
    """
    try:
        model, card = package_file(model_file), package_file(card_file)
    except OSError as error:
        raise ModelError(f"the reference model cannot be read: {error}") from error
    return OnnxEngine(model, parse_card(card))
