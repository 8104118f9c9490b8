"""Lexical features: what they are made of, and that the short way leads to the same as the long."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import hstack

from bot.german.spacy_model import analyse
from bot.knowledge.search.features import LexicalFeatures, split_words, word_features

TEXTS = [
    "wie gewinne ich die wirtschaft",
    "wie gewinne ich vereine und was wollen vereine",
    "die wirtschaftsförderung fragt die vereine",
    "was will die verwaltung",
]


def tokens(text: str) -> list[tuple[str, str]]:
    return [(word, analyse(word)[0]) for word in split_words(text)]


@pytest.fixture(scope="module")
def features() -> LexicalFeatures:
    learnt = LexicalFeatures()
    learnt.fit(TEXTS, list(map(tokens, TEXTS)))
    return learnt


def test_single_texts_get_the_features_that_the_vectorisers_give_all_of_them(
    features: LexicalFeatures,
) -> None:
    texts = [*TEXTS, "die wirtschaft wirtschaftet", "quux", ""]
    words = list(map(tokens, texts))
    expected = hstack([features._characters.transform(texts), features._words.transform(words)])
    found = features.transform(texts, words)
    assert found.dtype == np.float32
    assert found.has_sorted_indices
    np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=1e-6)
    assert features.transform([], []).shape == (0, found.shape[1])


def test_what_was_learnt_survives_the_model_file(features: LexicalFeatures) -> None:
    again = LexicalFeatures.from_dict(features.to_dict())
    rows = [f.transform(TEXTS, list(map(tokens, TEXTS))).toarray() for f in (features, again)]
    np.testing.assert_allclose(*rows, atol=1e-6)


def test_compounds_are_found_by_their_parts() -> None:
    found = word_features(tokens("wirtschaftsförderung"))
    assert {"+wirtschaft", "+foerderung"} <= set(found)
