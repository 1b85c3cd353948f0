"""A model of any format, from its bytes or its file, for the engine that its card asks for."""

from pathlib import Path

from edgeward.errors import ModelError
from edgeward.model.card import ModelCard, ModelFormat
from edgeward.model.engine import InferenceEngine
from edgeward.model.onnx_engine import OnnxEngine


def load_engine(model: bytes | Path, card: ModelCard) -> InferenceEngine:
    """The engine for a model, checked against its card.

    An optional backend is imported here and nowhere else, and only for a card that names it: a
    device without such a model needs neither torch nor LiteRT.

    Raises:
        ModelError: the file cannot be read, the bytes are not those of the card, the model does
            not do what the card says, or the extra that runs its format is not installed.
    """
    data = model if isinstance(model, bytes) else _read(model, card)
    match card.format:
        case ModelFormat.ONNX:
            return OnnxEngine(data, card)
        case ModelFormat.TORCH:
            from edgeward.model.torch_engine import TorchEngine

            return TorchEngine(data, card)
        case ModelFormat.LITERT:
            from edgeward.model.litert_engine import LiteRtEngine

            return LiteRtEngine(data, card)


def _read(path: Path, card: ModelCard) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"model {card.name} cannot be read: {error}") from error
