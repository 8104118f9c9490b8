"""Ways of writing the same message differently, for metamorphic tests: the answer must not change.

Every transformation takes a message and a seeded random generator and returns the changed message,
or the very same one where there is nothing to change („Bürgerinnen“ can't be swapped in a message
without them). :func:`variants` applies one to many messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from random import Random

Transformation = Callable[[str, Random], str]

_UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
# not within words: „Bürger:innen“, „E-Mail“, „1.000“ stay
_PUNCTUATION = re.compile(r"[.,;:!?…„“”\"()–—]+(?!\w)|(?<!\w)[„“”\"(–—]+|[,;!?…]")

_STEM = r"[A-Za-zÄÖÜäöüß][a-zäöüß]+"
_AND = r"(?:und|oder|u\.|/|&)"
_MARKED = re.compile(rf"\b({_STEM})(?:[:*_·]innen|/-?innen|\(innen\)|Innen)(?!\w)")
_PAIR = re.compile(rf"\b({_STEM})innen {_AND} \1\w{{0,2}}\b|\b({_STEM}?)(?:en|n)? {_AND} \2innen\b")

GREETINGS = ("Guten Tag, ", "Hallo zusammen, ", "Guten Morgen! ", "Moin, ", "Hallo, ")
FILLERS_BEFORE = ("Bitte: ", "Eine Frage bitte: ", "Ich hätte da mal eine Frage: ")
FILLERS_AFTER = (" Vielen Dank im Voraus!", " Danke schon mal!", " Bitte um kurze Antwort.")

_VERBS = {
    "kannst": "können", "könntest": "könnten", "hast": "haben", "hättest": "hätten",
    "weißt": "wissen", "würdest": "würden", "willst": "wollen", "möchtest": "möchten",
    "musst": "müssen", "sollst": "sollen", "solltest": "sollten", "darfst": "dürfen",
    "meinst": "meinen", "glaubst": "glauben", "denkst": "denken", "empfiehlst": "empfehlen",
    "rätst": "raten", "sagst": "sagen", "machst": "machen", "kennst": "kennen", "gibst": "geben",
    "hilfst": "helfen", "brauchst": "brauchen", "findest": "finden", "bist": "sind",
    "siehst": "sehen", "schlägst": "schlagen", "nimmst": "nehmen", "rufst": "rufen",
}  # fmt: skip
_FORMAL_VERBS = {formal: familiar for familiar, formal in _VERBS.items()}
_PRONOUNS = {
    "dir": "Ihnen", "dich": "Sie", "dein": "Ihr", "deine": "Ihre", "deinen": "Ihren",
    "deinem": "Ihrem", "deiner": "Ihrer", "deines": "Ihres",
}  # fmt: skip
_FORMAL_PRONOUNS = {
    formal: familiar for familiar, formal in _PRONOUNS.items() if familiar != "dich"
}
_DU_AFTER = re.compile(rf"\b({'|'.join(_VERBS)}) du\b", re.IGNORECASE)
_DU_BEFORE = re.compile(rf"\bdu( (?:\w+ )?)({'|'.join(_VERBS)})\b", re.IGNORECASE)
_DIR = re.compile(rf"\b({'|'.join(_PRONOUNS)})\b", re.IGNORECASE)
# „sie“ in small letters, or „Ihre“ at the start of a sentence, may be somebody else
_SIE_AFTER = re.compile(rf"\b((?i:{'|'.join(_FORMAL_VERBS)})) Sie\b")
_SIE_BEFORE = re.compile(rf"\bSie( (?:\w+ )?)({'|'.join(_FORMAL_VERBS)})\b")
_IHNEN = re.compile(rf"(?<!^)(?<![.!?] )\b({'|'.join(_FORMAL_PRONOUNS)})\b")

_ROWS = ("qwertzuiopü", "asdfghjklöä", "yxcvbnm")
_LONG_WORD = re.compile(r"([A-Za-zÄÖÜäöüß]{4,})")


def lower_case(text: str, _: Random) -> str:
    """Write everything in small letters."""
    return text.lower()


def umlauts_written_out(text: str, _: Random) -> str:
    """Write „ae“ for „ä“, „ss“ for „ß“."""
    return "".join(_UMLAUTS.get(letter, letter) for letter in text)


def no_punctuation(text: str, _: Random) -> str:
    """Leave out punctuation, but nothing inside a word."""
    return " ".join(_PUNCTUATION.sub(" ", text).split())


def gender_colon(text: str, _: Random) -> str:
    """Write pair forms and other marks as „Bürger:innen“."""
    return _mark_gender(text, ":")


def gender_star(text: str, _: Random) -> str:
    """Write pair forms and other marks as „Bürger*innen“."""
    return _mark_gender(text, "*")


def gender_pair(text: str, _: Random) -> str:
    """Write marked forms as „Bürgerinnen und Bürger“."""

    def pair(match: re.Match[str]) -> str:
        stem = match[1]
        # „Bürger“ stands as it is, „Kolleg“ becomes „Kollegen“
        masculine = stem if stem.endswith(("er", "ar", "or", "el")) else f"{stem}en"
        return f"{stem}innen und {masculine}"

    return _MARKED.sub(pair, text)


def greeting(text: str, random: Random) -> str:
    """Put a greeting in front."""
    return random.choice(GREETINGS) + text


def polite_filler(text: str, random: Random) -> str:
    """Add a polite phrase in front or at the end."""
    if random.random() < 0.5:
        return random.choice(FILLERS_BEFORE) + text
    ended = text if text.endswith((".", "!", "?", "…")) else f"{text}."
    return ended + random.choice(FILLERS_AFTER)


def du_or_sie(text: str, _: Random) -> str:
    """Swap the familiar and the formal address, where one of them is used with a common verb."""
    if any(pattern.search(text) for pattern in (_DU_AFTER, _DU_BEFORE, _DIR)):
        text = _DU_AFTER.sub(lambda m: f"{_like(m[1], _VERBS[m[1].lower()])} Sie", text)
        text = _DU_BEFORE.sub(lambda m: f"Sie{m[1]}{_VERBS[m[2].lower()]}", text)
        return _DIR.sub(lambda m: _PRONOUNS[m[1].lower()], text)
    text = _SIE_AFTER.sub(lambda m: f"{_like(m[1], _FORMAL_VERBS[m[1].lower()])} du", text)
    text = _SIE_BEFORE.sub(lambda m: f"du{m[1]}{_FORMAL_VERBS[m[2]]}", text)
    return _IHNEN.sub(lambda m: _FORMAL_PRONOUNS[m[1]], text)


def one_typo(text: str, random: Random) -> str:
    """Make one typing mistake in a word of four letters or more."""
    return _with_typos(text, 1, random)


def two_typos(text: str, random: Random) -> str:
    """Make two typing mistakes, in different words where there are two of four letters or more."""
    return _with_typos(text, 2, random)


HARMLESS: dict[str, Transformation] = {
    "lower case": lower_case,
    "umlauts written out": umlauts_written_out,
    "no punctuation": no_punctuation,
    "gender colon": gender_colon,
    "gender star": gender_star,
    "gender pair": gender_pair,
    "greeting": greeting,
    "polite filler": polite_filler,
    "du/Sie": du_or_sie,
}
TYPOS: dict[str, Transformation] = {"one typo": one_typo, "two typos": two_typos}
TRANSFORMATIONS = {**HARMLESS, **TYPOS}


def variants(texts: Iterable[str], name: str, seed: int = 0) -> list[tuple[str, str]]:
    """Return ``(text, changed text)`` for the texts that a transformation changes.

    Args:
        texts: messages.
        name: one of ``TRANSFORMATIONS``.
        seed: the same seed changes the same text in the same way, whatever the other texts are.
    """
    pairs = []
    for text in texts:
        changed = TRANSFORMATIONS[name](text, Random(f"{seed} {name} {text}"))  # noqa: S311
        if changed != text and changed.strip():
            pairs.append((text, changed))
    return pairs


def _mark_gender(text: str, mark: str) -> str:
    text = _PAIR.sub(lambda m: f"{m[1] or m[2]}{mark}innen", text)
    return _MARKED.sub(lambda m: f"{m[1]}{mark}innen", text)


def _like(model: str, word: str) -> str:
    """Return a word with a capital letter if the word that it replaces has one."""
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def _with_typos(text: str, number: int, random: Random) -> str:
    parts = _LONG_WORD.split(text)  # the words stand at the odd places
    words = range(1, len(parts), 2)
    if not words:
        return text
    enough = len(words) >= number
    for at in random.sample(words, number) if enough else [words[0]] * number:
        parts[at] = _misspell(parts[at], random)
    return "".join(parts)


def _misspell(word: str, random: Random) -> str:
    """Hit a neighbouring key, swap two letters, or drop one; the result differs from the word."""
    mistakes = [_neighbour, _transposed, _dropped]
    random.shuffle(mistakes)
    for mistake in mistakes:
        if (changed := mistake(word, random)) != word:
            return changed
    return word


def _neighbour(word: str, random: Random) -> str:
    at = random.randrange(1, len(word))
    near = neighbours(word[at].lower())
    return word[:at] + random.choice(near) + word[at + 1 :] if near else word


def _transposed(word: str, random: Random) -> str:
    at = random.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dropped(word: str, random: Random) -> str:
    at = random.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def neighbours(letter: str) -> str:
    """Return the letters on the keys around a small letter on a German keyboard (QWERTZ)."""
    for row, letters in enumerate(_ROWS):
        if letter in letters:
            at = letters.index(letter)
            beside = letters[max(at - 1, 0) : at] + letters[at + 1 : at + 2]
            above = _ROWS[row - 1][at : at + 2] if row else ""
            below = _ROWS[row + 1][max(at - 1, 0) : at + 1] if row + 1 < len(_ROWS) else ""
            return beside + above + below
    return ""
