"""Search by nearest sample question: for follow-ups, and for entries that no model has learnt.

The classifier knows the questions that it was trained on; this index knows whatever the knowledge
base holds now. It compares a text with the sample questions, titles and search words of each
entry by the meaning (sentence embeddings) and by the words (TF-IDF over character n-grams).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from bot.german.canonical import canonical
from bot.german.text import fold
from bot.knowledge.model import Knowledge
from bot.knowledge.search.encoder import CachedEncoder, Encoder
from bot.knowledge.search.vectors import Matrix

_NEIGHBOURS = 3
"""The score of an entry is the mean over so many of its nearest questions."""
_MEANING = 0.7
"""Weight of the meaning against the words."""
_NEW_NEIGHBOURS = 2
"""An entry that is new has few questions: the mean is over so many."""
_MOST_NEW = 3
_CHANCE = (12.7, 5.2, -8.1)
"""Log odds that a text asks for a new entry: weight of its score, weight of its lead over all that
is learnt, and what speaks against it. Fitted on invented entries (docs/decisions/0014)."""
_CHANCE_BY_WORDS = (7.7, 5.3, -4.07)
"""The same without embeddings."""

Row = tuple[str, str]
"""Id of an entry, and a text by which it is found."""


def rows(knowledge: Knowledge) -> list[Row]:
    """Return all texts by which the entries are found, those of one entry side by side."""
    return [
        (entry.id, text)
        for entry in knowledge.values()
        for text in dict.fromkeys(
            [entry.titel, entry.kurz, " ".join(entry.stichworte) or entry.titel, *entry.fragen]
        )
    ]


class QuestionIndex:
    """Ranks entries by their nearest sample questions. Immutable: build a new one on a change."""

    _counts: csr_matrix
    _vectors: Matrix
    _spelt: dict[str, str]
    """Each text as it is written -> in the canonical spelling."""

    def __init__(
        self,
        knowledge: Knowledge,
        encoder: Encoder | None,
        *,
        learnt: frozenset[Row] | None = None,
        earlier: QuestionIndex | None = None,
    ) -> None:
        """Index all questions, titles and search words.

        Args:
            knowledge: what to find.
            encoder: for the meaning; without it, words alone decide.
            learnt: the rows that the classifier has learnt; ``None`` means all.
            earlier: an index with the same encoder, whose work is taken over where texts are
                the same: one new entry then takes milliseconds instead of seconds.
        """
        self._encoder = encoder
        indexed = rows(knowledge)
        spelt = earlier._spelt if earlier else {}
        self._spelt = {text: spelt.get(text) or canonical(text) for _, text in indexed}
        texts = [self._spelt[text] for _, text in indexed]
        self._texts = {text: number for number, text in reversed(list(enumerate(texts)))}
        self._ids = list(knowledge)
        self._groups = [knowledge[i].gruppe for i in self._ids]
        position = {entry_id: number for number, entry_id in enumerate(self._ids)}
        self._owner = np.array([position[entry_id] for entry_id, _ in indexed])
        self._is_new = np.array([learnt is not None and row not in learnt for row in indexed])
        fresh = [text for text in self._texts if earlier is None or text not in earlier._texts]
        # where each text stands: in the rows of the earlier index, or in the fresh ones after them
        before = len(earlier._owner) if earlier else 0
        place = {**(earlier._texts if earlier else {})}
        place.update((text, before + number) for number, text in enumerate(fresh))
        order = [place[text] for text in texts]
        counts = _counts(fresh)
        self._counts = (vstack([earlier._counts, counts], "csr") if earlier else counts)[order]
        self._rarity = _rarity(self._counts)
        # by column, as a question touches only the few columns of its own n-grams
        self._columns = self._weighed(self._counts).tocsc()
        if encoder:
            if isinstance(encoder, CachedEncoder):
                encoder.save(fresh)  # so that the next start need not compute them
            vectors = encoder.encode(fresh)
            self._vectors = np.concatenate([earlier._vectors, vectors] if earlier else [vectors])[
                order
            ]
            self._centre = self._vectors.mean(axis=0)
            self._dense = _unit(self._vectors - self._centre)

    def rank(
        self, text: str, group: str | None = None, only: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Return ``(id, score)``, best first; the score is a cosine similarity, 0 to 1.

        Args:
            text: what to look for.
            group: only entries of this group.
            only: only these entries.
        """
        scores = np.maximum(_best_means(self._scores(text), self._owner, _NEIGHBOURS), 0.0)
        allowed = set(self._ids if only is None else only)
        return [
            (self._ids[number], float(scores[number]))
            for number in np.argsort(-scores, kind="stable")
            if self._ids[number] in allowed and group in (None, self._groups[number])
        ]

    def rank_new(self, text: str) -> list[tuple[str, float]]:
        """Return ``(id, chance)`` of what the classifier has not learnt, best first, at most three.

        The chance is the probability that the text asks for this entry; together at most one.
        """
        if not self._is_new.any():
            return []
        scores = self._scores(text)
        new = np.flatnonzero(self._is_new)
        owners, owner = np.unique(self._owner[new], return_inverse=True)
        near = _best_means(scores[new], owner, _NEW_NEIGHBOURS)
        learnt = scores[~self._is_new].max(initial=0.0)
        near_weight, lead_weight, bias = _CHANCE if self._encoder else _CHANCE_BY_WORDS
        best = np.argsort(-near, kind="stable")[:_MOST_NEW]
        odds = np.exp(near_weight * near[best] + lead_weight * (near[best] - learnt) + bias)
        chances = odds / (1 + odds.sum())
        return [(self._ids[owners[at]], float(p)) for at, p in zip(best, chances)]

    def _weighed(self, counts: csr_matrix) -> csr_matrix:
        """Return TF-IDF vectors of length one."""
        return normalize(counts.multiply(self._rarity).tocsr())

    def _scores(self, text: str) -> Matrix:
        """Return how alike the text and each row are, shape ``(rows,)``."""
        text = canonical(text)
        query = self._weighed(_counts([text]))
        scores = np.asarray(self._columns[:, query.indices] @ query.data).ravel()
        if self._encoder is None:
            return scores
        meaning = self._dense @ _unit(self._encoder.encode([text]) - self._centre)[0]
        return np.asarray((1 - _MEANING) * scores + _MEANING * meaning)


_HASHED = HashingVectorizer(
    analyzer="char_wb",
    ngram_range=(3, 5),
    preprocessor=fold,
    n_features=2**20,
    alternate_sign=False,
    norm=None,
    dtype=np.float32,
)
"""Counts character n-grams within words. It has no vocabulary, so that new texts can be added."""


def _counts(texts: Sequence[str]) -> csr_matrix:
    """Return how often each n-gram occurs, damped by the logarithm, shape ``(texts, 2**20)``."""
    counts = _HASHED.transform(texts) if texts else csr_matrix((0, _HASHED.n_features), dtype="f4")
    counts.data = 1 + np.log(counts.data)
    return counts


def _rarity(counts: csr_matrix) -> Matrix:
    """Return the inverse document frequency of each n-gram; 0 for those that never occur."""
    occur = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((1 + counts.shape[0]) / (1 + occur)) + 1
    return np.where(occur, rarity, 0).astype(np.float32)


def _best_means(scores: Matrix, owner: Matrix, most: int) -> Matrix:
    """Return the mean of the best scores of each owner (at most ``most`` of them).

    Args:
        scores: shape ``(rows,)``.
        owner: shape ``(rows,)``: 0, 1, 2 … in ascending order, each at least once.
        most: how many rows count.
    """
    counts = np.bincount(owner)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    rest, total = scores.copy(), np.zeros(len(counts))
    for number in range(most):
        best = np.maximum.reduceat(rest, starts)
        total += np.where(counts > number, best, 0.0)
        at = np.flatnonzero(rest == best[owner])
        rest[at[np.unique(owner[at], return_index=True)[1]]] = -np.inf  # one row of each owner
    return np.asarray(total / np.minimum(counts, most))


def _unit(vectors: Matrix) -> Matrix:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9))
