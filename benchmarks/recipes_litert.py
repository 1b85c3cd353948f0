"""Turns an exported torch network into LiteRT models; run by an interpreter that can.

Usage: recipes_litert.py PROGRAM.pt2 CALIBRATION.npy FOLDER

The converter brings another two gigabytes of packages, so it lives in an environment of its own
(`pip install litert-torch`) that needs nothing of this project. Writes `float.tflite` and
`int8.tflite`: static, as the quantiser beside the converter does it when it is told nothing, but
for windows and probabilities, which stay float on the outside, as those of all the others.
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np


def main(program: Path, calibration: Path, folder: Path) -> None:
    """Convert, then quantise."""
    torch, litert = import_module("torch"), import_module("litert_torch")
    quantizer = import_module("ai_edge_quantizer.quantizer")
    recipe = import_module("ai_edge_quantizer.recipe")
    windows = np.load(calibration)
    module = torch.export.load(program).module()
    plain, small = folder / "float.tflite", folder / "int8.tflite"
    litert.convert(module, (torch.from_numpy(windows[:1]),)).export(str(plain))
    work = quantizer.Quantizer(str(plain), recipe.static_wi8_ai8())
    kinds, ways = recipe.TFLOperationName, recipe.AlgorithmName
    for edge in (kinds.INPUT, kinds.OUTPUT):
        work.update_quantization_recipe(".*", edge, algorithm_key=ways.NO_QUANTIZE)
    taken = {"serving_default": [{"args_0": window[None]} for window in windows]}
    work.quantize(work.calibrate(taken, num_threads=1)).export_model(str(small), overwrite=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
