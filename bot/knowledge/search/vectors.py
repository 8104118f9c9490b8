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

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


def text_key(text: str) -> str:
    """Return the key of a text: 32 hexadecimal digits."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def read_vectors(file: Path, encoder_name: str) -> dict[str, Matrix]:
    """Return key -> unit vector; nothing when the file is missing, broken or of another encoder."""
    try:
        with np.load(file, allow_pickle=False) as data:
            if str(data["name"]) != encoder_name:
                return {}
            vectors = data["vectors"].astype(np.float32) * data["scales"][:, None]
            return dict(zip(data["keys"].tolist(), vectors))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return {}


def write_vectors(file: Path, encoder_name: str, vectors: Mapping[str, Matrix]) -> None:
    """Write key -> unit vector to a file, in one piece or not at all."""
    keys = sorted(vectors)
    matrix = np.stack([vectors[key] for key in keys])
    scales = np.abs(matrix).max(axis=1) / 127
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.npz")  # several processes may write
    np.savez(
        temporary,
        name=np.array(encoder_name),
        keys=np.array(keys),
        scales=scales.astype(np.float32),
        vectors=np.round(matrix / scales[:, None]).astype(np.int8),
    )
    temporary.replace(file)
