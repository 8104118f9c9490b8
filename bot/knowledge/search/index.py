"""Search by nearest sample question: for follow-ups, and for entries that no model has learnt.

The classifier knows the entries that it was trained on; this index knows whatever the knowledge
base holds now. It compares a text with the sample questions, titles and search words of each
entry by the meaning (sentence embeddings) and by the words (TF-IDF over character n-grams).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.german.text import fold
from bot.knowledge.model import Knowledge
from bot.knowledge.search.encoder import Encoder
from bot.knowledge.search.vectors import Matrix

_NEIGHBOURS = 3
"""The score of an entry is the mean over so many of its nearest questions."""
_MEANING = 0.7
"""Weight of the meaning against the words."""


class QuestionIndex:
    """Ranks entries by their nearest sample questions. Immutable: build a new one on a change."""

    def __init__(self, knowledge: Knowledge, encoder: Encoder | None) -> None:
        """Index all questions, titles and search words (embeddings come from the cache)."""
        self._encoder = encoder
        texts, owners = [], []
        for entry in knowledge.values():
            for text in dict.fromkeys(
                [entry.titel, entry.kurz, " ".join(entry.stichworte), *entry.fragen]
            ):
                texts.append(text)
                owners.append(entry.id)
        self._ids = list(knowledge)
        self._groups = [knowledge[i].gruppe for i in self._ids]
        position = {entry_id: number for number, entry_id in enumerate(self._ids)}
        self._owner = np.array([position[owner] for owner in owners])
        self._words = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(3, 5),
            sublinear_tf=True,
            preprocessor=fold,
            dtype=np.float32,
        )
        self._sparse = self._words.fit_transform(texts)
        if encoder:
            vectors = encoder.encode(texts)
            self._centre = vectors.mean(axis=0)
            self._dense = _unit(vectors - self._centre)

    def rank(
        self, text: str, group: str | None = None, only: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return ``(id, score)``, best first; the score is a cosine similarity, 0 to 1.

        Args:
            text: what to look for.
            group: only entries of this group.
            only: only these entries.
        """
        scores = self._sparse.dot(self._words.transform([text]).T).toarray().ravel()
        if self._encoder:
            query = _unit(self._encoder.encode([text]) - self._centre)[0]
            scores = (1 - _MEANING) * scores + _MEANING * (self._dense @ query)
        ranking = []
        allowed = set(self._ids if only is None else only)
        for number, entry_id in enumerate(self._ids):
            if entry_id in allowed and group in (None, self._groups[number]):
                own = scores[self._owner == number]
                nearest = np.partition(own, -min(_NEIGHBOURS, len(own)))[-_NEIGHBOURS:]
                ranking.append((entry_id, float(max(nearest.mean(), 0.0))))
        return sorted(ranking, key=lambda item: -item[1])


def _unit(vectors: Matrix) -> Matrix:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9), np.float32)
