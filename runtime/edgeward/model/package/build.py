"""Makes a package at the bench, from a model, what its card has to say, and golden windows."""

import json
from collections.abc import Mapping
from typing import Any

from edgeward.canonical import sha256_hex
from edgeward.errors import PackageError
from edgeward.model.onnx_engine import OnnxEngine
from edgeward.model.onnx_runtime import onnxruntime
from edgeward.model.package.bom import bom_bytes
from edgeward.model.package.dossier import SCHEMA, SESSION, parse_dossier
from edgeward.model.package.golden import golden_bytes, make_golden
from edgeward.model.package.layout import BOM, CARD, GOLDEN, MODEL, NOTICE, Files
from edgeward.model.package.onnx_file import model_faults, opset_of
from edgeward.signal.windows import Samples


def unsigned_package(
    model: bytes,
    card: Mapping[str, Any],
    windows: Samples,
    notice: str,
    *,
    tolerance: float = 0.0,
    made: str | None = None,
) -> Files:
    """The files of a package, but for its signature; equal arguments give equal bytes.

    The card needs what `Dossier` reads, without `schema`, `sha256` and `runtime`: these are found
    out here. The golden answers are what the model answers on this machine, one window at a time.

    Raises:
        PackageError: the card or the model would not be accepted; every fault is told.
        ModelError: the model does not do what its card says.
    """
    if faults := model_faults(model, None):
        raise PackageError(faults)
    runtime = {
        "engine": "onnxruntime",
        "opset": opset_of(model),
        "session": SESSION,
        "version": onnxruntime.__version__,
    }
    own = {"runtime": runtime, "schema": SCHEMA, "sha256": sha256_hex(model)}
    text = (json.dumps({**card, **own}, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
    dossier, faults = parse_dossier(text)
    if dossier is None:
        raise PackageError(faults)
    golden = make_golden(OnnxEngine(model, dossier.model), windows, tolerance)
    return {
        MODEL: model,
        CARD: text,
        GOLDEN: golden_bytes(golden),
        BOM: bom_bytes(dossier, model, made),
        NOTICE: notice.encode("utf-8"),
    }
