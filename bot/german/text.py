"""Fold the many ways of writing the same German message into one.

Lower case, written-out umlauts, missing punctuation and the forms of gendering must make no
difference to what is understood.
"""

from __future__ import annotations

import re
import unicodedata

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_GENDER = re.compile(
    r"(?<=[a-zäöüß])(?:(?:[:*_·]innen|/-?innen|Innen)\b|\(innen\))|"
    r"(?<=[a-zäöüß])(?:(?:[:*_·]in|/-?in|In)\b|\(in\))"
)
_RULED_OUT = re.compile(
    r"\b(?:nicht|nich|net|kein(?:e[mnrs]?)?)\b(?!\s+(?:nur|allein|bloß))[^,;.!?]{1,60}[,;]?\s*sondern\b"
    r"|\blass(?:en|t)?(?:\s+(?:sie|wir))?\s+[^,;.!?]{1,40}?\s+weg\b",
    re.IGNORECASE,
)
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def clean(text: str) -> str:
    """Return the message as a person would see it: no control characters, single spaces.

    Letters are composed (NFC), so that „ä“ is one character however it was typed.
    """
    text = unicodedata.normalize("NFC", text)
    return " ".join(_CONTROL.sub(" ", text).split())


def ungender(text: str) -> str:
    """Write „Bürger:innen“, „Bürger*innen“, „Bürger/innen“, „BürgerInnen“ as „Bürgerinnen“."""
    return _GENDER.sub(lambda m: "innen" if "innen" in m.group().lower() else "in", text)


def focus(text: str) -> str:
    """Return the message without what it rules out in so many words.

    >>> focus("Lass Wettbewerbe weg, mir geht es nicht um Preise, sondern um die Kriterien.")
    ', mir geht es  um die Kriterien.'
    """
    return _RULED_OUT.sub("", text)


def fold(text: str) -> str:
    """Return the text in lower-case ASCII words, separated by single spaces.

    >>> fold("Für Bürger:innen & Vereine – geht das?")
    'fuer buergerinnen vereine geht das'
    """
    text = ungender(unicodedata.normalize("NFC", text)).lower().translate(_UMLAUTS)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub(" ", text).strip()
