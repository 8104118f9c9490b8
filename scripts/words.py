"""Write the words of all sample sentences and entries to ``data/words.txt``, the frequent first.

A word counts when two sources have it, so that a typing mistake in one of them does not; and not
when another one, a letter away, is far more frequent. The first part of ``make embeddings``.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.german.canonical import plain_words, with_umlauts
from bot.german.spelling import WORDS, Speller
from bot.knowledge import load_knowledge
from bot.settings import get_settings
from scripts.embeddings import sentences

_RARE = 5
_FREQUENT = 50


def main() -> None:
    """Write the file."""
    often: Counter[str] = Counter()
    sources: dict[str, set[str]] = defaultdict(set)
    for name, texts in sentences():
        for text in texts:
            for word in map(with_umlauts, plain_words(text)):
                if word.isalpha():
                    often[word] += 1
                    sources[word].add(name)
    for entry in load_knowledge(get_settings().knowledge_dir).values():
        for text in (entry.titel, entry.kurz, entry.text, *entry.punkte, *entry.stichworte):
            for word in map(with_umlauts, plain_words(text)):
                sources[word] |= {"eintraege", entry.id}  # there are no mistakes in them
    frequent = Speller(word for word, times in often.most_common() if times >= _FREQUENT)
    words = [
        word
        for word, times in often.most_common()
        if len(sources[word]) > 1 and (times > _RARE or frequent.respell(word) == word)
    ]
    words += sorted(word for word in sources if word not in often and word.isalpha())
    WORDS.write_text("\n".join(words) + "\n", encoding="utf-8")
    print(f"{WORDS.name}: {len(words)} Wörter")


if __name__ == "__main__":
    main()
