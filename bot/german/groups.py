"""Find which groups of actors (*Akteursgruppen*) a message names.

A word names a group when it, its lemma, or one of the stems that it is made of is listed for the
group in ``data/nlu/akteursgruppe.yml``; a long word may be one letter off. A group that the
message rules out („nicht die Politik, sondern die Verwaltung“) is marked as excluded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.german.canonical import with_umlauts
from bot.german.spacy_model import WORDS_KEPT, analyse, capitalised, stems
from bot.german.text import fold, ungender

NEUTRAL = "keine"
"""The key of words that look as if they named a group but don't."""
_WORD = re.compile(r"[^\W\d_][\w-]*(?:[:*·/]-?[iI]n(?:nen)?\b|\(in(?:nen)?\))?")
_NEGATIONS = frozenset(
    [
        "nicht",
        "nich",
        "nit",
        "net",
        "ned",
        "kein",
        "keine",
        "keinen",
        "keiner",
        "keinem",
        "statt",
        "anstatt",
        "ohne",
        "weder",
    ]
)
_NOT_BETWEEN = frozenset(
    [
        "nur",
        "wie",
        "was",
        "wer",
        "warum",
        "wieso",
        "ob",
        "wenn",
        "ich",
        "du",
        "er",
        "wir",
        "meinte",
        "mein",
        "meine",
        "will",
        "wollte",
    ]
)
"""Words after which an earlier „nicht“ no longer belongs to the group."""
_TEXTS_KEPT = 1
"""The featurizer and the extractor look for the groups in the same text, one after the other."""
_FUZZY_FROM = 6
"""Shorter words are too close to other words to allow a typo."""
_ENDINGS = ("", "e", "n", "en", "er", "ern", "s", "es", "in", "innen")


@dataclass(frozen=True)
class Mention:
    """A place in a message that names a group."""

    group: str
    word: str
    start: int
    end: int
    excluded: bool = False


class GroupFinder:
    """Knows the words for each group. Build it once."""

    def __init__(self, words: Mapping[str, Iterable[str]], neutral: Iterable[str] = ()) -> None:
        """Index the words.

        Args:
            words: for each group the words and phrases that name it, in their basic form.
            neutral: words that look as if they named a group but don't („Bürgermeister“).
        """
        self._words: dict[str, str | None] = {fold(word): None for word in neutral}
        phrases: dict[str, str] = {}
        for group, names in words.items():
            for name in names:
                folded = fold(name)
                if " " in folded:
                    phrases[folded] = group
                else:
                    self._words.setdefault(folded, group)
        self._long = [word for word in self._words if len(word) >= _FUZZY_FROM]
        longest_first = sorted(phrases, key=len, reverse=True)
        self._group_of = lru_cache(WORDS_KEPT)(self._look_up)
        self.find = lru_cache(_TEXTS_KEPT)(self._find)
        self._phrase_groups = [phrases[phrase] for phrase in longest_first]
        self._phrase_pattern = (
            re.compile("|".join(rf"\b({_with_endings(p)})\b" for p in longest_first))
            if longest_first
            else None
        )

    def _find(self, text: str) -> tuple[Mention, ...]:
        """Return the mentions in the order of the text."""
        mentions = [
            Mention(group, match.group(), match.start(), match.end())
            for match in _WORD.finditer(text)
            if (group := self._group_of(ungender(match.group())))
        ]
        mentions += self._find_phrases(text, mentions)
        mentions.sort(key=lambda mention: mention.start)
        starts = [0, *(mention.end for mention in mentions)]
        return tuple(
            self._mark_excluded(mention, text, start) for mention, start in zip(mentions, starts)
        )

    def _find_phrases(self, text: str, found: list[Mention]) -> list[Mention]:
        if self._phrase_pattern is None:
            return []
        folded = fold(text)
        taken = {fold(mention.word) for mention in found}
        mentions = []
        for match in self._phrase_pattern.finditer(folded):
            if any(word in taken for word in match.group().split()):
                continue
            # the position in the folded text is near enough to that in the message
            start = min(match.start(), len(text))
            mentions.append(
                Mention(
                    self._phrase_groups[(match.lastindex or 1) - 1],
                    match.group(),
                    start,
                    min(match.end(), len(text)),
                )
            )
        return mentions

    def _look_up(self, word: str) -> str | None:
        folded, small = fold(word), with_umlauts(word.lower())
        for candidate in (folded, *self._without_ending(folded), fold(analyse(small)[0])):
            if candidate in self._words:
                return self._words[candidate]
        if "-" in word:
            for part in reversed(word.split("-")):
                if part and (group := self._group_of(part)):
                    return group
        parts = [fold(stem) for stem in stems(capitalised(small))]
        for part in reversed(parts):
            if len(part) > 2 and len(parts) > 1 and part in self._words:
                return self._words[part]
        return self._nearly(folded)

    def _nearly(self, folded: str) -> str | None:
        for candidate in (folded, *self._without_ending(folded)):
            if len(candidate) >= _FUZZY_FROM:
                allowed = 1 if len(candidate) < 12 else 2
                best = process.extractOne(
                    candidate, self._long, scorer=OSA.distance, score_cutoff=allowed
                )
                if best and best[0][0] == candidate[0]:
                    return self._words[best[0]]
        return None

    @staticmethod
    def _without_ending(folded: str) -> list[str]:
        return [
            folded[: -len(ending)]
            for ending in _ENDINGS
            if ending and folded.endswith(ending) and len(folded) - len(ending) >= 3
        ]

    @staticmethod
    def _mark_excluded(mention: Mention, text: str, after_mention: int) -> Mention:
        """Mark a mention that „nicht“ … rules out; look no further back than the last mention."""
        before = text[after_mention : mention.start].lower()
        clause = re.split(r"[,;.!?:]|\bsondern\b|\baber\b", before)[-1].split()[-4:]
        negations = [index for index, word in enumerate(clause) if word in _NEGATIONS]
        negated = bool(negations) and not _NOT_BETWEEN.intersection(clause[negations[-1] :])
        # „Politik nicht, sondern …“
        postponed = re.match(r"\s+nicht\s*,?\s*(sondern|eher|lieber)", text[mention.end :].lower())
        return replace(mention, excluded=True) if negated or postponed else mention


def from_words(words: Mapping[str, Iterable[str]]) -> GroupFinder:
    """Return a finder for group -> words, where :data:`NEUTRAL` holds the words of no group.

    Components that are given the same words share one.
    """
    return _finder(tuple((group, tuple(names)) for group, names in words.items()))


@lru_cache(maxsize=2)
def _finder(words: tuple[tuple[str, tuple[str, ...]], ...]) -> GroupFinder:
    groups = dict(words)
    neutral = groups.pop(NEUTRAL, ())
    return GroupFinder(groups, neutral)


def _with_endings(phrase: str) -> str:
    """Return a pattern for a phrase whose words may be inflected by up to two letters."""
    return " ".join(rf"{re.escape(word)}[a-z]{{0,2}}" for word in phrase.split())


def named_groups(mentions: Iterable[Mention]) -> tuple[list[str], list[str]]:
    """Return the groups that are meant and those that are ruled out, each once, in order."""
    meant: dict[str, None] = {}
    excluded: dict[str, None] = {}
    for mention in mentions:
        (excluded if mention.excluded else meant)[mention.group] = None
    if len(meant) > 1:
        meant.pop("grundlagen", None)  # „allgemein bei den Vereinen“ is about the Vereine
    return list(meant), [group for group in excluded if group not in meant]
