"""Lexical features of a German text: character n-grams, lemmas, and the stems of compounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.german.spacy_model import stems
from bot.german.text import fold, ungender

_COMPOUND_FROM = 7
"""Shorter words are hardly ever compounds."""


@lru_cache(maxsize=50_000)
def _folded_stems(word: str) -> tuple[str, ...]:
    return tuple("+" + fold(stem) for stem in stems(word[:1].upper() + word[1:]))


def word_features(words: Sequence[tuple[str, str]]) -> list[str]:
    """Return lemmas, pairs of lemmas, and compound stems (marked ``+``) of a tokenized text.

    Args:
        words: ``(word, lemma)`` for each token; tokens without letters or digits are ignored.
    """
    lemmas: list[str] = []
    parts: list[str] = []
    for word, lemma in words:
        if folded := fold(lemma):
            lemmas.append(folded)
            if len(word) >= _COMPOUND_FROM and word.isalpha():
                parts.extend(_folded_stems(word))
    pairs = [f"{left} {right}" for left, right in pairwise(lemmas)]
    return lemmas + pairs + parts


class LexicalFeatures:
    """TF-IDF over character 2–5-grams within words, and over :func:`word_features`.

    Each of the two blocks is normalised to length one, so that they weigh the same.
    """

    def __init__(self) -> None:
        self._characters = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(2, 5),
            sublinear_tf=True,
            min_df=2,
            preprocessor=fold,
            dtype=np.float32,
        )
        self._words = TfidfVectorizer(
            analyzer=word_features, sublinear_tf=True, min_df=2, dtype=np.float32
        )

    def fit(self, texts: Sequence[str], words: Sequence[Sequence[tuple[str, str]]]) -> None:
        """Learn vocabulary and weights from the training texts and their tokens."""
        self._characters.fit(texts)
        self._words.fit(words)

    def transform(
        self, texts: Sequence[str], words: Sequence[Sequence[tuple[str, str]]]
    ) -> csr_matrix:
        """Return the features, shape ``(len(texts), vocabulary)``, as float32."""
        return hstack(
            [self._characters.transform(texts), self._words.transform(words)], format="csr"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt, as plain arrays: a model file holds no pickled objects."""
        return {
            f"{name}_{part}": value
            for name, vectorizer in (("characters", self._characters), ("words", self._words))
            for part, value in (
                ("terms", np.array(vectorizer.get_feature_names_out(), dtype=str)),
                ("idf", vectorizer.idf_),
            )
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LexicalFeatures:
        """Restore what :meth:`to_dict` returned."""
        features = cls()
        for name, vectorizer in (("characters", features._characters), ("words", features._words)):
            terms = data[f"{name}_terms"].tolist()
            vectorizer.vocabulary_ = {term: index for index, term in enumerate(terms)}
            vectorizer.idf_ = data[f"{name}_idf"]
        return features


_WORD = re.compile(r"[^\W_]+")


def split_words(text: str) -> list[str]:
    """Return the words of a text, for callers without a spaCy document."""
    return _WORD.findall(ungender(text))
