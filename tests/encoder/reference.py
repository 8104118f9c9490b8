"""The network of the encoder in full precision, written down plainly: what it has to come near."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import erf, softmax

from bot.encoder.network import _matrix
from bot.encoder.packed import Packed

Array = np.ndarray[Any, Any]


class Reference:
    """multilingual-e5-small with moved weights."""

    def __init__(self, packed: Packed, moved: Mapping[str, Array]) -> None:
        self.packed, self.moved = packed, moved

    def __call__(self, tokens: list[int]) -> Array:
        """Return the unit vector of a tokenized text."""
        width = self.packed.width
        places = self.packed.plain("emb.pos").reshape(-1, width)[: len(tokens)]
        states = (
            self.packed.rows("emb.word", tokens) + places + self.packed.plain("emb.type")[:width]
        )
        states = self.norm(states, "emb.ln")
        for number in range(self.packed.layers):
            states = self.layer(states, f"l{number}")
        mean = states.mean(0)
        return mean / np.linalg.norm(mean)

    def layer(self, states: Array, name: str) -> Array:
        q, k, v = (self.heads(self.product(states, f"{name}.{part}")) for part in "qkv")
        seen = softmax(q @ k.swapaxes(1, 2) / q.shape[-1] ** 0.5, axis=-1) @ v
        seen = seen.swapaxes(0, 1).reshape(states.shape)
        states = self.norm(states + self.product(seen, f"{name}.ao"), f"{name}.aln")
        inner = self.product(states, f"{name}.fi")
        inner = inner * 0.5 * (1 + erf(inner / 2**0.5))
        return self.norm(states + self.product(inner, f"{name}.fo"), f"{name}.oln")

    def heads(self, states: Array) -> Array:
        return states.reshape(len(states), self.packed.heads, -1).swapaxes(0, 1)

    def product(self, states: Array, name: str) -> Array:
        weights, bias = _matrix(self.packed, self.moved, name)
        return states @ weights + bias

    def norm(self, states: Array, name: str) -> Array:
        weight, bias = (
            self.moved[part] if part in self.moved else self.packed.plain(part)
            for part in (f"{name}.w", f"{name}.b")
        )
        apart = states - states.mean(-1, keepdims=True)
        return apart / np.sqrt(states.var(-1, keepdims=True) + self.packed.epsilon) * weight + bias
