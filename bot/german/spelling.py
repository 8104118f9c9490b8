"""Typing mistakes: a word that nobody knows becomes the known one that is a letter away.

Known are the words of the sample sentences and the knowledge base (``data/words.txt``, the most
frequent first), what HanTa has seen often, and whatever is made of stems that it has seen. All else
is left alone: names and dialect unless they look like a known word, and abbreviations.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.german.spacy_model import WORDS_KEPT, common_words, is_made_of_known_stems
from bot.settings import PROJECT

WORDS = PROJECT / "data" / "words.txt"
_SHORTEST = 5
"""Among words of four letters there is nearly always another one a letter away."""
_CUT_OFF = 2
"""Letters that an abbreviation lacks at least."""


_decided: dict[str, str] = {}


def respell(word: str) -> str:
    """Return a lower-case word without a typing mistake.

    >>> respell("fraktoinen"), respell("verwaltng"), respell("frakt"), respell("quiddje")
    ('fraktionen', 'verwaltung', 'frakt', 'quiddje')
    """
    return _decided.get(word) or _respell(word)


def decisions(words: Iterable[str]) -> dict[str, str]:
    """Return what becomes of unknown words, for :func:`remember`: one takes some milliseconds."""
    return {word: respell(word) for word in sorted(set(words)) if not _speller().knows(word)}


def remember(decided: Mapping[str, str]) -> None:
    """Take over what :func:`decisions` returned, in this process or an earlier one."""
    _decided.update(decided)


@lru_cache(maxsize=WORDS_KEPT)
def _respell(word: str) -> str:
    return _speller().respell(word)


class Speller:
    """Knows some words, and what looks like one of them."""

    def __init__(self, words: Iterable[str]) -> None:
        """Learn words, the most frequent first."""
        self._ranks: dict[str, int] = {}
        self._alike: dict[tuple[str, int], list[str]] = {}
        for word in words:
            if word not in self._ranks:
                self._ranks[word] = len(self._ranks)
                if word.isalpha():
                    self._alike.setdefault((word[0], len(word)), []).append(word)
        self._sorted = sorted(self._ranks)

    def knows(self, word: str) -> bool:
        """Whether a word is known, or of a kind that is left alone."""
        return len(word) < _SHORTEST or not word.isalpha() or word in self._ranks

    def respell(self, word: str) -> str:
        """Return the most frequent known word a letter away from an unknown one, or the word."""
        if self.knows(word):
            return word
        lengths = (len(word) + longer for longer in (-1, 0, 1))
        alike = [known for length in lengths for known in self._alike.get((word[0], length), ())]
        near = process.extract(word, alike, scorer=OSA.distance, score_cutoff=1, limit=None)
        found = [known for known, _, _ in near]
        if self._is_beginning(word):  # an abbreviation, or its last letter is missing
            found = [known for known in found if known.startswith(word)]
        if not found or is_made_of_known_stems(word):
            return word
        return min(found, key=self._ranks.__getitem__)

    def _is_beginning(self, word: str) -> bool:
        for known in islice(self._sorted, bisect_left(self._sorted, word), None):
            if not known.startswith(word):
                return False
            if len(known) >= len(word) + _CUT_OFF:
                return True
        return False


@lru_cache(maxsize=1)
def _speller() -> Speller:
    return Speller([*WORDS.read_text(encoding="utf-8").split(), *common_words()])
