"""Vectors of known texts on disk, so that nobody has to compute them again.

Computing one takes about 10 ms, and there are more than ten thousand sample sentences. Those that
belong to the project lie in ``data/embeddings``, one file for each file that they stand in, in
eight bits a number (cosine to the exact vector above 0.999). A vector is found by the digest of its
text, so a changed sentence is simply computed anew.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


def text_key(text: str) -> str:
    """Return the key of a text: 32 hexadecimal digits."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class Stored(NamedTuple):
    """A vector in eight bits a number."""

    steps: npt.NDArray[np.int8]
    scale: np.float32

    @classmethod
    def of(cls, vector: Matrix) -> Stored:
        """Round a vector."""
        scale = np.float32(np.abs(vector).max() / 127)
        return cls(np.round(vector / scale).astype(np.int8), scale)

    def vector(self) -> Matrix:
        """Return the vector."""
        return self.steps * self.scale


def read_vectors(file: Path, encoder_name: str) -> dict[str, Stored]:
    """Return key -> unit vector; nothing when the file is missing, broken or of another encoder."""
    try:
        with np.load(file, allow_pickle=False) as data:
            if str(data["name"]) != encoder_name:
                return {}
            stored = map(Stored, data["vectors"], data["scales"])
            return dict(zip(data["keys"].tolist(), stored))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return {}


def write_vectors(file: Path, encoder_name: str, vectors: Mapping[str, Stored]) -> None:
    """Write key -> unit vector to a file, in one piece or not at all."""
    keys = sorted(vectors)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.npz")  # several processes may write
    np.savez(
        temporary,
        name=np.array(encoder_name),
        keys=np.array(keys),
        scales=np.array([vectors[key].scale for key in keys], np.float32),
        vectors=np.stack([vectors[key].steps for key in keys]),
    )
    temporary.replace(file)
