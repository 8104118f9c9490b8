"""One spelling for messages that mean the same, before anything is learnt from or looked for.

A greeting in front, „bitte“ and thanks behind, and what a message rules out in so many words make
no difference to what it is about; neither do case, punctuation, written-out umlauts, forms of
gendering and most typing mistakes. Words, characters and the fine-tuned encoder see the same
spelling, so that messages which differ in nothing else get the same answer (docs/decisions/0020).
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.german.spacy_model import WORDS_KEPT, is_common_word
from bot.german.spelling import respell
from bot.german.text import clean, focus, ungender

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_WRITTEN_OUT = re.compile(r"(?<![aeouq])([aou])e")
"""„ae“, „oe“, „ue“, but not in „neue“, „bauen“ or „Quelle“."""
_UMLAUTS = {"a": "ä", "o": "ö", "u": "ü"}
_GREETING = re.compile(
    r"^(?:(?:hallo|hi|hey|moin|servus|grüß gott|sehr geehrte damen und herren|liebes team"
    r"|(?:einen )?(?:schönen )?guten (?:tag|morgen|abend)|(?:tag|morgen|abend)(?=[,!]))"
    r"(?: zusammen| miteinander| auch)?(?:[\s,.!–-]+|$))+",
    re.IGNORECASE,
)
_TAKEN_IN = (
    r"ok(?:ay)?|gut|schön|schade|egal|hm+|tja|puh|uff|ach ?so|aha|verstehe|verstanden|interessant"
)
_OPENING = re.compile(
    rf"^(?:(?:na |alles |ja )?(?:{_TAKEN_IN}|klar|prima|super|danke(?=[.!]))"
    rf"(?: (?:{_TAKEN_IN}|dann|danke))*(?:\s*[.,;:!…–-]+\s+(?!dass\b)|\s+(?=und\b|aber\b)))+",
    re.IGNORECASE,
)
"""„Ok, schade. Und …“ says that the answer before was read."""
_THANKS = re.compile(
    r"(?<![\s,–-])(?:[\s,–-]+(?:und|schon mal|schonmal|jetzt schon))*[\s,–-]+"
    r"(?:(?:vielen|besten|herzlichen|lieben) )?danke?(?: schön)?"
    r"(?: (?:im voraus|schon mal|schonmal|für (?:ihre|die|deine) (?:hilfe|mühe)))*[\s.!]*$",
    re.IGNORECASE,
)
_PLEASE = re.compile(r"\bbitte\b(?:, )?", re.IGNORECASE)
_ENOUGH = 3
"""Fewer words than this are left whole: they may be nothing but a greeting or thanks."""


def essence(text: str) -> str:
    """Return what a message is about, otherwise as it was written.

    >>> essence("Guten Tag, wie können wir Bürger:innen gewinnen? Vielen Dank im Voraus!")
    'wie können wir Bürger:innen gewinnen?'
    """
    kept = focus(clean(text))
    for courtesy in (_GREETING, _OPENING, _THANKS, _PLEASE):
        rest = clean(courtesy.sub(" ", kept))
        if len(_WORD.findall(rest)) >= _ENOUGH:
            kept = rest
    return kept or clean(text)


def canonical(text: str) -> str:
    """Return what a message is about, in lower-case words separated by single spaces.

    >>> canonical("Guten Tag, wie koennen wir Bürger:innen gewinen? Vielen Dank im Voraus!")
    'wie können wir bürgerinnen gewinnen'
    """
    words = (respell(with_umlauts(word)) for word in plain_words(text))
    return " ".join(words) or clean(text).lower()


def plain_words(text: str) -> list[str]:
    """Return the words of what a message is about in lower case, otherwise as they were written."""
    return _WORD.findall(ungender(essence(text)).lower())


@lru_cache(maxsize=WORDS_KEPT)
def with_umlauts(word: str) -> str:
    """Return a lower-case word with „ä“, „ö“, „ü“ and „ß“ where they were written out.

    >>> with_umlauts("strasse"), with_umlauts("wirtschaftsfoerderung"), with_umlauts("neue")
    ('straße', 'wirtschaftsförderung', 'neue')
    """
    if is_common_word(word):
        return word
    spelt = _WRITTEN_OUT.sub(lambda match: _UMLAUTS[match[1]], word)
    sharp = spelt.replace("ss", "ß")
    return sharp if sharp != spelt and is_common_word(sharp) else spelt
