"""A link that loses, delays, reorders and repeats messages, driven by one seed."""

import json
from typing import Any

import numpy as np


class LossyLink:
    """Carries JSON one way."""

    def __init__(self, seed: int, loss: float = 0.0, delay_ns_max: int = 0) -> None:
        self._draw = np.random.default_rng(seed)
        self._way: list[tuple[int, str]] = []
        self.loss = loss
        self.delay_ns_max = delay_ns_max
        self.cut = False

    def send(self, message: dict[str, Any], now_ns: int) -> None:
        copies = 2 if self._draw.random() < self.loss else 1
        for _ in range(copies):
            lost = self._draw.random() < self.loss
            due_ns = now_ns + int(self._draw.integers(0, self.delay_ns_max + 1))
            if not (lost or self.cut):
                self._way.append((due_ns, json.dumps(message)))

    def arrived(self, now_ns: int) -> list[Any]:
        here = sorted(each for each in self._way if each[0] <= now_ns)
        self._way = [each for each in self._way if each[0] > now_ns]
        return [json.loads(text) for _, text in here]
