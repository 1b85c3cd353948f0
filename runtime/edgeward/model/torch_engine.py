"""A torch model: a TorchScript archive or an exported program. Needs the extra `torch`.

For models that cannot be had in another format: torch takes a second to import and 200 MB, and a
small network runs several times slower in it. TorchScript answers faster than the same network
exported (10 against 63 us for two small layers), although torch calls it deprecated.
"""

import warnings
from collections.abc import Sequence
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import numpy as np

from edgeward.model.engine import CheckedEngine, Probabilities, missing_extra
from edgeward.signal.windows import Samples


class TorchEngine(CheckedEngine):
    """A torch model on one thread. The number of threads is the process's: torch has but one."""

    __slots__ = ("_inference", "_input", "_module", "_tensor")

    def _load(self, model: bytes) -> None:
        try:
            import torch
        except ImportError as error:
            raise missing_extra(self._card, "torch", error) from error
        torch.set_num_threads(1)
        self._module = _module(torch, model)
        self._inference = torch.inference_mode
        self._tensor = torch.from_numpy
        self._input = torch.from_numpy(self._row[None])

    def _one(self) -> Sequence[float]:
        with self._inference():
            (values,) = self._module(self._input).tolist()
        row: list[float] = values
        return row

    def _many(self, windows: Samples) -> Probabilities:
        with self._inference():
            answers = self._module(self._tensor(np.array(windows, order="C")))
        result: Probabilities = answers.numpy().astype(np.float32, copy=False)
        return result


def _module(torch: Any, model: bytes) -> Any:  # noqa: ANN401 - torch is not there for the checker
    """The network in an archive of either kind; only a TorchScript one holds code."""
    with ZipFile(BytesIO(model)) as archive:
        scripted = any("/code/" in name for name in archive.namelist())
    if not scripted:
        return torch.export.load(BytesIO(model)).module()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.load", DeprecationWarning)
        return torch.jit.load(BytesIO(model), map_location="cpu").eval()
