"""The embedding of a message is computed before Rasa is called, and only once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bot.german.canonical import canonical
from bot.knowledge.search.encoder import CachedEncoder
from bot.knowledge.search.vectors import Matrix
from bot.nlu import featurizer


class Counting:
    name, dimension = "zählt", 2

    def __init__(self) -> None:
        self.computed: list[str] = []

    def encode(self, texts: Sequence[str]) -> Matrix:
        self.computed += texts
        return np.array([[len(text), 1.0] for text in texts], np.float32)


def test_what_was_computed_ahead_is_found_again_however_the_message_is_spelt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counting = Counting()
    encoder = CachedEncoder(counting)
    monkeypatch.setattr(featurizer, "get_encoder", lambda: encoder)
    featurizer.encode_ahead("Guten Tag, wie gewinne ich Bürger:innen?")
    featurizer.encode_ahead("wie gewinne ich buergerinnen")
    encoder.encode([canonical("Wie gewinne ich Bürger*innen??")])
    assert counting.computed == ["wie gewinne ich bürgerinnen"]


def test_without_embeddings_nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(featurizer, "get_encoder", lambda: None)
    featurizer.encode_ahead("Guten Tag")


def test_threads_may_share_what_is_remembered() -> None:
    encoder = CachedEncoder(Counting(), size=10)
    texts = [str(number) * number for number in range(1, 30)] * 20
    with ThreadPoolExecutor(8) as threads:
        vectors = list(threads.map(lambda text: encoder.encode([text])[0], texts))
    assert [vector[0] for vector in vectors] == [len(text) for text in texts]
